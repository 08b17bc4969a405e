"""Small pipelines, built by Ploomber and by us: what they leave in files is the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from ploomber_beside import ploomber

pytestmark = pytest.mark.long
__all__ = ["ploomber"]  # a fixture

HEAD = '# %% tags=["parameters"]\nupstream = {upstream}\nproduct = None\n\n# %%\n'
NOTE = "def note(*values):\n    with open('notes.txt', 'a') as file:\n        print(*values, file=file)\n\n\n"


def script(code: str, *upstream: str) -> str:
    return HEAD.format(upstream=list(upstream) or None) + code + "\n"


def entry(name: str, *products: str, **more: object) -> dict[str, object]:
    return {
        "source": f"{name}.py",
        "product": {"nb": f"out/{name}.ipynb", **{one.partition(".")[0]: f"out/{one}" for one in products}},
        **more,
    }


# name -> (files, pipeline.yaml, number of builds with --force); what is compared is every text file below the folder
CASES: dict[str, tuple[Mapping[str, str], object, int]] = {
    "a task appends to its former product": (
        {"a.py": script("with open(product['log'], 'a') as file:\n    file.write('line\\n')")},
        [entry("a", "log.txt")],
        3,
    ),
    "a task reads its former product": (
        {
            "a.py": script(
                "from pathlib import Path\npath = Path(product['n'])\n"
                "n = int(path.read_text()) + 1 if path.exists() else 0\npath.write_text(str(n))"
            )
        },
        [entry("a", "n.txt")],
        3,
    ),
    "a task changes its folder": (
        {"a.py": script("import os\nos.chdir('/')\nopen(product['x'], 'w').write('here')")},
        [entry("a", "x.txt")],
        1,
    ),
    "a task runs in its own folder": (
        {
            "sub/a.py": script(
                "import os\nfrom beside import X\nopen('here.txt', 'w').write(os.path.basename(os.getcwd()))\n"
                "open(product['x'], 'w').write(f'{X} {open(\"in.txt\").read()}')"
            ),
            "sub/beside.py": "X = 3\n",
            "sub/in.txt": "4",
            "b.py": script("open(product['y'], 'w').write(open(upstream['a']['x']).read())", "a"),
        },
        [{**entry("a", "x.txt"), "source": "sub/a.py", "local_execution": True}, entry("b", "y.txt")],
        1,
    ),
    "hooks of a task": (
        {
            "a.py": script("open(product['x'], 'w').write('1')"),
            "b.py": script("open(product['x'], 'w').write(open(upstream['a']['x']).read())", "a"),
            "hooks.py": NOTE + "from pathlib import Path\n\n"
            "def done(task, product, params, client):\n"
            "    note(task.name, client, Path(product['x']).name, Path(str(params['product']['x'])).name)\n"
            "    note(params['n'])\n"
            "    note(Path(str(task.upstream['a'].product['x'])).name, Path(product['nb']).exists())\n",
        },
        [entry("a", "x.txt"), entry("b", "x2.txt", params={"n": 3}, on_finish="hooks.done") | {
            "product": {"nb": "out/b.ipynb", "x": "out/bx.txt"}}],
        1,
    ),
    "hooks of the pipeline": (
        {
            "a.py": script("open(product['x'], 'w').write('1')"),
            "hooks.py": NOTE + "from pathlib import Path\n\n"
            "def done(report, dag):\n    note(list(report['name']), list(report['Ran?']), list(dag))\n"
            "    note(Path(str(dag['a'].product['x'])).name)\n",
        },
        {"on_finish": "hooks.done", "tasks": [entry("a", "x.txt")]},
        1,
    ),
    "a grid and a wildcard": (
        {
            "fit.py": HEAD.format(upstream=None).replace("product = None", "product = None\nn = 0")
            + "open(product['x'], 'w').write(str(n * n))\n",
            "last.py": script("open(product['x'], 'w').write('|'.join(sorted(open(one['x']).read() "
                              "for one in upstream['fit-*'].values())))", "fit-*"),
        },
        [
            {"source": "fit.py", "name": "fit-", "product": {"nb": "out/fit.ipynb", "x": "out/fit.txt"},
             "grid": {"n": [2, 3]}},
            entry("last", "x.txt"),
        ],
        1,
    ),
    "functions with a serializer": (
        {
            "tasks.py": "import json\n\n"
            "def save(value, product):\n    open(str(product), 'w').write(json.dumps(value))\n"
            "\ndef load(product):\n    return json.loads(open(str(product)).read())\n\n"
            "def first():\n    return [1, 2]\n\n\ndef second(upstream):\n    return sum(upstream['first'])\n",
        },
        {
            "serializer": "tasks.save",
            "unserializer": "tasks.load",
            "tasks": [
                {"source": "tasks.first", "product": "out/first.json"},
                {"source": "tasks.second", "product": "out/second.json"},
            ],
        },
        1,
    ),
    "an early stop": (
        {
            "a.py": script("open(product['x'], 'w').write('1')"),
            "hooks.py": "from ploomber.exceptions import DAGBuildEarlyStop\n\n"
            "def stop():\n    raise DAGBuildEarlyStop('nothing new')\n",
        },
        {"on_finish": "hooks.stop", "tasks": [entry("a", "x.txt")]},
        1,
    ),
    "an early stop by a task": (
        {
            "tasks.py": "from ploomber.exceptions import DAGBuildEarlyStop\n\n"
            "def a(product):\n    open(str(product), 'w').write('1')\n\n"
            "def b(product, upstream):\n    upstream['a']\n    raise DAGBuildEarlyStop('nothing new')\n\n"
            "def c(product, upstream):\n    upstream['b']\n    open(str(product), 'w').write('3')\n",
        },
        {"executor": "serial", "tasks": [{"source": f"tasks.{one}", "product": f"out/{one}.txt"} for one in "abc"]},
        1,
    ),
    "SQL": (
        {
            "db.py": "import sqlite3\nfrom ploomber.clients import SQLAlchemyClient\n\n"
            "def get():\n    with sqlite3.connect('data.db') as made:\n"
            "        made.execute('CREATE TABLE IF NOT EXISTS people AS SELECT 1 AS id, 30 AS age UNION SELECT 2, 7')\n"
            "    return SQLAlchemyClient('sqlite:///data.db')\n",
            "old.sql": "-- who is old\n"
            "DROP TABLE IF EXISTS {{product}};\nCREATE TABLE {{product}} AS\n"
            "SELECT * FROM people WHERE age > {{least}}{% if more %} OR id = 2{% endif %};",
            "dump.sql": "{% set columns = ['id', 'age'] %}"
            "SELECT {{columns|join(', ')}} FROM {{upstream['old']}} ORDER BY id",
            "all.sql": "SELECT 'a''b' AS t, 1.5 AS x, NULL AS n, id FROM people ORDER BY id",
            "table.csv": "a,b\n1,x\n2,y\n",
            "back.sql": "SELECT a, b FROM {{upstream['up']}} ORDER BY a",
            "hooks.py": NOTE + "def done(client, product):\n"
            "    cursor = client.connection.cursor()\n    cursor.execute(f'SELECT count(*) FROM {product}')\n"
            "    note(str(product), product.name, product.schema, product.kind, cursor.fetchone()[0])\n",
            "read.py": script("open(product['x'], 'w').write(str(upstream['old']))", "old"),
        },
        {
            "clients": dict.fromkeys(("SQLScript", "SQLDump", "SQLUpload", "SQLiteRelation"), "db.get"),
            "executor": "serial",
            "tasks": [
                {"source": "old.sql", "product": ["old_people", "table"], "params": {"least": 10, "more": False},
                 "on_finish": "hooks.done"},
                {"source": "dump.sql", "product": "out/dump.txt", "class": "SQLDump", "chunksize": None},
                {"source": "all.sql", "product": "out/chunks", "class": "SQLDump", "chunksize": 1, "client": "db.get"},
                {"source": "table.csv", "name": "up", "class": "SQLUpload", "product": ["up", "table"],
                 "product_class": "SQLiteRelation",
                 "to_sql_kwargs": {"if_exists": "replace", "index": False}},
                {"source": "back.sql", "product": "out/back.txt", "class": "SQLDump", "chunksize": None},
                entry("read", "x.txt"),
            ],
        },
        2,
    ),
    "SQL with macros, views and clients of their own": (
        {
            "db.py": "import sqlite3\nfrom ploomber.clients import DBAPIClient, SQLAlchemyClient\n\n"
            "def get(database):\n    return DBAPIClient(sqlite3.connect, dict(database=database))\n\n"
            "def engine(database):\n    return SQLAlchemyClient('sqlite:///' + database)\n",
            "sql/macros.sql": "{% macro above(least, name='n') -%}\n{{name}} > {{least}}\n{%- endmacro %}\n",
            "sql/numbers.sql": "DROP TABLE IF EXISTS {{product}};\nCREATE TABLE {{product}} AS "
            "{% for n in numbers %}SELECT {{n}} AS n{% if not loop.last %} UNION {% endif %}{% endfor %};",
            "sql/great_numbers.sql": "{% import 'macros.sql' as m %}DROP VIEW IF EXISTS {{product}};\n"
            "CREATE VIEW {{product}} AS SELECT * FROM {{upstream['numbers']}} WHERE {{m.above(least)}};",
            "sql/parts.sql": "SELECT n, n * 1.5 AS x, 'a' AS t FROM {{upstream['great_numbers']}} ORDER BY n",
            "sql/read.py": script(
                "import pandas as pd\nframe = pd.concat([pd.read_parquet(f'{upstream[\"parts\"]}/{n}.parquet') "
                "for n in range(2)])\nopen(product['x'], 'w').write(frame.to_csv(index=False))", "parts"
            ),
        },
        {
            "meta": {"source_loader": {"path": "sql"}, "product_default_class": {"SQLScript": "SQLiteRelation"}},
            "clients": {"SQLScript": {"dotted_path": "db.engine", "database": "data.db"},
                        "SQLiteRelation": {"dotted_path": "db.engine", "database": "data.db"}},
            "executor": "serial",
            "tasks": [
                {"source": "numbers.sql", "product": ["numbers", "table"], "params": {"numbers": [1, 2, 3, 4]}},
                {"source": "great_numbers.sql", "product": ["great_numbers", "view"], "params": {"least": 1}},
                {"source": "parts.sql", "product": "out/parts.parquet", "class": "SQLDump", "chunksize": 2,
                 "client": {"dotted_path": "db.get", "database": "data.db"}},
                entry("read", "x.txt"),
            ],
        },
        2,
    ),
    "grids of several mappings, with expressions": (
        {
            "fit.py": HEAD.format(upstream=None)
            + "open(product['x'], 'w').write(product['x'].rpartition('/')[2])\n",
        },
        [
            {"source": "fit.py", "name": "fit-[[kind | upper]]-[[depth]][[rate]]", "static_analysis": "disable",
             "product": {"nb": "out/[[kind]]-[[depth]][[rate]].ipynb", "x": "out/[[kind]]-[[depth]][[rate]].txt"},
             "grid": [{"kind": ["tree"], "depth": [1, 2]}, {"kind": ["boost"], "rate": [0.5]}]},
        ],
        1,
    ),
    "placeholders that are expressions": (
        {
            "env.yaml": "n: 3\nname: ada\npaths: {out: out}\nnames: [x, y]\nmeta: {import_from: more.yaml}\n",
            "more.yaml": "other: 5\n",
            "tasks.py": "def a(product, more, which, last, other):\n"
            "    open(str(product), 'w').write(repr((more, which, last, other)))\n",
        },
        [
            {"source": "tasks.a", "product": "{{paths.out}}/{{name | capitalize}}.txt",
             "params": {"more": "{{n + 1}}", "which": "{{'big' if n > 2 else 'small'}}", "last": "{{names[-1]}}",
                        "other": "{{other}}"}},
        ],
        1,
    ),
    "serializers get all products at once": (
        {
            "tasks.py": "from pathlib import Path\n\n"
            "def save(value, product, ending=''):\n"
            "    for key in value:\n        Path(str(product[key])).write_text(value[key] + ending)\n\n"
            "def load(product):\n    return '+'.join(Path(str(product[key])).read_text() for key in ('a', 'b'))\n\n"
            "def first():\n    return {'a': '1', 'b': '2'}\n\n"
            "def second(product, upstream):\n    Path(str(product)).write_text(upstream['first'])\n",
        },
        {
            "unserializer": "tasks.load",
            "tasks": [
                {"source": "tasks.first", "product": {"a": "out/a.txt", "b": "out/b.txt"},
                 "serializer": {"dotted_path": "tasks.save", "ending": "!"}},
                {"source": "tasks.second", "product": "out/second.txt"},
            ],
        },
        1,
    ),
    "serializers of ploomber.io that unpack": (
        {
            "tasks.py": "from ploomber.io import serializer, unserializer\n\n"
            "@serializer(fallback=True, defaults=['.txt', '.json'], unpack=True)\ndef save(obj, product):\n    pass\n\n"
            "@unserializer(fallback=True, defaults=['.txt', '.json'], unpack=True)\ndef load(product):\n    pass\n\n"
            "def first():\n    return {'one': 1, 'many': {'x.txt': 'x', 'y.txt': 'y'}}\n\n"
            "def second(upstream):\n    return repr(sorted(upstream['first']['many'].items()))\n",
        },
        {
            "serializer": "tasks.save",
            "unserializer": "tasks.load",
            "tasks": [
                {"source": "tasks.first", "product": {"one": "out/one.json", "many": "out/chunks"}},
                {"source": "tasks.second", "product": "out/second.txt"},
            ],
        },
        2,
    ),
    "names with slashes": (
        {"a.py": script("open(product['x'], 'w').write('1')"),
         "b.py": script("open(product['x'], 'w').write(open(upstream['raw/a']['x']).read())", "raw/a")},
        [entry("a", "x.txt") | {"name": "raw/a"}, entry("b") | {
            "name": "fit/b", "product": {"nb": "out/b.ipynb", "x": "out/bx.txt"}}],
        1,
    ),
    "a factory": (
        {
            "tasks.py": "from pathlib import Path\n\n"
            "def a(product, n):\n    Path(str(product)).write_text(str(n))\n\n"
            "def b(product, upstream):\n    Path(str(product)).write_text(Path(str(upstream['a'])).read_text() * 2)\n",
            "factory.py": "from pathlib import Path\n\nimport tasks\n"
            "from ploomber import DAG\nfrom ploomber.products import File\n"
            "from ploomber.tasks import NotebookRunner, PythonCallable\n\n"
            "def make():\n    dag = DAG()\n"
            "    Path('out').mkdir(exist_ok=True)\n"
            "    first = PythonCallable(tasks.a, File('out/a.txt'), dag, name='a', params={'n': 4})\n"
            "    second = PythonCallable(tasks.b, File('out/b.txt'), dag, name='b')\n"
            "    products = {'nb': File('out/c.ipynb'), 'x': File('out/c.txt')}\n"
            "    last = NotebookRunner(Path('c.py'), products, dag, name='c')\n"
            "    first >> second >> last\n    return dag\n",
            "c.py": script("open(product['x'], 'w').write(open(upstream['b']).read())"),
        },
        {"location": "factory.make"},
        2,
    ),
    "a factory with a link": (
        {
            "in.txt": "given",
            "tasks.py": "def b(product, upstream):\n"
            "    open(str(product), 'w').write(open(str(upstream['link'])).read() * 2)\n",
            "factory.py": "from pathlib import Path\n\nimport tasks\nfrom ploomber import DAG\n"
            "from ploomber.products import File\nfrom ploomber.tasks import Link, PythonCallable, ShellScript\n\n"
            "def make():\n    dag = DAG()\n    Path('out').mkdir(exist_ok=True)\n"
            "    link = Link(File('in.txt'), dag, name='link')\n"
            "    b = PythonCallable(tasks.b, File('out/b.txt'), dag, name='b')\n"
            "    c = ShellScript(Path('c.sh'), File('out/c.txt'), dag, name='c')\n    link >> b >> c\n    return dag\n",
            "c.sh": "cat {{upstream['b']}} > {{product}}\n",
        },
        {"location": "factory.make"},
        1,
    ),
    "a client for files": (
        {
            "tasks.py": "def a(product):\n    open(str(product), 'w').write('1')\n",
            "clients.py": "from ploomber.clients import LocalStorageClient\n\n"
            "def get():\n    return LocalStorageClient('backup')\n",
        },
        {"clients": {"File": "clients.get"}, "tasks": [{"source": "tasks.a", "product": "out/a.txt"}]},
        1,
    ),
    "products outside of the folder": (
        {"tasks.py": "def a(product):\n    open(str(product), 'w').write('1')\n"},
        [{"source": "tasks.a", "product": "../elsewhere-{{cwd.split('/')[-1]}}/a.txt"}],
        1,
    ),
    "a grid whose values a function computes": (
        {
            "values.py": "def some(n):\n    return list(range(n))\n",
            "fit.py": HEAD.format(upstream=None).replace("product = None", "product = None\nk = 0")
            + "open(product['x'], 'w').write(str(k))\n",
        },
        [
            {"source": "fit.py", "name": "fit-[[k]]", "product": {"nb": "out/[[k]].ipynb", "x": "out/[[k]].txt"},
             "grid": {"k": {"dotted_path": "values::some", "n": 2}}},
        ],
        1,
    ),
    "params that functions compute": (
        {
            "values.py": "def five():\n    return 5\n\ndef double(x):\n    return x * 2\n",
            "tasks.py": "def a(product, n, m):\n    open(str(product), 'w').write(f'{n} {m}')\n",
        },
        [{"source": "tasks.a", "product": "out/a.txt",
          "params": {"n": "values::five", "m": {"dotted_path": "values::double", "x": 4}}}],
        1,
    ),
    "paths that a task sees are final": (
        {"a.py": script("import os\nopen(product['x'], 'w').write(os.path.relpath(product['x']))"),
         "tasks.py": "from os.path import relpath\n\ndef b(product, upstream):\n"
         "    open(str(product), 'w').write(relpath(str(product)) + relpath(str(upstream['a']['x'])))\n"},
        [entry("a", "x.txt"), {"source": "tasks.b", "product": "out/b.txt"}],
        1,
    ),
    "a file of a task that is no upstream, one after the other": (
        {"a.py": script("open(product['x'], 'w').write('1')"),
         "b.py": script("open(product['y'], 'w').write(open('out/x.txt').read() + '2')")},
        {"executor": "serial", "tasks": [entry("a", "x.txt"), entry("b", "y.txt")]},
        1,
    ),
    "now is one moment": (
        {"tasks.py": "def a(product, n):\n    open(str(product), 'w').write(n)\n\n"
         "def b(product, n, upstream):\n    same = open(str(upstream['a'])).read() == n\n"
         "    open(str(product), 'w').write(str(same))\n"},
        [{"source": "tasks.a", "product": "out/a.log", "params": {"n": "{{now}}"}},
         {"source": "tasks.b", "product": "out/b.txt", "params": {"n": "{{now}}"}}],
        1,
    ),
    "a shell script": (
        {"a.py": script("open(product['x'], 'w').write('1')"),
         "b.sh": "cat {{upstream['a']['x']}} > {{product}}\necho {{word}} >> {{product}}\n",
         "c.sh": "cat {{upstream['b']}} > {{product['one']}}\ncp {{product['one']}} {{product['two']}}\n"},
        [entry("a", "x.txt"), {"source": "b.sh", "product": "out/b.txt", "params": {"word": "hello"}},
         {"source": "c.sh", "product": {"one": "out/one.txt", "two": "out/two.txt"}}],
        1,
    ),
    "a shell script that is a template": (
        {"a.py": script("open(product['x'], 'w').write('1')"), "in.txt": "in\n",
         "b.sh": "cat {{upstream.a.x}} {{resources_['file']}} > {{product}}\n{# no comment of bash's #}\n"
         "{% for word in words if word != 'x' %}\necho {{word | upper}} {{loop.index}} >> {{product}}\n{% endfor %}\n"
         "echo {{deep.n + 1}} {{words[-1]}} {{words}} >> {{product}}\n"},
        [entry("a", "x.txt"), {"source": "b.sh", "product": "out/b.txt",
         "params": {"words": ["hello", "x", "you"], "deep": {"n": 1}, "resources_": {"file": "in.txt"}}}],
        1,
    ),
    "R": (
        {"a.R": "# %% tags=[\"parameters\"]\nupstream = NULL\nproduct = NULL\n\n# %%\n"
         "writeLines(as.character(6 * 7), product[['x']])\n",
         "b.py": script("open(product['x'], 'w').write(open(upstream['a']['x']).read())", "a")},
        [{"source": "a.R", "product": {"nb": "out/a.ipynb", "x": "out/x.txt"}, "kernelspec_name": "ir"},
         entry("b") | {"product": {"nb": "out/b.ipynb", "x": "out/bx.txt"}}],
        1,
    ),
    "a script without a notebook": (
        {"a.py": script("open(product['x'], 'w').write('1')")},
        [{"source": "a.py", "class": "ScriptRunner", "product": {"x": "out/x.txt"}}],
        1,
    ),
    "several notebooks of one script": (
        {"a.py": script("print(6 * 7)")},
        [{"source": "a.py", "nb_product_key": ["n", "t"], "nbconvert_exporter_name": {"t": "asciidoc"},
          "product": {"n": "out/a.ipynb", "t": "out/a.asciidoc"}}],
        1,
    ),
    "a wildcard that matches nothing": (
        {"a.py": script("open(product['x'], 'w').write('1')", "none-*")},
        [entry("a", "x.txt")],
        1,
    ),
    "one after the other": (
        {name + ".py": script(f"open('order.txt', 'a').write('{name}')\nopen(product['x'], 'w').write('1')")
         for name in "cab"},
        {"executor": "serial", "tasks": [entry(name, f"{name}.txt") | {
            "product": {"nb": f"out/{name}.ipynb", "x": f"out/{name}.txt"}} for name in "cab"]},
        1,
    ),
}  # fmt: skip


def texts(folder: Path) -> dict[str, str]:
    found = [
        path
        for pattern in ("*.txt", "sub/*.txt", "out/*.txt", "out/*.json", "out/chunks/*", "backup/out/*.txt")
        for path in folder.glob(pattern)
    ]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found if path.is_file()}


def built(tool: str, line: str, ploomber: Path, tmp_path: Path, files: Mapping[str, str], builds: int = 1) -> object:
    """What a tool leaves in files of a folder of its own."""
    command = [str(ploomber)] if tool == "ploomber" else [sys.executable, "-m", "soorgeon_clone"]
    folder = tmp_path / tool
    folder.mkdir()
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    environment = {**os.environ, "PLOOMBER_STATS_ENABLED": "false", "SOORGEON_CLONE_CACHE": "off"}
    if tool == "ours" and "ploomber" in "".join(files.values()):  # it is installed beside
        packages = sorted((ploomber.parents[1] / "lib").glob("python*/site-packages"))
        environment["PYTHONPATH"] = os.pathsep.join([environment.get("PYTHONPATH", ""), *map(str, packages[:1])])
    for _ in range(builds):
        done = subprocess.run([*command, *line.split()], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{tool}: {done.stdout}{done.stderr}"
    return texts(folder)


@pytest.mark.parametrize("case", CASES)
def test_both_leave_the_same(case: str, ploomber: Path, tmp_path: Path) -> None:
    files, declared, builds = CASES[case]
    if case == "R" and not shutil.which("Rscript"):
        pytest.skip("R is not installed")
    left = {}
    for tool in ("ploomber", "ours"):
        outside = tool == "ours" and "../elsewhere" in json.dumps(declared)  # which Ploomber has no key for
        said = {"allow_outside": True, "tasks": declared} if outside else declared
        all_files = {**files, "pipeline.yaml": json.dumps(said)}
        left[tool] = built(tool, "build --force", ploomber, tmp_path, all_files, builds)
    assert left["ours"] == left["ploomber"]


def test_a_factory_by_its_name(ploomber: Path, tmp_path: Path) -> None:
    factory = (
        "from pathlib import Path\n\nimport tasks\nfrom ploomber import DAG, with_env\n"
        "from ploomber.products import File\nfrom ploomber.tasks import PythonCallable\n\n"
        "@with_env({'n': 1, 'out': 'out'})\ndef make(env, word):\n    dag = DAG()\n"
        "    Path(env.out).mkdir(exist_ok=True)\n"
        "    params = {'n': env.n, 'word': word}\n"
        "    PythonCallable(tasks.a, File(env.out + '/a.txt'), dag, name='a', params=params)\n    return dag\n"
    )
    tasks = "def a(product, n, word):\n    open(str(product), 'w').write(f'{n} {word}')\n"
    files = {"factory.py": factory, "tasks.py": tasks}
    lines = {"ploomber": "build -e factory.make --env--n 5 hello",
             "ours": "build -e factory.make --env--n 5 --env--word hello"}  # fmt: skip
    theirs, ours = (built(tool, line, ploomber, tmp_path, files) for tool, line in lines.items())
    assert ours == theirs != {}
