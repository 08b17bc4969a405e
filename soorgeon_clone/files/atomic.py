"""One file's new content -> the file: whole or not at all, under a name in between that nobody can foresee."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from soorgeon_clone.files import confine


def scratch_name(target: Path) -> Path:
    """Return a name beside ``target`` for what is being written. It begins with a dot and cannot be guessed."""
    # Names of files may be as long as the file system takes: the part that tells them apart must still fit.
    return target.with_name(f".{target.name[:40]}.{os.urandom(8).hex()}.part")


@contextlib.contextmanager
def replacing(target: Path, *, synced: bool = False) -> Iterator[BinaryIO]:
    """Give a new file to write to, which becomes ``target`` when the block ends, and is gone if it raises.

    ``target`` keeps its permissions. Its folder must exist. The new file is opened so that it cannot be a link or a
    file that somebody laid there. ``synced``: all its bytes are on the disk before it gets its name, so that not even
    a power cut tears it. Raises OSError, which names ``target``.
    """
    aside = scratch_name(target)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(aside, flags, 0o666)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file
                if synced:
                    file.flush()
                    os.fsync(file.fileno())
            with contextlib.suppress(FileNotFoundError):
                os.chmod(aside, stat.S_IMODE(os.stat(target).st_mode))  # noqa: PTH101, PTH116
            os.replace(aside, target)  # noqa: PTH105
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise
    except OSError as error:
        if error.errno is not None and error.filename in (str(aside), aside):  # a name that tells nobody anything
            raise OSError(error.errno, error.strerror, str(target)) from None
        raise


def write_bytes(
    root: Path,
    path: str | os.PathLike[str],
    data: bytes,
    *,
    new: bool = False,
    synced: bool = False,
    mode: int | None = None,
) -> Path:
    """Write a file inside ``root`` as a whole, and its folders where they are missing; return its real place.

    ``new``: a FileExistsError where there is something already. ``mode`` are its permissions, if not those of the file
    that it replaces. Raises `confine.Outside` where the path leads out of ``root``, and OSError.
    """
    target = confine.written(root, path)
    if new and os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    put(target, data, synced=synced)
    if mode is not None:
        target.chmod(mode)
    return target


def put(target: Path, data: bytes, *, synced: bool = False) -> None:
    """Write a file in a folder of our own, as a whole, with its folder. A link in its place is replaced, not followed.

    Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target, synced=synced) as file:
        file.write(data)


def write_text(root: Path, path: str | os.PathLike[str], text: str, *, new: bool = False) -> Path:
    """Write a text in UTF-8, line ends as they are, as `write_bytes` does. Lone surrogates become ``\\udc80``."""
    return write_bytes(root, path, text.encode("utf-8", "backslashreplace"), new=new)
