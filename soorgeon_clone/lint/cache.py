"""Results of earlier runs: one file for each folder of notebooks, safe to delete and to share between runs.

The name of such a file is the digest of all that decides about results besides the notebooks: this package's version
and Python's, the folder, the settings. In it each notebook has what the system says about its file, which is enough to
know it again if it had not changed for a while, and the digest of its bytes for where it is not. Files are written
aside and renamed, so a reader sees a whole file or none; what cannot be read is worked out again.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from soorgeon_clone import __version__
from soorgeon_clone.files import cache_folder, regular
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.credentials import can_find
from soorgeon_clone.lint.model import FileResult
from soorgeon_clone.lint.record import pack, unpack

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL as well, which takes longer than linting
except ImportError:
    from hashlib import blake2b

_TIDY_EVERY = 200  # about one run in so many that write looks for old files
_OLDEST = 30 * 24 * 3600.0
_SETTLED = 2_000_000_000  # nanoseconds: what changed later may change again without its time telling so
_DAMAGE = (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError)


class Seen(NamedTuple):
    """A notebook as it was read: what the system said about its file (none if it had just changed), and its digest."""

    state: tuple[int, ...]
    digest: str


def folder() -> Path | None:
    """Return where results are kept, below the cache folder; None where the environment switches it off."""
    base = cache_folder.default_folder()
    return base / "lint" if base is not None else None


def state_of(path: str | os.PathLike[str]) -> tuple[int, ...]:
    """Return what tells whether a file is the one that it was, to be asked before it is read. Raises OSError."""
    found = os.stat(path)  # noqa: PTH116
    if not stat.S_ISREG(found.st_mode):
        return ()
    if max(found.st_mtime_ns, found.st_ctime_ns) + _SETTLED > time.time_ns():
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def digest_of(data: bytes) -> str:
    """Return the digest of a notebook's bytes."""
    return blake2b(data, digest_size=20).hexdigest()


class Kept:
    """The results that are kept for the notebooks of one folder."""

    def __init__(self, notebooks: str, settings: Settings) -> None:
        kept = folder()
        self._notebooks = notebooks
        about = (*_tool(), os.path.abspath(notebooks), *astuple(settings))  # noqa: PTH100
        name = blake2b(repr(about).encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
        self._file = kept / name[:2] / name if kept is not None else None
        self._entries: dict[str, Any] = self._read()
        self._changed = False

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(regular.read_bytes(self._file)) if self._file is not None else None
        except _DAMAGE:
            return {}
        return found if isinstance(found, dict) else {}

    def recall(self, path: Path) -> FileResult | None:
        """Return the result that is kept for a notebook, if it has not changed since."""
        if path.name not in self._entries:
            return None
        file = str(path)
        try:
            state, digest, note, diagnostics = self._entries[path.name]
            now = state_of(path)
            if not now or list(now) != state:
                if digest_of(regular.read_bytes(path)) != digest:
                    return None
                self._entries[path.name][0] = now
                self._changed = self._changed or bool(now)
            if note:
                return FileResult(file, note=note.replace("\0", file))
            return FileResult(file, tuple(unpack(one, file) for one in diagnostics))
        except _DAMAGE:
            return None

    def keep(self, path: Path, seen: Seen, result: FileResult) -> None:
        """Keep a result until `write` is called."""
        if not result.trouble:
            note = result.note.replace(result.file, "\0")
            self._entries[path.name] = (*seen, note, [pack(one) for one in result.diagnostics])
            self._changed = True

    def write(self) -> None:
        """Write what has changed. A cache that cannot be written is no trouble."""
        if self._file is None or not self._changed:
            return
        from soorgeon_clone.files.scratch import put_bytes

        try:
            cache_folder.make_private(self._file.parents[2])
            self._file.parent.mkdir(parents=True, exist_ok=True)
            there = {name: one for name, one in self._entries.items() if os.path.lexists(f"{self._notebooks}/{name}")}
            put_bytes(self._file, json.dumps(there).encode())
        except OSError:
            return
        if time.time_ns() % _TIDY_EVERY == 0:
            _tidy(self._file.parents[1])


@cache
def _tool() -> tuple[Any, ...]:
    """Return what changes with this package and what it uses: its version, in a work tree the times of its files."""
    root = Path(__file__).parents[1]
    parts = ("lower", "machine", "models", "objects", "objects/kinds", "knowledge", "knowledge/stdlib")
    rooms = ("lint", "lint/rules", "notebook", "analysis", *(f"analysis/{part}" for part in parts))
    times = []
    for room in rooms:
        with os.scandir(root / room) as entries:
            times.append(max((e.stat().st_mtime_ns for e in entries if e.is_file()), default=0))
    return __version__, sys.version_info[:3], can_find(), tuple(times)


def _tidy(kept: Path) -> None:
    """Remove results that were made a month ago."""
    for file in kept.glob("*/*"):
        try:
            if time.time() - file.stat().st_mtime > _OLDEST:
                file.unlink()
        except OSError:
            continue
