"""A path -> the bytes of the file there. Only regular files are read: a pipe would hang, a device would never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


class NotRegular(OSError):
    """There is something else than a file: a pipe, a socket, a device. ``strerror`` says so."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(errno.EINVAL, "it is a pipe, a socket or a device, not a file", os.fspath(path))


class TooLarge(OSError):
    """The file is larger than anything of its kind. ``strerror`` says how large it may be."""

    def __init__(self, path: str | os.PathLike[str], limit: int) -> None:
        super().__init__(errno.EFBIG, f"it is larger than {limit // 10**6} MB", os.fspath(path))


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading; links are followed. Raises OSError: `NotRegular` for anything but a file."""
    # Opening must not wait for a writer of a pipe, and must not wake a device.
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            raise NotRegular(path) if not os.path.isdir(path) else _folder(path)  # noqa: PTH112
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except ValueError as error:  # a NUL in the name
        raise OSError(errno.EINVAL, str(error), os.fspath(path)) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):  # it was exchanged meanwhile
            raise NotRegular(path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bytes(path: str | os.PathLike[str], *, limit: int | None = None) -> bytes:
    """Return the content of a regular file. Raises OSError; `TooLarge` if it has more than ``limit`` bytes."""
    with open_regular(path) as file:
        if limit is None:
            return file.read()
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(path, limit)
    return data


def read_text(path: str | os.PathLike[str], *, encoding: str = "utf-8", limit: int | None = None) -> str:
    """Return the text of a regular file, line ends as ``\\n``. Raises OSError and UnicodeDecodeError."""
    text = read_bytes(path, limit=limit).decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_regular(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a regular file, or a link to one."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def _folder(path: str | os.PathLike[str]) -> OSError:
    return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(Path(path)))


def did_you_mean(path: Path) -> str:
    """Return the question whether a file was meant that is almost called so, "" where there is none."""
    import difflib

    try:
        names = [entry.name for entry in os.scandir(path.parent)]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f"Did you mean {path.with_name(near[0]).as_posix()}?" if near else ""
