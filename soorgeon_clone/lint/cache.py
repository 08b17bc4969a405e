"""Results of earlier runs by content: a file for each notebook, safe to delete and to share between runs.

The name of a file is the digest of all that decides about its content: this package's version and Python's, the rules
that are on, their limits and severities, the notebook's name and bytes. Files are written aside and renamed, so a
reader sees a whole file or none; what cannot be read is worked out again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import Any

from soorgeon_clone import __version__
from soorgeon_clone.files import cache_folder
from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.files.scratch import put_bytes
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.model import FileResult
from soorgeon_clone.lint.record import pack, unpack

try:
    from _blake2 import blake2b  # hashlib would load OpenSSL as well, which takes longer than linting
except ImportError:
    from hashlib import blake2b

_TIDY_EVERY = 200  # about one run in so many that write looks for old files
_OLDEST = 30 * 24 * 3600.0


def folder() -> Path | None:
    """Return where results are kept, below the cache folder; None where the environment switches it off."""
    base = cache_folder.default_folder()
    return base / "lint" if base is not None else None


def key(data: bytes, path: Path | None, settings: Settings, codes: Collection[str]) -> str:
    """Return the name under which a result is kept."""
    about = (
        _tool(),
        sorted(codes),
        sorted(settings.severity.items()),
        astuple(settings.limits),
        path.name if path is not None else None,
        path.suffix if path is not None else None,
    )
    digest = blake2b(repr(about).encode("utf-8", "surrogatepass"), digest_size=20)
    digest.update(data)
    return digest.hexdigest()


@cache
def _tool() -> tuple[Any, ...]:
    """Return what changes when this package does: its version, and in a work tree the times of its files."""
    root = Path(__file__).parents[1]
    rooms = ("lint", "lint/rules", "notebook", "analysis", "analysis/knowledge")
    times = []
    for room in rooms:
        with os.scandir(root / room) as entries:
            times.append(max((e.stat().st_mtime_ns for e in entries if e.is_file()), default=0))
    return __version__, sys.version_info[:3], tuple(times)


def recall(name: str, file: str) -> FileResult | None:
    """Return the result that is kept under a name, for a file called ``file``."""
    kept = folder()
    if kept is None:
        return None
    try:
        packed = json.loads(read_bytes(kept / name[:2] / name))
        if packed["note"]:
            return FileResult(file, note=packed["note"].replace("\0", file))
        return FileResult(file, tuple(unpack(one, file) for one in packed["diagnostics"]))
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return None


def remember(name: str, result: FileResult) -> None:
    """Keep a result. A cache that cannot be written is no trouble."""
    kept = folder()
    if result.trouble or kept is None:
        return
    packed = {"note": result.note.replace(result.file, "\0"), "diagnostics": [pack(one) for one in result.diagnostics]}
    target = kept / name[:2] / name
    try:
        cache_folder.make_private(kept.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        put_bytes(target, json.dumps(packed).encode())
    except OSError:
        return
    if int(name[:8], 16) % _TIDY_EVERY == 0:
        _tidy(kept, target.stat().st_mtime)


def _tidy(kept: Path, now: float) -> None:
    """Remove results that were made a month ago."""
    for file in kept.glob("*/*"):
        try:
            if now - file.stat().st_mtime > _OLDEST:
                file.unlink()
        except OSError:
            continue
