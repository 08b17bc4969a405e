"""Tasks of SQL on a PostgreSQL that the test starts, where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from project_folder import Folder

from soorgeon_clone.errors import UserError

pytest.importorskip("sqlalchemy", reason="databases but SQLite need SQLAlchemy (extra sql)")
pytest.importorskip("psycopg", reason="needs a driver for PostgreSQL")


def program(name: str) -> str | None:
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return shutil.which(name) or next(map(str, newest), None)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of an empty database. The server does not run as root."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("PostgreSQL is not installed")
    as_user: dict[str, Any] = {"user": "nobody"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if as_user:
            shutil.chown(folder, "nobody")

        def run(*command: str) -> None:
            done = subprocess.run(
                command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **as_user
            )
            assert done.returncode == 0, done.stderr

        run(initdb, "-D", f"{folder}/data", "-U", "me", "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        run(pg_ctl, "-D", f"{folder}/data", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://me@/postgres?host={folder}"
        finally:
            run(pg_ctl, "-D", f"{folder}/data", "-m", "immediate", "stop")


@pytest.fixture
def pipeline(folder: Folder, server: str) -> Folder:
    folder.write("one.sql", "CREATE SCHEMA IF NOT EXISTS s; DROP TABLE IF EXISTS {{product}} CASCADE;\n"
                            "CREATE TABLE {{product}} AS SELECT {{n}} AS x, ';' AS t;")  # fmt: skip
    folder.write("two.sql", "CREATE OR REPLACE VIEW {{product}} AS SELECT x + 1 AS y, t FROM {{upstream['one']}}")
    folder.write("three.sql", "SELECT * FROM {{upstream['two']}}")
    folder.write("client.py", f"import sqlalchemy\ndef get():\n    return sqlalchemy.create_engine({server!r})\n")
    folder.declare(source="one.sql", product=["s", "one", "table"], client=server, params={"n": 1})
    folder.declare(source="two.sql", product=["two", "view"], client="client.get")
    folder.declare(source="three.sql", product="out.csv", client=server, chunksize=None)
    return folder


def execute(server: str, sql: str) -> list[Any]:
    import sqlalchemy

    with sqlalchemy.create_engine(server).begin() as connection:
        result = connection.execute(sqlalchemy.text(sql))
        return [tuple(row) for row in result] if result.returns_rows else []


def test_postgres(pipeline: Folder, server: str) -> None:
    assert pipeline.ran() == ["one", "two", "three"]
    assert (pipeline.root / "out.csv").read_text() == '"y","t"\n"2",";"\n'
    assert pipeline.ran() == [] and pipeline.stale() == {}
    execute(server, "DROP VIEW two")
    assert pipeline.stale() == {}  # only builds ask a server
    assert pipeline.ran() == ["two", "three"]
    pipeline.write("one.sql", (pipeline.root / "one.sql").read_text() + "SELECT * FROM nowhere;")
    (run,) = pipeline.build().failed
    assert 'relation "nowhere" does not exist' in (run.error or "")
    assert execute(server, "SELECT y FROM two") == [(2,)]
    pipeline.write("one.sql", (pipeline.root / "one.sql").read_text().replace("SELECT * FROM nowhere;", ""))
    assert pipeline.ran() == []


def test_an_upload(pipeline: Folder, server: str) -> None:
    pytest.importorskip("pandas", reason="uploads need pandas")
    pipeline.entries.clear()
    pipeline.write("rows.csv", "a,b\n1,x\n")
    pipeline.declare(source="rows.csv", name="up", product=["up", "table"], client=server, **{"class": "SQLUpload"})
    assert pipeline.ran() == ["up"]
    assert execute(server, "SELECT * FROM up") == [(1, "x")]
    assert pipeline.ran() == []


def test_a_server_that_does_not_answer(pipeline: Folder) -> None:
    url = "postgresql+psycopg://me:hush@/postgres?host=/nowhere"
    pipeline.entries.clear()
    pipeline.declare(source="one.sql", product=["s", "one", "table"], client=url, params={"n": 1})
    try:
        (run,) = pipeline.build().failed
        said = run.error or ""
    except UserError as error:
        said = str(error)
    assert "the postgresql+psycopg database cannot be opened" in said and "hush" not in said
