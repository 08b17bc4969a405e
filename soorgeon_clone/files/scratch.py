"""A tool's own folder in a project -> files and folders in it that are its own: no links, nothing that was laid there.

Whoever lays out a project can put a link, a pipe or a device under each name that this tool uses. Entries are made with
exclusive flags, links are never followed, and what is in the way is removed as the entry that it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from soorgeon_clone.files.atomic import replacing
from soorgeon_clone.files.regular import NotRegular, open_regular

_BINARY = getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | _BINARY


def own_folder(root: Path, *names: str) -> Path:
    """Return the folder ``root/name/name...``, made where it is missing; each of ``names`` is a folder and no link.

    Raises OSError, with the path that is in the way.
    """
    folder = root
    for name in names:
        folder = folder / name
        try:
            mode = os.lstat(folder).st_mode
        except FileNotFoundError:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
            mode = os.lstat(folder).st_mode
        if not stat.S_ISDIR(mode):
            what = "it is a link" if stat.S_ISLNK(mode) else "it is no folder"
            raise NotADirectoryError(errno.ENOTDIR, f"{what}, and must be a folder of its own", str(folder))
    return folder


def is_own_folder(path: Path) -> bool:
    """Return whether there is a folder that is no link."""
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def is_own_file(path: Path) -> bool:
    """Return whether there is a regular file that is no link."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def new_file(path: Path, *, mode: int = 0o666) -> BinaryIO:
    """Open a new file for writing. Raises FileExistsError for whatever is there, a link that leads nowhere as well."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, mode), "wb")


def open_own(path: Path) -> BinaryIO:
    """Open a file for appending, made where it is missing. Raises OSError for a link, a pipe, a device, a folder."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _NO_LINK, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise OSError(error.errno, "it is a link, and must be a file of its own", str(path)) from None
        if error.errno == errno.ENXIO:
            raise NotRegular(path) from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise NotRegular(path)
        return os.fdopen(descriptor, "ab")
    except BaseException:
        os.close(descriptor)
        raise


def put_bytes(path: Path, data: bytes) -> None:
    """Write a file as a whole; a link of that name is replaced and not followed. Raises OSError."""
    with replacing(path) as file:
        file.write(data)


def put_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 as `put_bytes` does. Lone surrogates become ``\\udc80``."""
    put_bytes(path, text.encode("utf-8", "backslashreplace"))


def copy_new(source: Path, target: Path) -> None:
    """Copy a regular file, with its permissions, to a name that must be free. Raises OSError."""
    import shutil

    with open_regular(source) as old, new_file(target) as new:
        shutil.copyfileobj(old, new, 1 << 20)
        if hasattr(os, "fchmod"):
            os.fchmod(new.fileno(), stat.S_IMODE(os.fstat(old.fileno()).st_mode))


def remove(path: Path) -> None:
    """Remove an entry, a folder with all that is in it, a link itself. Nothing there is fine, and so is failure."""
    with contextlib.suppress(OSError):
        if is_own_folder(path):
            import shutil  # takes longer to import than most of what is done here

            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
