"""A path -> gone, if it lies inside its folder. What a link leads to is never touched."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from soorgeon_clone.files import confine


def remove_file(root: Path, path: str | os.PathLike[str]) -> None:
    """Remove a file inside ``root``, or a link itself, if it is there. Raises `confine.Outside` and OSError."""
    place = confine.removed(root, path)
    with contextlib.suppress(FileNotFoundError):
        place.unlink()


def remove_tree(root: Path, path: str | os.PathLike[str]) -> None:
    """Remove a folder inside ``root`` with all that is in it, as far as that can be done; of a link, the link.

    Raises `confine.Outside`.
    """
    place = confine.removed(root, path)
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            place.unlink()
