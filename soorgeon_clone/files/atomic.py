"""One file's new content -> the file: whole or not at all, under a name in between that nobody can foresee."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from soorgeon_clone.files import confine


def scratch_name(target: Path) -> Path:
    """Return a name beside ``target`` for what is being written. It begins with a dot and cannot be guessed."""
    # Names of files may be as long as the file system takes: the part that tells them apart must still fit.
    return target.with_name(f".{target.name[:40]}.{os.urandom(8).hex()}.part")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Give a new file to write to, which becomes ``target`` when the block ends, and is gone if it raises.

    ``target`` keeps its permissions. Its folder must exist. The new file is opened so that it cannot be a link or a
    file that somebody laid there. Raises OSError.
    """
    aside = scratch_name(target)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(aside, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(target, aside)
        os.replace(aside, target)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise


def write_bytes(root: Path, path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file inside ``root`` as a whole, and its folders where they are missing; return its real place.

    Raises `confine.Outside` where the path leads out of ``root``, and OSError.
    """
    target = confine.written(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as file:
        file.write(data)
    return target


def write_text(root: Path, path: str | os.PathLike[str], text: str) -> Path:
    """Write a text in UTF-8, line ends as they are, as `write_bytes` does. Lone surrogates become ``\\udc80``."""
    return write_bytes(root, path, text.encode("utf-8", "backslashreplace"))
