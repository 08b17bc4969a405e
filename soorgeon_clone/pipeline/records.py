"""What happened before, in an SQLite database in the project's hidden folder.

It may be deleted or damaged at any time: then nothing is known, and nothing is trusted that cannot be proved.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.model import HIDDEN, LastRun

VERSION = 1
# Texts up to this length are digests and the like; longer ones are facts of sources.
_SHORT = 100
# So much is remembered before it is written: a build that dies has not read all for nothing.
_MANY = 10_000
_SCHEMA = """
create table if not exists memo (path text primary key, stamp text, value text) without rowid;
create table if not exists made (task text primary key, value text) without rowid;
create table if not exists runs (
    id integer primary key, build text, task text, started real, seconds real, result text, fingerprint text,
    peak_memory integer, error text);
create index if not exists runs_by_task on runs (task, id);
create table if not exists durations (task text primary key, seconds real) without rowid;
"""


@dataclass(frozen=True, slots=True)
class Made:
    """How the products on disk were made. ``products`` maps a path to the digests of its bytes and its meaning.

    ``inputs`` are files that the code names and that the run left alone, ``written`` those that changed in it without
    being declared; the digest is "" where only a module names them.
    """

    parts: Mapping[str, str]
    fingerprint: str
    products: Mapping[str, tuple[str, str]]
    inputs: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    finished: float = 0.0


@dataclass(frozen=True)
class RunRecord:
    """One row of the history."""

    build: str
    task: str
    started: float
    seconds: float
    result: str
    fingerprint: str
    peak_memory: int | None = None
    error: str | None = None


class Records:
    """The records of one project. What is remembered of files is read at once where it is short, else when it is
    asked for, and goes out in one transaction."""

    def __init__(self, root: Path, *, write: bool = True) -> None:
        self.path = root / HIDDEN / "records.sqlite"
        self.write = write
        self.problem: str | None = None
        self._memo: dict[str, tuple[str, str]] = {}
        self._new_memo: dict[str, tuple[str, str]] = {}
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()  # large products are read, and what was learned of them kept, in a thread
        try:
            self._open()
        except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as error:
            self._recover(error)

    def recall(self, path: str, stamp: str) -> str | None:
        """What was remembered of a file, if it is still the same file."""
        known = self._memo.get(path) or self._new_memo.get(path)
        return known[1] if known is not None and known[0] == stamp else None

    def remember(self, path: str, stamp: str, digest: str) -> None:
        """Remember something of a file that has this stamp."""
        self._new_memo[path] = (stamp, digest)
        if len(digest) <= _SHORT:
            self._memo[path] = (stamp, digest)
        if len(self._new_memo) >= _MANY:
            self.flush()

    def take(self, path: str, stamp: str) -> str | None:
        """What ``recall`` gives, of what may be long: it is held by the caller and not here."""
        if path in self._new_memo:
            return self.recall(path, stamp)
        rows = self._rows("select value from memo where path = ? and stamp = ?", (path, stamp))
        return str(rows[0][0]) if rows else None

    def made(self, task: str) -> Made | None:
        """How a task's products were made."""
        rows = self._rows("select value from made where task = ?", (task,))
        if not rows:
            return None
        try:
            data = json.loads(rows[0][0])
            products = {path: (raw, meaning) for path, (raw, meaning) in data.pop("products").items()}
            return Made(products=products, **data)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None

    def save_made(self, task: str, made: Made, run: RunRecord | None = None) -> None:
        """Store how a task's products were made, with the run that made them, at once."""
        value = json.dumps(
            {
                "parts": dict(made.parts),
                "fingerprint": made.fingerprint,
                "products": {path: list(digests) for path, digests in made.products.items()},
                "inputs": dict(made.inputs),
                "written": dict(made.written),
                "finished": made.finished,
            }
        )
        with self._transaction() as connection:
            if connection is not None:
                connection.execute("insert or replace into made values (?, ?)", (task, value))
                if run is not None:
                    self._append(connection, run)

    def forget_made(self, task: str) -> None:
        """Drop what is known of a task's products."""
        self._execute("delete from made where task = ?", (task,))

    def save_run(self, run: RunRecord) -> None:
        """Append to the history."""
        with self._transaction() as connection:
            if connection is not None:
                self._append(connection, run)

    @staticmethod
    def _append(connection: sqlite3.Connection, run: RunRecord) -> None:
        row = (run.build, run.task, run.started, run.seconds, run.result, run.fingerprint, run.peak_memory, run.error)
        connection.execute(
            "insert into runs (build, task, started, seconds, result, fingerprint, peak_memory, error) "
            "values (?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
        if run.result == "ran":
            connection.execute("insert or replace into durations values (?, ?)", (run.task, run.seconds))

    def durations(self) -> dict[str, float]:
        """How long each task took when it last ran to its end."""
        return {row[0]: row[1] for row in self._rows("select task, seconds from durations")}

    def last_runs(self) -> dict[str, LastRun]:
        """The last run of each task."""
        query = (
            "select task, started, seconds, result, peak_memory from runs "
            "where id in (select max(id) from runs group by task)"
        )
        return {row[0]: LastRun(*row[1:]) for row in self._rows(query)}

    def history(self, task: str | None = None, limit: int = 50) -> list[RunRecord]:
        """Runs, the last one first."""
        columns = "build, task, started, seconds, result, fingerprint, peak_memory, error"
        where, values = ("where task = ?", (task,)) if task else ("", ())
        rows = self._rows(f"select {columns} from runs {where} order by id desc limit {int(limit)}", values)
        return [RunRecord(*row) for row in rows]

    def flush(self) -> None:
        """Write what was remembered."""
        if self._new_memo:
            rows = [(path, stamp, value) for path, (stamp, value) in self._new_memo.items()]
            self._execute_many("insert or replace into memo values (?, ?, ?)", rows)
            self._new_memo.clear()

    def close(self) -> None:
        """Write what was remembered and close the database."""
        self.flush()
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _open(self) -> None:
        if not self.path.is_file() and not self.write:
            return
        if self.write:
            hidden = self.path.parent
            if not hidden.is_dir():
                hidden.mkdir(parents=True, exist_ok=True)
                (hidden / ".gitignore").write_text("*\n")
        connection = self._connection = self._connect()
        if self.write:
            # A power cut may take the last rows away, never the order: records come after products anyway.
            connection.execute("pragma synchronous = normal")
        (version,) = connection.execute("pragma user_version").fetchone()
        if version != VERSION:
            self._create(version)
        self._memo = {
            path: (stamp, value)
            for path, stamp, value in connection.execute(
                "select path, stamp, value from memo where length(value) <= ?", (_SHORT,)
            )
        }

    def _connect(self) -> sqlite3.Connection:
        if self.path.is_file() and not os.access(self.path.parent, os.W_OK):
            # A read-only folder: nobody else changes the file either, so it can be read without a lock.
            self.write = False
            read_only = f"{self.path.as_uri()}?immutable=1"
            return sqlite3.connect(read_only, uri=True, isolation_level=None, check_same_thread=False)
        return sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)

    @property
    def writable(self) -> bool:
        """Whether anything can be recorded."""
        return self.write and self._connection is not None

    def _create(self, version: int) -> None:
        connection = self._connection
        assert connection is not None
        if not self.write:
            raise sqlite3.DatabaseError("records of another version")
        # WAL lets `status` read while a build writes.
        connection.execute("pragma journal_mode = wal")
        connection.execute("begin immediate")
        if version:
            for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                connection.execute(f'drop table if exists "{name}"')
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"pragma user_version = {VERSION}")
        connection.execute("commit")

    def _recover(self, error: Exception) -> None:
        """Put damaged records aside and begin anew; without permission to write, go on without records."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        self._memo = {}
        busy = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
        self.problem = f"the records in {self.path} cannot be used ({error})"
        if busy or not self.write or not self.path.exists():
            return
        try:
            for suffix in ("", "-wal", "-shm"):
                part = self.path.with_name(self.path.name + suffix)
                if part.exists():
                    part.replace(self.path.with_name(f"damaged-{int(time.time())}.sqlite{suffix}"))
            self._open()
            self.problem += "; they were put aside, and nothing is known about earlier runs"
        except (sqlite3.Error, OSError) as again:
            self._connection = None
            self.problem = f"the records in {self.path} cannot be used ({again})"

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if self._connection is None:
            return []
        try:
            with self._lock:
                return self._connection.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            self.problem = f"the records in {self.path} cannot be read ({error})"
            return []
        except sqlite3.Error as error:
            self._recover(error)
            return []

    def _execute(self, statement: str, values: tuple[Any, ...]) -> None:
        self._execute_many(statement, [values])

    def _execute_many(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._transaction() as connection:
            if connection is not None:
                connection.executemany(statement, rows)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection | None]:
        """A transaction; None where nothing can be written."""
        connection = self._connection
        if connection is None or not self.write:
            yield None
            return
        with self._lock:
            try:
                connection.execute("begin immediate")
                yield connection
                connection.execute("commit")
            except sqlite3.Error as error:
                # A full disk or a lost folder must not fail the task whose products are fine: it will run again.
                self.problem = f"the records in {self.path} cannot be written ({error})"
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("rollback")
