"""A path that is about to be written, renamed or removed -> that path, if it lies inside the folder that it belongs to.

A repository, a store or a task may bring names such as ``../../.bashrc`` and links that lead out of the project. Every
path that this tool writes, renames or removes comes through here right before it does so. ``docs/threat-model.md`` says
what is promised.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path, PurePosixPath

from soorgeon_clone.errors import UserError

# What git runs or believes. Nothing that this tool makes belongs there. The second is its short name on Windows.
_FORBIDDEN = (".git", "git~1")
# macOS leaves these out when it compares names, Windows what follows a colon and dots and spaces at the end.
_NOT_SEEN = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]|:.*|[. ]+$")


class Outside(UserError):
    """A path that leads out of its folder. Always refused: nothing was written or removed."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} {why}: it is neither written nor removed",
            hint="If this is what you want, name the place itself instead of a way that leads there.",
            exit_code=2,
        )


def written(root: Path, path: str | os.PathLike[str]) -> Path:
    """Return the real place of a file or folder that is about to be written, absolute and without links.

    ``path`` is relative to ``root`` or absolute. Links are followed as long as they stay inside ``root``. Raises
    `Outside` where the place is not strictly inside ``root``, is in a ``.git`` folder, or is something else than a file
    or a folder (a pipe, a device).
    """
    given = _given(root, path)
    real_root = os.path.realpath(root)
    place = os.path.realpath(given)
    _check_inside(given, place, real_root)
    try:
        mode = os.stat(place).st_mode  # noqa: PTH116  (a str: this is asked for each of many files)
    except OSError:
        return Path(place)
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise Outside(given, "is a pipe, a socket or a device")
    return Path(place)


def removed(root: Path, path: str | os.PathLike[str]) -> Path:
    """Return the place of an entry that is about to be removed or renamed away. A link is itself the entry.

    The folder that holds it is resolved, so that nothing is removed through a link to a folder. Raises `Outside` as
    `written` does.
    """
    given = _given(root, path)
    real_root = os.path.realpath(root)
    place = os.path.join(os.path.realpath(given.parent), given.name)  # noqa: PTH118
    _check_inside(given, place, real_root)
    return Path(place)


def relative_name(name: object) -> str | None:
    """Return a name from a manifest or a record if it is a relative path that stays below where it starts, else None.

    With forward slashes, in normal form: no empty, ``.`` or ``..`` part, no drive, no NUL, not absolute.
    """
    if not isinstance(name, str) or not name or "\0" in name or "\\" in name:
        return None
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or ":" in parts[0] or PurePosixPath(name).is_absolute():
        return None
    return name


def _given(root: Path, path: str | os.PathLike[str]) -> Path:
    text = os.fspath(path)
    if not text or "\0" in text or "\0" in os.fspath(root):
        raise Outside(Path(text.replace("\0", "\\0") or "''"), "is no name of a file")
    return Path(os.path.abspath(Path(root, text)))  # noqa: PTH100  (".." goes, links stay)


def _check_inside(given: Path, place: str, real_root: str) -> None:
    below = place.removeprefix(real_root.rstrip(os.sep) + os.sep)
    if below == place or not below:
        moved = f" (it leads to {place})" if place != str(given) else ""
        raise Outside(given, f"is not inside {real_root}{moved}")
    if any(_is_gits(part) for part in Path(place).parts):
        raise Outside(given, "is in git's own folder")


def _is_gits(name: str) -> bool:
    return _NOT_SEEN.sub("", name).lower() in _FORBIDDEN
