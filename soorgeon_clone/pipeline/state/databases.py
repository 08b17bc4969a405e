"""A client of pipeline.yaml -> a connection to its database; what is asked of databases: is a relation still there?

SQLite needs nothing but Python. DuckDB needs duckdb, every other URL SQLAlchemy. A function of the user's may return a
URL, an engine of SQLAlchemy, a client of Ploomber's, or a connection (DB-API 2.0).
"""

from __future__ import annotations

import contextlib
import importlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared.model import Client
from soorgeon_clone.pipeline.declared.values import resolved
from soorgeon_clone.pipeline.sources.relations import Relation

# The database that needs no client.
EMBEDDED = "sqlite:///pipeline.db"
# Which run made which relation, kept where the relations are: whatever others do to these shows.
RUNS = "soorgeon_clone_relations"
_WAIT = 600  # seconds for a lock of SQLite's or DuckDB's


class Connection:
    """An open connection. ``original`` is what the user's function returned, if one did, ``engine`` what pandas takes,
    ``split`` what is between statements where the client says that they have to be sent one by one."""

    def __init__(self, raw: Any, *, original: Any = None, split: str | None = None, engine: Any = None) -> None:
        self.raw = raw
        self.original = raw if original is None else original
        self.split = split
        self.engine = raw if engine is None else engine
        driver = getattr(raw, "driver_connection", None) or raw
        self.sqlite: sqlite3.Connection | None = driver if isinstance(driver, sqlite3.Connection) else None
        self.module = type(driver).__module__.partition(".")[0].lstrip("_")
        if self.sqlite is not None:
            self.sqlite.execute(f"PRAGMA busy_timeout = {_WAIT * 1000}")
        self._begun = False

    @property
    def file(self) -> str | None:
        """The file of an SQLite database; "" for one in memory, None for another database."""
        if self.sqlite is None:
            return None
        return next((row[2] for row in self.sqlite.execute("PRAGMA database_list") if row[1] == "main"), "") or ""

    def cursor(self) -> Any:
        """A cursor in the transaction of this connection: duckdb would open another one for it."""
        return self.raw if self.module == "duckdb" else self.raw.cursor()

    def rows(self, sql: str) -> list[Any]:
        """What a query gives."""
        cursor = self.cursor()
        cursor.execute(sql)
        return list(cursor.fetchall())

    def begin(self) -> None:
        """Begin a transaction where the driver does not do so itself."""
        if self.sqlite is not None and not self.sqlite.in_transaction:
            self.sqlite.execute("BEGIN IMMEDIATE")
        elif self.module == "duckdb" and not self._begun:
            self.raw.execute("BEGIN TRANSACTION")
            self._begun = True

    def commit(self) -> None:
        """Let count what was done."""
        if self.module != "duckdb" or self._begun:  # duckdb raises where there is no transaction
            self.raw.commit()
        self._begun = False

    def roll_back(self) -> None:
        """Undo what was not committed."""
        with contextlib.suppress(Exception):  # the connection is gone, and with it all that was not committed
            self.raw.rollback()
        self._begun = False

    def close(self) -> None:
        """Close it; nothing that was not committed stays."""
        with contextlib.suppress(Exception):
            self.raw.close()


@contextlib.contextmanager
def connected(client: Client | None, root: Path) -> Iterator[Connection]:
    """Open the database of a client, whose function is called, and close it. Raises UserError where that fails."""
    found = connect(client, root)
    try:
        yield found
    finally:
        found.close()


def connect(client: Client | None, root: Path) -> Connection:
    """Open the database of a client; its function is imported from the path as it is now. Raises UserError."""
    if client is None:
        return _of_url(EMBEDDED, root, "pipeline.yaml")
    value = resolved(client.value)
    if "://" in value:
        return _of_url(value, root, client.place)
    module, _, name = value.rpartition(".")
    try:
        made = getattr(importlib.import_module(module), name)(**resolved(dict(client.args)))
    except ModuleNotFoundError as error:
        if error.name == "ploomber":
            raise UserError(
                f"{client.place}: the client {value} imports Ploomber, which is not installed",
                hint="Have the function return a URL, such as 'sqlite:///data.db', or an engine of SQLAlchemy; or "
                "install Ploomber beside: pip install ploomber.",
            ) from None
        raise UserError(f"{client.place}: the client {value} cannot be imported: {error}") from error
    except Exception as error:
        raise UserError(f"{client.place}: the client {value} failed: {type(error).__name__}: {error}") from error
    if isinstance(made, str) and "://" in made:
        return _of_url(made, root, client.place)
    return _of_object(made, value, client.place)


def _of_object(made: Any, name: str, place: str) -> Connection:
    try:
        if hasattr(made, "raw_connection"):  # an engine
            return Connection(made.raw_connection(), original=made, engine=made)
        if hasattr(made, "connection") and hasattr(made, "execute"):  # Ploomber's
            split = getattr(made, "split_source", None)
            split = None if split == "default" else split
            return Connection(made.connection, original=made, split=split, engine=getattr(made, "engine", None))
        if hasattr(made, "cursor"):
            return Connection(made)
    except Exception as error:
        raise UserError(f"{place}: the database of {name} cannot be opened: {error}") from error
    raise UserError(
        f"{place}: the client {name} returned {type(made).__name__}, which connects to nothing",
        hint="It returns a URL, an engine of SQLAlchemy, a client of Ploomber's, or a connection.",
    )


def _of_url(url: str, root: Path, place: str) -> Connection:
    kind, _, rest = url.partition("://")
    try:
        if kind == "sqlite":
            return Connection(sqlite3.connect(_sqlite_file(rest, root), timeout=_WAIT))
        if kind == "duckdb":
            return Connection(_duckdb(_file(rest, root)))
        import sqlalchemy

        engine = sqlalchemy.create_engine(url)
        return Connection(engine.raw_connection(), original=engine, engine=engine)
    except ImportError as error:
        extra = "pip install duckdb" if kind == "duckdb" else "pip install 'soorgeon-clone[sql]' and the driver"
        raise UserError(f"{place}: {kind} needs {error.name or error}, which is not installed", hint=extra) from None
    except Exception as error:
        raise UserError(f"{place}: the {kind} database cannot be opened: {_without_secret(str(error), url)}") from None


def _duckdb(file: str) -> Any:
    """Open a database that one process may have open at a time."""
    import duckdb

    until = time.monotonic() + _WAIT
    while True:
        try:
            return duckdb.connect(file)
        except duckdb.IOException as error:
            if "lock" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.1)


def _without_secret(text: str, url: str) -> str:
    secret = url.partition("://")[2].rpartition("@")[0].partition(":")[2]
    return text.replace(url, "its URL").replace(secret, "***") if secret else text


def _sqlite_file(rest: str, root: Path) -> str:
    file = _file(rest, root)
    if file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    return file


def _file(rest: str, root: Path) -> str:
    """The file that ``/data.db`` of a URL names, relative to the root; ``//abs/data.db`` is whole."""
    name = unquote(rest.removeprefix("/").partition("?")[0])
    return str(root / name) if name and name != ":memory:" else ":memory:"


def lost_in_file(file: str, relation: Relation, run: str) -> str | None:
    """`lost` for an SQLite database, which is not made if it is not there."""
    if not Path(file).is_file():
        return "its database is gone"
    try:
        raw = sqlite3.connect(f"{Path(file).absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT)
    except sqlite3.Error as error:
        return str(error)
    try:
        return lost(Connection(raw), relation, run)
    finally:
        raw.close()


def lost(connection: Connection, relation: Relation, run: str) -> str | None:
    """What became of a relation that a run made; None if it is still the same."""
    try:
        rows = connection.rows(f"SELECT run FROM {RUNS} WHERE relation = {quoted(relation)}")
        connection.rows(f"SELECT 1 FROM {relation} WHERE 1 = 0")
    except Exception:
        return "it is not in its database"
    return None if [row[0] for row in rows] == [run] else "another run made what is in its database"


def quoted(text: str) -> str:
    """A literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"
