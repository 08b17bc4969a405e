"""One wording for what the system refuses, in all commands."""

from __future__ import annotations

import errno
import os

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.problems import told, unwritable

CASES = [
    (errno.ENOSPC, "No space left to write to a/b", "Make room", 1),
    (errno.EDQUOT, "No space left to write to a/b", "Make room", 1),
    (errno.EROFS, "a/b cannot be written: the file system is read-only", "elsewhere", 2),
    (errno.EACCES, "a/b cannot be written: permission denied", "elsewhere", 2),
    (errno.EPERM, "a/b cannot be written: permission denied", "elsewhere", 2),
    (errno.ENAMETOOLONG, "a/b cannot be written: the name is longer than the file system takes", "elsewhere", 2),
    (errno.EISDIR, "a/b cannot be written: there is a folder of that name", "elsewhere", 2),
    (errno.ENOTDIR, "a/b cannot be written: there is a file where its folder should be", "elsewhere", 2),
    (errno.EIO, f"a/b cannot be written: {os.strerror(errno.EIO)}", "elsewhere", 1),
    (errno.EFBIG, "a/b cannot be written: it would be larger than a file may be", "elsewhere", 1),
]


@pytest.mark.parametrize(("number", "message", "hint", "code"), CASES, ids=lambda value: str(value)[:20])
def test_what_a_person_is_told(number: int, message: str, hint: str, code: int) -> None:
    with pytest.raises(UserError) as caught, told("a/b", "--into DIR writes elsewhere."):
        raise OSError(number, os.strerror(number), "a/.b.part")
    assert (caught.value.message, caught.value.exit_code) == (message, code)
    assert hint in str(caught.value.hint)
    assert str(caught.value.hint).startswith("Nothing was changed.")


def test_the_place_is_that_of_the_error_if_nobody_says() -> None:
    assert unwritable(OSError(errno.EIO, "bad", "one", None, "two")).message == "two cannot be written: bad"
    assert unwritable(OSError(errno.EIO, "bad", b"one")).message == "one cannot be written: bad"
    assert unwritable(OSError(errno.EIO, "bad", "a/.new-x1/new-0")).message == "a cannot be written: bad"
    assert unwritable(OSError("odd")).message == "the file cannot be written: odd"


def test_a_long_name_is_cut() -> None:
    assert len(unwritable(OSError(errno.ENAMETOOLONG, "x"), "y/" * 2000).message) < 250


def test_a_user_error_passes() -> None:
    with pytest.raises(UserError, match="mine"), told("a"):
        raise UserError("mine")
