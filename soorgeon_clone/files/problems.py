"""What the operating system refused -> what a person is told, the same in all commands."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from soorgeon_clone.errors import UserError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REASONS = {
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENAMETOOLONG: "the name is longer than the file system takes",
    errno.EISDIR: "there is a folder of that name",
    errno.ENOTDIR: "there is a file where its folder should be",
    errno.EEXIST: "there is something of that name already",
    errno.EFBIG: "it would be larger than a file may be",
}
_MOST_SHOWN = 120  # characters of a path
ASIDE = ".new-"  # how a folder begins in which files wait until all are there; what is in it tells nobody anything


def unwritable(error: OSError, path: str | os.PathLike[str] | None = None, hint: str = "") -> UserError:
    """Return the error for a file that could not be written or removed. ``hint`` says where else it could go."""
    where = _shown(path if path is not None else error.filename2 or error.filename or "the file")
    if error.errno in _FULL:
        return UserError(f"No space left to write to {where}", hint="Nothing was changed. Make room and try again.")
    reason = _REASONS.get(error.errno or 0) or error.strerror or str(error)
    return UserError(
        f"{where} cannot be written: {reason}",
        hint=f"Nothing was changed. {hint}".strip(),
        exit_code=2 if error.errno in _REASONS and error.errno != errno.EFBIG else 1,
    )


@contextlib.contextmanager
def told(path: str | os.PathLike[str] | None = None, hint: str = "") -> Iterator[None]:
    """Turn an OSError of the block, which writes one thing, into a UserError as `unwritable` words it."""
    try:
        yield
    except OSError as error:
        raise unwritable(error, path, hint) from None


def _shown(path: str | bytes | os.PathLike[str] | int) -> str:
    text = os.fsdecode(path) if not isinstance(path, int) else str(path)
    text = text.partition(f"{os.sep}{ASIDE}")[0]
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN // 2]}...{text[-_MOST_SHOWN // 2 :]}"
