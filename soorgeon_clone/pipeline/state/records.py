"""What happened before, in an SQLite database in the project's hidden folder.

It may be deleted or damaged at any time: then nothing is known, and nothing is trusted that cannot be proved. Each row
is checked when it is read, and forgotten if it is not what was written.
"""

from __future__ import annotations

import contextlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.declared.model import HIDDEN
from soorgeon_clone.pipeline.state.checked import checked, number, product_name, readable_name
from soorgeon_clone.pipeline.state.database import Database, Row
from soorgeon_clone.pipeline.state.model import LastRun

VERSION = 1
# Texts up to this length are digests and the like; longer ones are facts of sources.
_SHORT = 100
# So much is remembered before it is written: a build that dies has not read all for nothing.
_MANY = 10_000
# What stands before a remembered text: a checksum of the row.
_MARK = 9
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
    being declared; the digest is "" where only a module names them. ``prose`` is the digest of the text that its
    executed notebook shows, "" where that is not known.
    """

    parts: Mapping[str, str]
    fingerprint: str
    products: Mapping[str, tuple[str, str]]
    inputs: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    finished: float = 0.0
    prose: str = ""


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
    """The records of one project. What is remembered is read at once where it is short, else when it is asked for, and
    goes out in one transaction. A long text is not held here."""

    def __init__(self, root: Path, *, write: bool = True) -> None:
        self.path = root / HIDDEN / "records.sqlite"
        self._new_memo: dict[str, tuple[str, str]] = {}
        self._database = Database(self.path, _SCHEMA, VERSION, kept=("made", "runs", "durations"), write=write)
        query = "select path, stamp, value from memo where length(value) <= ?"
        self._memo: dict[str, tuple[str, str]] = {}
        for row in self._database.rows(query, (_SHORT + _MARK,)):
            if (value := _remembered(*row)) is not None:
                self._memo[row[0]] = (row[1], value)

    @property
    def problem(self) -> str | None:
        """What is wrong with the records, for the user."""
        return self._database.problem

    @property
    def writable(self) -> bool:
        """Whether anything can be recorded."""
        return self._database.writable

    def recall(self, path: str, stamp: str) -> str | None:
        """Return what was remembered of a file, however long, if it is still the same file."""
        known = self._memo.get(path) or self._new_memo.get(path)
        if known is not None:
            return known[1] if known[0] == stamp else None
        query = "select value from memo where path = ? and stamp = ? and length(value) > ?"
        for row in self._database.rows(query, (path, stamp, _SHORT + _MARK)):
            return _remembered(path, stamp, row[0])
        return None

    def remember(self, path: str, stamp: str, text: str) -> None:
        """Remember something of a file that has this stamp."""
        self._new_memo[path] = (stamp, text)
        self._memo.pop(path, None)
        if len(text) <= _SHORT:
            self._memo[path] = (stamp, text)
        if len(self._new_memo) >= _MANY:
            self.flush()

    def made(self, task: str) -> Made | None:
        """How a task's products were made."""
        for row in self._database.rows("select value from made where task = ?", (task,)):
            return _made(row[0])
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
                "prose": made.prose,
            }
        )
        statement = ("insert or replace into made values (?, ?)", [(task, value)])
        self._database.execute(statement, *(_appended(run) if run is not None else ()))

    def forget(self, task: str) -> None:
        """Forget how the products of a task were made that there is no more."""
        self._database.execute(("delete from made where task = ?", [(task,)]))

    def save_run(self, run: RunRecord) -> None:
        """Append to the history."""
        self._database.execute(*_appended(run))

    def durations(self) -> dict[str, float]:
        """How long each task took when it last ran to its end, in seconds."""
        found = {}
        for task, seconds in self._database.rows("select task, seconds from durations"):
            with contextlib.suppress(ValueError):
                found[str(task)] = number(seconds)
        return found

    def last_runs(self) -> dict[str, LastRun]:
        """The last run of each task."""
        where = "where id in (select max(id) from runs group by task)"
        return {
            run.task: LastRun(run.started, run.seconds, run.result, run.peak_memory) for run in self._runs(where, ())
        }

    def history(self, task: str | None = None, limit: int = 50) -> list[RunRecord]:
        """Runs, the last one first."""
        where, values = ("where task = ?", (task,)) if task else ("", ())
        return self._runs(f"{where} order by id desc limit {int(limit)}", values)

    def flush(self) -> None:
        """Write what was remembered."""
        if self._new_memo:
            rows = [
                (path, stamp, f"{_checksum(path, stamp, value)}:{value}")
                for path, (stamp, value) in self._new_memo.items()
                if _is_text(path, stamp, value)
            ]
            self._database.execute(("insert or replace into memo values (?, ?, ?)", rows))
            self._new_memo.clear()

    def close(self) -> None:
        """Write what was remembered and close the database."""
        self.flush()
        self._database.close()

    def _runs(self, rest: str, values: Row) -> list[RunRecord]:
        columns = "build, task, started, seconds, result, fingerprint, peak_memory, error"
        rows = self._database.rows(f"select {columns} from runs {rest}", values)
        return [run for row in rows if (run := _run(*row)) is not None]


def _appended(run: RunRecord) -> list[tuple[str, list[Row]]]:
    row = (run.build, run.task, run.started, run.seconds, run.result, run.fingerprint, run.peak_memory, run.error)
    columns = "build, task, started, seconds, result, fingerprint, peak_memory, error"
    found: list[tuple[str, list[Row]]] = [(f"insert into runs ({columns}) values (?, ?, ?, ?, ?, ?, ?, ?)", [row])]
    if run.result == "ran":
        found.append(("insert or replace into durations values (?, ?)", [(run.task, run.seconds)]))
    return found


# -- what a row must be --------------------------------------------------------------------------------------------


def _remembered(path: object, stamp: object, value: object) -> str | None:
    """The text in a row of the memo; None if it is not what was written."""
    if not isinstance(path, str) or not isinstance(stamp, str) or not isinstance(value, str):
        return None
    text = value[_MARK:]
    return text if value[:_MARK] == f"{_checksum(path, stamp, text)}:" else None


def _checksum(path: str, stamp: str, value: str) -> str:
    return f"{zlib.crc32(f'{path}|{stamp}|{value}'.encode('utf-8', 'surrogatepass')):08x}"


def _made(value: object) -> Made | None:
    try:
        data: Any = json.loads(str(value))
        return Made(
            parts=checked(data["parts"], lambda name: True, _text),
            fingerprint=_hexadecimal(data["fingerprint"]),
            products=checked(data["products"], product_name, _two_texts),
            inputs=checked(data["inputs"], readable_name, _text),
            written=checked(data["written"], readable_name, _text),
            finished=number(data["finished"]),
            prose=_hexadecimal(data.get("prose", "")),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _run(build: object, task: object, *rest: Any) -> RunRecord | None:
    started, seconds, result, fingerprint, peak_memory, error = rest
    texts = (build, task, result, fingerprint, error or "")
    if not all(isinstance(text, str) for text in texts) or not isinstance(peak_memory, (int, type(None))):
        return None
    try:
        return RunRecord(
            str(build), str(task), number(started), number(seconds), result, fingerprint, peak_memory, error
        )
    except ValueError:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _hexadecimal(value: object) -> str:
    """A fingerprint, which becomes the name of a folder; "" for none. Raises ValueError."""
    if not isinstance(value, str) or not re.fullmatch("[0-9a-f]*", value):
        raise ValueError("no fingerprint")
    return value


def _two_texts(value: object) -> tuple[str, str] | None:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value):
        return value[0], value[1]
    return None


def _is_text(*texts: str) -> bool:
    """Whether the database takes these; a file's name may be no text."""
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        return False
    return True
