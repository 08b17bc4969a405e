"""Tasks of SQL: scripts, dumps and uploads, on SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from project_folder import Folder

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.api import Pipeline
from soorgeon_clone.pipeline.declared.scaffold import create_missing
from soorgeon_clone.pipeline.declared.spec import load
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

pytest.importorskip("jinja2", reason="SQL scripts are templates of jinja2 (extra sql)")

CLEAN = """-- Without those that have no age.
DROP TABLE IF EXISTS {{product}};
CREATE TABLE {{product}} AS
SELECT * FROM people WHERE age > {{least}} AND name <> 'a;b';
"""
COUNT = """
DROP VIEW IF EXISTS {{product}};
CREATE VIEW {{product}} AS SELECT count(*) AS n FROM {{ upstream["clean"] }}
"""
DATABASE = "sqlite:///data.db"


@pytest.fixture
def pipeline(folder: Folder) -> Folder:
    """A table, a view and a dump of it."""
    folder.root.mkdir(exist_ok=True)
    execute(folder, "CREATE TABLE people (name TEXT, age INT)")
    execute(folder, "INSERT INTO people VALUES ('a;b', 9), ('ann', 3), ('bob', 5), ('cy', NULL)")
    folder.write("clean.sql", CLEAN)
    folder.write("count.sql", COUNT)
    folder.write("dump.sql", "SELECT * FROM {{upstream['count']}}")
    folder.declare(source="clean.sql", product=["clean_people", "table"], client=DATABASE, params={"least": 1})
    folder.declare(source="count.sql", product=["how_many", "view"], client=DATABASE)
    folder.declare(source="dump.sql", product="output/n.csv", client=DATABASE, chunksize=None)
    return folder


def execute(folder: Folder, sql: str, file: str = "data.db") -> list[Any]:
    connection = sqlite3.connect(folder.root / file)
    try:
        rows = connection.execute(sql).fetchall()
        connection.commit()
        return rows
    finally:
        connection.close()


def declared(folder: Folder, source: str, /, **changes: Any) -> None:
    (entry,) = [one for one in folder.entries if one["source"] == source]
    folder.declare(**{**entry, **changes})


def failed(folder: Folder) -> str:
    """What the build says of the task that fails, or why it does not begin."""
    try:
        (run,) = folder.build().failed
    except UserError as error:
        return str(error)
    return run.error or ""


def test_scripts_and_a_dump(pipeline: Folder) -> None:
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert execute(pipeline, "SELECT name FROM clean_people ORDER BY name") == [("ann",), ("bob",)]
    assert (pipeline.root / "output/n.csv").read_text() == '"n"\n"2"\n'
    assert pipeline.ran() == []
    assert pipeline.stale() == {}


def test_what_makes_them_stale(pipeline: Folder) -> None:
    pipeline.build()
    pipeline.write("clean.sql", CLEAN.replace("Without those", "But for those"))
    assert pipeline.stale() == {}
    pipeline.write("clean.sql", CLEAN.replace("<> 'a;b'", "<> '-- a'"))
    assert pipeline.stale()["clean"] == "CODE"
    pipeline.write("clean.sql", CLEAN)
    declared(pipeline, "clean.sql", params={"least": 4})
    assert pipeline.stale() == {"clean": "PARAMS", "count": "UPSTREAM_STALE", "dump": "UPSTREAM_STALE"}
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert (pipeline.root / "output/n.csv").read_text() == '"n"\n"1"\n'
    declared(pipeline, "count.sql", product=["counted", "view"])
    assert pipeline.stale()["count"] == "SETTINGS"


def test_what_is_in_the_database_counts(pipeline: Folder) -> None:
    pipeline.build()
    execute(pipeline, "DROP VIEW how_many")
    assert pipeline.stale()["count"] == "PRODUCT_MISSING"
    assert "it is not in its database" in str(pipeline.status()["count"].causes[0])
    assert pipeline.ran() == ["count", "dump"]
    (pipeline.root / "data.db").rename(pipeline.root / "moved.db")
    assert pipeline.stale()["clean"] == "PRODUCT_MISSING"
    assert not (pipeline.root / "data.db").exists()


def test_another_checkout_makes_the_same_relation(pipeline: Folder, tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{pipeline.root}/data.db"
    for entry in list(pipeline.entries):
        declared(pipeline, entry["source"], client=url)
    pipeline.build()
    other = Folder(tmp_path_factory.mktemp("other"))
    for name in ("clean.sql", "count.sql", "dump.sql"):
        other.write(name, (pipeline.root / name).read_text())
    for entry in pipeline.entries:
        other.declare(**{**entry, "params": {"least": 4}} if entry["source"] == "clean.sql" else entry)
    assert other.ran() == ["clean", "count", "dump"]
    assert "another run made" in str(pipeline.status()["clean"].causes[0])
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert execute(pipeline, "SELECT count(*) FROM clean_people") == [(2,)]


def test_no_cache_brings_a_relation_back(pipeline: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    for least, expected in ((1, 2), (4, 1), (1, 2)):
        declared(pipeline, "clean.sql", params={"least": least})
        assert pipeline.results()["clean"] == "ran"
        assert execute(pipeline, "SELECT n FROM how_many") == [(expected,)]


def test_a_script_that_fails_changes_nothing(pipeline: Folder) -> None:
    pipeline.build()
    pipeline.write("clean.sql", CLEAN + "SELECT * FROM nowhere;")
    said = failed(pipeline)
    assert "clean.sql" in said and "no such table: nowhere" in said and "Traceback" not in said
    assert execute(pipeline, "SELECT count(*) FROM clean_people") == [(2,)]
    pipeline.write("clean.sql", CLEAN)
    assert pipeline.stale() == {}


def test_a_build_that_is_killed_after_the_database_took_it(pipeline: Folder) -> None:
    pipeline.write("end.py", "import os, signal\ndef end():\n    os.kill(os.getpid(), signal.SIGKILL)\n")
    pipeline.build()
    declared(pipeline, "clean.sql", on_finish="end.end", params={"least": 4})
    assert pipeline.build().failed
    declared(pipeline, "clean.sql", params={"least": 1}, on_finish=None)
    assert "another run made" in str(pipeline.status()["clean"].causes[0])
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert execute(pipeline, "SELECT count(*) FROM clean_people") == [(2,)]


def test_a_script_that_makes_nothing(pipeline: Folder) -> None:
    pipeline.write("clean.sql", "CREATE TABLE other AS SELECT {{least}} AS x")
    said = failed(pipeline)
    assert "clean.sql: it ran to its end, and there is no table clean_people" in said
    assert "CREATE TABLE {{product}} AS" in said
    assert execute(pipeline, "SELECT name FROM sqlite_master WHERE name = 'other'") == []


def test_a_script_with_steps_of_its_own(pipeline: Folder) -> None:
    pipeline.write("clean.sql", "PRAGMA user_version = 7;\nBEGIN;\n" + CLEAN + "COMMIT;")
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert execute(pipeline, "PRAGMA user_version") == [(7,)]
    assert pipeline.ran() == []


def test_clients(pipeline: Folder) -> None:
    pipeline.write(
        "clients.py",
        """
        import sqlite3

        def url():
            return "sqlite:///data.db"

        def connection(file):
            return sqlite3.connect(file)

        def nothing():
            return 3

        def wrong():
            import ploomber
        """,
    )
    for entry in list(pipeline.entries):
        declared(pipeline, entry["source"], client=None)
    declared(pipeline, "dump.sql", client={"dotted_path": "clients.connection", "file": "data.db"})
    text = '{"clients": {"SQLScript": "clients.url"}, "tasks": '
    spec = pipeline.root / "pipeline.yaml"
    spec.write_text(spec.read_text().replace('{"tasks": ', text))
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert pipeline.ran() == []
    spec.write_text(spec.read_text().replace("clients.url", "clients.nothing"))
    assert "pipeline.yaml, line 1: the client clients.nothing returned int" in failed(pipeline)
    if not _has_ploomber():
        spec.write_text(spec.read_text().replace("clients.nothing", "clients.wrong"))
        assert "imports Ploomber, which is not installed" in failed(pipeline)
    spec.write_text(
        spec.read_text().replace("clients.wrong", "clients.gone").replace("clients.nothing", "clients.gone")
    )
    assert "there is no function gone in" in failed(pipeline)


def _has_ploomber() -> bool:
    from importlib.util import find_spec

    return find_spec("ploomber") is not None


def test_an_engine_of_sqlalchemy(pipeline: Folder) -> None:
    pytest.importorskip("sqlalchemy", reason="a client may be an engine of SQLAlchemy (extra sql)")
    pipeline.write(
        "clients.py", "import sqlalchemy\ndef get():\n    return sqlalchemy.create_engine('sqlite:///data.db')\n"
    )
    for entry in list(pipeline.entries):
        declared(pipeline, entry["source"], client="clients.get")
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert pipeline.ran() == []
    execute(pipeline, "DROP TABLE clean_people")
    assert pipeline.stale()["clean"] == "PRODUCT_MISSING"


def test_the_embedded_database(folder: Folder) -> None:
    folder.write("one.sql", "CREATE TABLE {{product}} AS SELECT 1 AS x")
    folder.write("two.sql", "SELECT x + 1 AS y FROM {{upstream.one}}")
    folder.declare(source="one.sql", product=["main", "one", "table"])
    folder.declare(source="two.sql", product="two.csv", chunksize=None)
    assert folder.ran() == ["one", "two"]
    assert (folder.root / "two.csv").read_text() == '"y"\n"2"\n'
    assert execute(folder, "SELECT x FROM main.one", "pipeline.db") == [(1,)]
    assert folder.ran() == []


def test_a_password_in_the_environment(pipeline: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE", "sqlite:///data.db")
    for entry in list(pipeline.entries):
        declared(pipeline, entry["source"], client="{{env.DATABASE}}")
    with Project(pipeline.root) as project:
        assert build(project).ok  # processes that were started before have another environment
    assert pipeline.ran() == []
    hidden = [path.read_bytes() for path in (pipeline.root / ".soorgeon-clone").rglob("*") if path.is_file()]
    assert not any(b"sqlite:///data.db" in one for one in hidden)


def test_a_database_in_memory(pipeline: Folder) -> None:
    declared(pipeline, "clean.sql", client="sqlite://")
    assert "its database is in memory" in failed(pipeline)


def test_chunks(pipeline: Folder) -> None:
    pipeline.write("dump.sql", "SELECT name, age FROM people ORDER BY name -- {{upstream['count']}}")
    declared(pipeline, "dump.sql", product="output/people", chunksize=3)
    assert pipeline.ran() == ["clean", "count", "dump"]
    names = sorted(path.name for path in (pipeline.root / "output/people").iterdir())
    assert names == ["0.csv", "1.csv"]
    assert (pipeline.root / "output/people/1.csv").read_text() == '"name","age"\n"cy",""\n'
    assert pipeline.ran() == []


def test_parquet(pipeline: Folder) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="dumps to Parquet need pyarrow")
    declared(pipeline, "dump.sql", product="output/n.parquet", chunksize=5)
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert parquet.read_table(pipeline.root / "output/n.parquet/0.parquet").to_pydict() == {"n": [2]}
    declared(pipeline, "dump.sql", product="output/n.parquet", chunksize=None)
    assert pipeline.ran() == ["dump"]
    assert parquet.read_table(pipeline.root / "output/n.parquet").to_pydict() == {"n": [2]}


def test_an_upload(folder: Folder) -> None:
    pytest.importorskip("pandas", reason="uploads need pandas")
    folder.write("make.sh", "printf 'a,b\\n1,x\\n2,y\\n' > {{product}}\n")
    folder.declare(source="make.sh", product="data/raw.csv")
    folder.declare(
        source="data/raw.csv", name="up", product=["raw", "table"], upstream="make", **{"class": "SQLUpload"}
    )
    folder.write("sum.sql", "SELECT sum(a) AS s FROM {{upstream['up']}}")
    folder.declare(source="sum.sql", product="sum.csv", chunksize=None)
    assert folder.ran() == ["make", "up", "sum"]
    assert (folder.root / "sum.csv").read_text() == '"s"\n"3"\n'
    assert folder.ran() == []
    folder.write("make.sh", "printf 'a,b\\n1,x\\n5,y\\n' > {{product}}\n")
    assert folder.ran() == ["make", "up", "sum"]
    assert (folder.root / "sum.csv").read_text() == '"s"\n"6"\n'
    folder.write("mine.csv", "a\n7\n")
    folder.declare(source="mine.csv", name="mine", product=["mine", "table"], **{"class": "SQLUpload"})
    assert folder.ran() == ["mine"]
    folder.write("mine.csv", "a\n8\n")
    assert folder.stale() == {"mine": "INPUT"}
    assert folder.ran() == ["mine"]
    assert execute(folder, "SELECT a FROM mine", "pipeline.db") == [(8,)]


def test_macros(pipeline: Folder) -> None:
    pipeline.write("sql/macros.sql", "{% macro more(column, than) -%}{{column}} > {{than}}{%- endmacro %}")
    pipeline.write(
        "clean.sql", '{% import "macros.sql" as m %}\n' + CLEAN.replace("age > {{least}}", "{{m.more('age', least)}}")
    )
    spec = pipeline.root / "pipeline.yaml"
    assert "there is no template macros.sql" in failed(pipeline)
    spec.write_text(spec.read_text().replace('{"tasks"', '{"meta": {"source_loader": {"path": "sql"}}, "tasks"'))
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert pipeline.ran() == []
    pipeline.write("sql/macros.sql", "{% macro more(column, than) -%}{{column}} >= {{than}} + 4{%- endmacro %}")
    assert pipeline.stale()["clean"] == "INPUT"
    assert pipeline.ran() == ["clean", "count", "dump"]
    assert execute(pipeline, "SELECT name FROM clean_people") == [("bob",)]
    pipeline.write("sql/macros.sql", "{% macro more(column, than) -%}\n{{gone.x}}{%- endmacro %}")
    assert "sql/macros.sql, line 2: 'gone' is undefined" in failed(pipeline)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CREATE TABLE {{product}} AS\nSELECT {{most}}", "line 2: {{most}} has no value"),
        ("SELECT 1\n{% if %}", "clean.sql, line 2: "),
        ("{{upstream['nobody']}}", "upstream 'nobody'"),
        ("CREATE TABLE {{product}} AS\nSELECT {{least.much}}", "clean.sql, line 2: 'int object' has no attribute"),
    ],
)
def test_placeholders_without_value(pipeline: Folder, text: str, said: str) -> None:
    pipeline.write("clean.sql", text)
    assert said in failed(pipeline)
    assert execute(pipeline, "SELECT name FROM sqlite_master WHERE name LIKE 'clean%'") == []


def test_optional_params(pipeline: Folder) -> None:
    pipeline.write(
        "clean.sql", "CREATE TABLE {{product}} AS SELECT {{least}} AS x{% if extra is defined %}, 2{% endif %}"
    )
    assert pipeline.ran() == ["clean", "count", "dump"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"product": ["a", "chair"]}, "the kind of a relation is table or view, not 'chair'"),
        ({"product": ["a; DROP TABLE b", "table"]}, "quote it as its database does"),
        ({"product": ["a"]}, "expected [name, kind] or [schema, name, kind]"),
        ({"product": "a.csv", "class": "SQLScript"}, "the product of a SQLScript is a relation, not a file"),
        ({"product": ["a", "table"], "class": "SQLDump"}, "the product of a SQLDump is a file, not a relation"),
        ({"product": ["a", "table"], "client": "nowhere"}, "'nowhere' is no client"),
        ({"product": ["a", "table"], "product_class": "Chair"}, "'Chair' is no class of relations"),
        ({"product": ["a", "table"], "chunksize": 3}, "only SQLDump and SQLUpload take 'chunksize'"),
        ({"product": ["a", "table"], "to_sql_kwargs": {}}, "only SQLUpload takes 'to_sql_kwargs'"),
        ({"product": {"a": "x.csv"}}, "a dump makes one file"),
    ],
)
def test_what_is_wrong_in_pipeline_yaml(folder: Folder, entry: dict[str, Any], said: str) -> None:
    folder.write("x.sql", "SELECT 1")
    folder.declare(source="x.sql", **entry)
    with pytest.raises(UserError) as caught:
        folder.build()
    assert said in str(caught.value) and "pipeline.yaml, line 1" in str(caught.value)


def test_two_tasks_make_one_relation(pipeline: Folder) -> None:
    declared(pipeline, "count.sql", product=["clean_people", "table"])
    with pytest.raises(UserError, match="make one relation, clean_people"):
        pipeline.build()


def test_a_relation_in_a_script_and_in_hooks(pipeline: Folder) -> None:
    pipeline.script("read", 'import sqlite3\nprint(upstream["clean"])', upstream=("clean",))
    pipeline.declare(source="tasks/read.py", product={"nb": "output/read.ipynb"})
    pipeline.write(
        "hooks.py",
        """
        def check(client, product, task):
            assert client.execute(f"SELECT count(*) FROM {product}").fetchone() == (2,)
            assert (product.name, product.schema, product.kind) == ("clean_people", None, "table")
            assert task.product == "clean_people"
        """,
    )
    declared(pipeline, "clean.sql", on_finish="hooks.check")
    assert pipeline.ran() == ["clean", "count", "dump", "read"]
    assert "clean_people" in pipeline.outputs("output/read.ipynb")


def test_what_is_secret_is_not_shown(pipeline: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hush")
    pipeline.write("clean.sql", "SELECT '{{least}}' FROM nowhere")
    declared(pipeline, "clean.sql", params={"least": "{{env.SECRET}}"})
    said = failed(pipeline)
    assert "no such table: nowhere" in said and "hush" not in said
    declared(pipeline, "clean.sql", params={"least": 3})
    assert "SELECT '3' FROM nowhere" in failed(pipeline)


def test_scaffold(folder: Folder) -> None:
    folder.declare(source="sql/a.sql", product=["a", "view"])
    folder.declare(source="sql/b.sql", product="b.csv", chunksize=None)
    create_missing(load(folder.root / "pipeline.yaml"))
    assert folder.ran() == ["a", "b"]
    assert (folder.root / "b.csv").read_text() == '"x"\n"1"\n'


def test_quoted_names(folder: Folder) -> None:
    folder.write("a.sql", "CREATE TABLE {{product}} AS SELECT 1 AS x")
    folder.declare(source="a.sql", product=["main", '"a b"', "table"])
    assert folder.ran() == ["a"]
    assert folder.ran() == []


def test_grids(pipeline: Folder) -> None:
    pipeline.entries.clear()
    entry = {"source": "clean.sql", "name": "clean-[[least]]", "client": DATABASE, "grid": {"least": [1, 4]}}
    pipeline.declare(**entry, product=["p[[least]]", "table"])
    assert pipeline.ran() == ["clean-1", "clean-4"]
    assert execute(pipeline, "SELECT count(*) FROM p4") == [(1,)]
    pipeline.declare(**entry, product=["p", "table"])
    with pytest.raises(UserError, match="needs a relation of its own"):
        pipeline.build()


def test_products_in_sources(folder: Folder) -> None:
    folder.write("a.sql", "{% set product = SQLRelation(['a', 'table']) %}\nCREATE TABLE {{product}} AS SELECT 1 AS x")
    folder.write("b.sql", "{% set product = File('b.csv') %}\nSELECT x FROM {{upstream['a']}}")
    folder.write("pipeline.yaml", "meta: {extract_product: true}\ntasks: [{source: a.sql}, {source: b.sql}]\n")
    assert folder.ran() == ["a", "b"]
    assert (folder.root / "b.csv").read_text() == '"x"\n"1"\n'


def test_from_python(pipeline: Folder) -> None:
    pandas = pytest.importorskip("pandas", reason="relations are loaded as frames")
    pipeline.build()
    dag = Pipeline(pipeline.root / "pipeline.yaml")
    assert dag["clean"].product == "clean_people"
    pandas.testing.assert_frame_equal(dag["count"].load(), pandas.DataFrame({"n": [2]}))
    assert "SELECT * FROM people WHERE age > 1" in dag["clean"].source


def test_duckdb(folder: Folder) -> None:
    pytest.importorskip("duckdb", reason="duckdb:///FILE needs duckdb")
    folder.write("one.sql", "CREATE OR REPLACE TABLE {{product}} AS SELECT 1 AS x; SELECT 2;")
    folder.write("two.sql", "SELECT x + 1 AS y FROM {{upstream['one']}}")
    folder.declare(source="one.sql", product=["one", "table"], client="duckdb:///data.duckdb")
    folder.declare(source="two.sql", product="two.csv", chunksize=None, client="duckdb:///data.duckdb")
    assert folder.ran() == ["one", "two"]
    assert (folder.root / "two.csv").read_text() == '"y"\n"2"\n'
    assert folder.ran() == []
    folder.write("one.sql", "CREATE OR REPLACE TABLE {{product}} AS SELECT 5 AS x; SELECT * FROM nowhere;")
    assert "nowhere" in failed(folder)
    folder.write("one.sql", "CREATE OR REPLACE TABLE {{product}} AS SELECT 1 AS x; SELECT 2;")
    assert folder.ran() == []
