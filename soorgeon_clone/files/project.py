"""A file that is to be changed where it stands -> the folder that it may not lead out of."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from pathlib import Path

from soorgeon_clone.files import regular

_SIGNS = (".git", "pyproject.toml")
_LONGEST_SETUP = 1_000_000  # bytes


def sets_up(folder: Path) -> bool:
    """Whether there is a setup.py that calls what installs, and is not just called so, as a task may be."""
    try:
        return b"setup(" in regular.read_bytes(folder / "setup.py", limit=_LONGEST_SETUP)
    except OSError:
        return False


def project_of(folder: Path) -> Path:
    """Return the nearest folder, at or above this one, that holds ``.git`` or ``pyproject.toml``.

    Without one it is the working folder, or, outside of that, ``folder`` itself. Links are resolved first.
    """
    return _around(folder) or Path(os.path.realpath(folder))


def _around(folder: Path) -> Path | None:
    place, here = Path(os.path.realpath(folder)), Path(os.path.realpath("."))
    for above in (place, *place.parents):
        if any(os.path.lexists(above / sign) for sign in _SIGNS):
            return above
    return here if here in (place, *place.parents) else None


def root_for(path: Path, named: Iterable[str]) -> Path:
    """Return the project of a file that was found by what a person ``named``: the file, a folder, or a pattern.

    The person chose the folder of a file that is named, and the folder in which a search begins. What a search goes
    through was chosen by whoever made the links there; and so was what a link leads to that lies in a project and is
    named itself.
    """
    names = [Path(one) for one in named]
    starts = [start for start in map(_start, names) if start in path.parents] if path not in names else []
    start = max(starts, key=lambda start: len(start.parts), default=path.parent)
    if starts and start.is_symlink() and (around := _around(start.parent)):
        return around
    return project_of(start)


def _start(named: Path) -> Path:
    """Return the part of a pattern that is no pattern."""
    parts = list(named.parts)
    while any(glob.has_magic(part) for part in parts):
        parts.pop()
    return Path(*parts)
