"""An SQLite file that anything may have happened to -> rows, and a word on what is wrong with it.

Nothing here raises because of what is in the file or around it. A file that is damaged is put aside, a new one begun,
and what can still be read of the old one is taken over. One that is locked, on a full or a read-only disk is left
alone: it may be good.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from soorgeon_clone.files.scratch import is_own_file, new_file, own_folder

# How long to wait for another process that writes, in seconds; and once that was in vain.
PATIENCE = 30.0
_LESS_PATIENCE = 1.0
# Errors that say something about the disk or other processes, and nothing about the file.
_AROUND = re.compile(
    r"locked|locking|readonly|disk is full|disk I/O|unable to open|out of memory|permission|authoriz|interrupted"
)
_PARTS = ("", "-wal", "-shm", "-journal")

Row = tuple[Any, ...]


class Database:
    """The file ``path`` in the hidden folder of a project, with a version of its tables.

    ``problem`` says what is wrong, for the user. ``kept`` are the tables whose rows are worth saving.
    """

    def __init__(self, path: Path, schema: str, version: int, *, kept: Sequence[str], write: bool) -> None:
        self.path = path
        self.write = write
        self.problem: str | None = None
        self._schema = schema
        self._version = version
        self._tables = kept
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()
        try:
            self._open()
        except (sqlite3.Error, OSError, ValueError) as error:
            self._cope(error, "used")

    @property
    def writable(self) -> bool:
        """Whether anything can be recorded."""
        return self.write and self._connection is not None

    def rows(self, query: str, values: Row = ()) -> list[Row]:
        """What a query finds; nothing where that cannot be read."""
        with self._lock:
            for _ in range(3):
                if self._connection is None:
                    break
                try:
                    return self._connection.execute(query, values).fetchall()
                except sqlite3.OperationalError as error:
                    if "decode" in str(error):  # a text that is none: that row is told by its look
                        self._connection.text_factory = _tolerant
                    elif not self._cope(error, "read"):
                        break
                except (sqlite3.Error, ValueError, OverflowError) as error:
                    if not self._cope(error, "read"):
                        break
        return []

    def execute(self, *statements: tuple[str, Iterable[Row]]) -> bool:
        """Execute statements, each for all of its rows, in one transaction. False where nothing was written.

        A full disk or a lost folder must not fail the task whose products are fine: it will run again.
        """
        prepared = [(statement, list(rows)) for statement, rows in statements]
        with self._lock:
            for _ in range(2):
                connection = self._connection
                if connection is None or not self.write:
                    return False
                try:
                    connection.execute("begin immediate")
                    for statement, rows in prepared:
                        connection.executemany(statement, rows)
                    connection.execute("commit")
                except (sqlite3.Error, ValueError, OverflowError) as error:
                    with contextlib.suppress(sqlite3.Error):
                        connection.execute("rollback")
                    if not self._cope(error, "written"):
                        return False
                else:
                    return True
        return False

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.close()
                self._connection = None

    # -- opening ---------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if not os.path.lexists(self.path) and not self.write:
            return
        if self.write:
            self._make_folder()
        for part in self._parts():
            if not is_own_file(part):
                raise sqlite3.DatabaseError(f"{part.name} is a link or no file")
        if not os.access(self.path.parent, os.W_OK):
            # A read-only folder: nobody else changes the file either, so it can be read without a lock.
            self._read_only()
            return
        connection = self._connection = sqlite3.connect(
            self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        connection.execute("pragma trusted_schema = off")
        if self.write:
            # A power cut may take the last rows away, never the order: records come after products anyway.
            connection.execute("pragma synchronous = normal")
        (version,) = connection.execute("pragma user_version").fetchone()
        if version != self._version:
            self._create(connection, version)
        connection.execute("select count(*) from sqlite_master").fetchone()  # reads the file, and says what is wrong

    def _make_folder(self) -> None:
        folder = self.path.parent
        fresh = not os.path.lexists(folder)
        own_folder(folder.parent, folder.name)
        if fresh:
            with new_file(folder / ".gitignore") as file:
                file.write(b"*\n")

    def _parts(self) -> list[Path]:
        parts = [self.path.with_name(self.path.name + end) for end in _PARTS]
        return [part for part in parts if os.path.lexists(part)]

    def _read_only(self) -> None:
        self.write = False
        if self.path.is_file():
            uri = f"{self.path.absolute().as_uri()}?immutable=1"
            connection = self._connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, check_same_thread=False
            )
            (version,) = connection.execute("pragma user_version").fetchone()
            if version != self._version:
                raise sqlite3.DatabaseError("records of another version")

    def _create(self, connection: sqlite3.Connection, version: int) -> None:
        if not self.write:
            raise sqlite3.DatabaseError("records of another version")
        # WAL lets `status` read while a build writes.
        connection.execute("pragma journal_mode = wal")
        connection.execute("begin immediate")
        if version:
            for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
                connection.execute('drop table if exists "{}"'.format(str(name).replace('"', '""')))
        for statement in self._schema.split(";"):
            connection.execute(statement)
        connection.execute(f"pragma user_version = {self._version}")
        connection.execute("commit")

    # -- what is wrong ---------------------------------------------------------------------------------------------

    def _cope(self, error: Exception, what: str) -> bool:
        """Say what is wrong, and do what can be done. Whether it is worth trying again."""
        opening = what == "used"
        if not _is_damage(error):
            self.problem = f"the records in {self.path} cannot be {what} ({_reason(error)}); {_advice(error)}"
            if "locked" in str(error) and self._connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute(f"pragma busy_timeout = {int(1000 * _LESS_PATIENCE)}")
            if opening:
                self._do_without(error)
            return False
        self.problem = f"the records in {self.path} cannot be used ({_reason(error)})"
        self.close()
        if not self.write:
            return False
        try:
            aside = self._put_aside()
            self._open()
        except (sqlite3.Error, OSError, ValueError) as again:
            self.close()
            self.problem = f"the records in {self.path} cannot be used ({_reason(again)}); {_advice(again)}"
            return False
        count = self._salvage(aside)
        self.problem += f"; they were put aside, and {count or 'nothing'} of what they say was taken over"
        return True

    def _do_without(self, error: Exception) -> None:
        """Read at least what can be read without writing anything; unless somebody else writes just now."""
        self.close()
        if isinstance(error, OSError) or "locked" in str(error):
            return
        try:
            self._read_only()
        except (sqlite3.Error, OSError, ValueError):
            self.close()

    def _put_aside(self) -> Path:
        aside = self.path.with_name(f"damaged-{time.time_ns()}.sqlite")
        for part in self._parts():
            name = part.name.replace(self.path.name, aside.name)
            # What is no file must not be taken for a part of the database when that is read: a pipe would hang.
            part.replace(aside.with_name(name if is_own_file(part) else f"no-file-{name}"))
        return aside

    def _salvage(self, aside: Path) -> int:
        """Take over rows of the old file, from both ends of each table up to where it is damaged."""
        count = 0
        if not is_own_file(aside):
            return 0
        with contextlib.suppress(sqlite3.Error):
            old = sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True)
            old.text_factory = _tolerant
            with contextlib.closing(old):
                for table in self._tables:
                    count += sum(self._copy(old, table, order) for order in ("asc", "desc"))
        return count

    def _copy(self, old: sqlite3.Connection, table: str, order: str) -> int:
        rows: list[Row] = []
        with contextlib.suppress(sqlite3.Error, ValueError, OverflowError):
            for row in old.execute(f"select * from {table} order by 1 {order}"):
                rows.append(row)
        connection = self._connection
        if connection is None or not rows:
            return 0
        marks = ", ".join("?" * len(rows[0]))
        with contextlib.suppress(sqlite3.Error, ValueError, OverflowError), connection:
            connection.execute("begin immediate")
            return connection.executemany(f"insert or ignore into {table} values ({marks})", rows).rowcount
        return 0


def _is_damage(error: Exception) -> bool:
    """Whether an error says that the file is not what it should be."""
    if isinstance(error, sqlite3.OperationalError):
        return _AROUND.search(str(error)) is None
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, (sqlite3.ProgrammingError, sqlite3.NotSupportedError)
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
    return str(error)


def _advice(error: Exception) -> str:
    text = str(error)
    if "locked" in text:
        return "another program holds them: end it, or wait until it is done"
    if "full" in text or getattr(error, "errno", None) is not None:
        return "nothing is recorded until that is mended"
    return "what is recorded may be missing until that is mended; if nothing helps, delete them: products are kept"


def _tolerant(data: bytes) -> str:
    return data.decode("utf-8", "replace")
