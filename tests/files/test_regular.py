"""Only regular files are read, and nothing waits for a pipe."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from soorgeon_clone.files import regular


def test_a_file_and_a_link_to_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x\r\ny")
    (tmp_path / "b").symlink_to("a")
    assert regular.read_bytes(tmp_path / "b") == b"x\r\ny"
    assert regular.read_text(tmp_path / "b") == "x\ny"
    assert regular.is_regular(tmp_path / "b")
    with pytest.raises(regular.TooLarge):
        regular.read_bytes(tmp_path / "a", limit=3)


@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    with socket.socket(socket.AF_UNIX) as server:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "socket":
            server.bind(str(path))
        else:
            path.symlink_to("/dev/zero")
        assert not regular.is_regular(path)
        with pytest.raises(regular.NotRegular) as error:
            regular.read_bytes(path)
    assert "not a file" in str(error.value.strerror)


def test_folders_missing_files_and_names_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        regular.read_bytes(tmp_path)
    for name in ("missing", "a\0b", "x" * 300):
        assert not regular.is_regular(tmp_path / name)
        with pytest.raises(OSError):
            regular.read_bytes(tmp_path / name)
