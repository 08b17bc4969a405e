"""A notebook's folder -> copies of it to run in, so that the folder itself stays as it is.

Around a copy stand links to what stands around the original, so that ``../data/prices.csv`` is found; large files are
links as well. `guard` sees to it that nobody writes through them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from soorgeon_clone.errors import UserError

LARGE_FILE = 50_000_000
MOST_BYTES = 500_000_000  # of all copied files; the rest are links
MOST_FILES = 20_000
_LEVELS = 3
_NEVER = {
    ".git",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".ipynb_checkpoints",
    ".soorgeon-clone",
    ".mypy_cache",
}


def copy_folder(original: Path, into: Path) -> Path:
    """Copy a folder to a new place below ``into`` and return it. Raise UserError where it has too many files, or is
    the whole disk."""
    original = original.resolve()
    if original == original.parent:
        raise UserError(
            "notebook and pipeline have no folder in common but the whole disk, which is not copied",
            hint="Run them where they stand with --in-place, or write the pipeline near the notebook (--into).",
            exit_code=2,
        )
    levels = list(original.parents)[:_LEVELS]
    names = [parent.name for parent in reversed(levels) if parent.name]
    folder = into.joinpath(*names, original.name or "root")
    folder.mkdir(parents=True)
    _copy(original, folder, into)
    above = folder.parent
    for parent in levels:
        _link_others(parent, above)
        above = above.parent
    return folder


def _copy(original: Path, folder: Path, into: Path) -> None:
    paths = list(islice(_files(original, into), MOST_FILES + 1))
    if len(paths) > MOST_FILES:
        raise UserError(
            f"{original} holds more than {MOST_FILES:,} files, too many to copy",
            hint="Put the notebook into a folder of its own, or run it where it stands with --in-place.",
            exit_code=2,
        )
    room = MOST_BYTES
    for path in paths:
        target = folder / path.relative_to(original)
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # gone meanwhile
            if path.is_symlink():
                target.symlink_to(_in_copy(Path(os.path.realpath(path)), original, folder))
            elif path.is_dir():
                target.mkdir(exist_ok=True)
            elif (size := path.stat().st_size) > min(LARGE_FILE, room):
                target.symlink_to(path)
            else:
                room -= size
                shutil.copy2(path, target)


def _in_copy(place: Path, original: Path, folder: Path) -> Path:
    """Return where a link of the copy leads to: what it led to in the original folder is copied as well."""
    parts = place.relative_to(original).parts if place.is_relative_to(original) else None
    return place if parts is None or _NEVER & {*parts} else folder.joinpath(*parts)


def _files(folder: Path, into: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except PermissionError:
        return
    for path in entries:
        if path.name in _NEVER or path == into:
            continue
        # os.path: what may not be looked at is none of the three
        if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
            yield path
            yield from _files(path, into)
        elif os.path.islink(path) or os.path.isfile(path):  # noqa: PTH113, PTH114
            yield path


def _link_others(original: Path, folder: Path) -> None:
    """Make links to what stands in a folder above, but for what is there already."""
    if original == original.parent:
        return
    try:
        entries = list(os.scandir(original))
    except OSError:
        return
    if len(entries) > 1000:
        return
    for entry in entries:
        link = folder / entry.name
        if not link.exists() and not link.is_symlink() and not entry.name.startswith(".git"):
            with contextlib.suppress(OSError):
                link.symlink_to(entry.path)
