"""A path -> a folder: inside of another, or of our own where nobody else may look or write."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import confine

PREFIX = "soorgeon-clone-"


def make_folder(root: Path, path: str | os.PathLike[str]) -> Path:
    """Make a folder inside ``root``, with those above it, and return its real place.

    Raises `confine.Outside` and OSError.
    """
    place = confine.written(root, path)
    place.mkdir(parents=True, exist_ok=True)
    return place


def make_private(prefix: str = PREFIX, inside: Path | None = None) -> Path:
    """Make a new folder that only this user may enter (mode 0700), among the temporary ones or ``inside`` another."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=inside))


def make_again(folder: Path) -> None:
    """Make a private folder whose name is known already. Raises UserError if somebody else laid something there."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    strange = hasattr(os, "getuid") and (found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077)
    if strange or not stat.S_ISDIR(found.st_mode):
        raise UserError(
            f"{folder} is not a folder of this user alone", hint="Somebody else made it. Remove it, or set TMPDIR."
        )


def remove_private(folder: Path) -> None:
    """Remove a private folder with all that is in it, as far as that can be done. Links are not followed."""
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def private_folder(prefix: str = PREFIX) -> Iterator[Path]:
    """Give a private folder for as long as the block lasts."""
    folder = make_private(prefix)
    try:
        yield folder
    finally:
        remove_private(folder)


def nameless_file() -> int:
    """Return the descriptor of a new file that has no name, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("soorgeon-clone")
    descriptor, name = tempfile.mkstemp()
    os.unlink(name)  # noqa: PTH108
    return descriptor
