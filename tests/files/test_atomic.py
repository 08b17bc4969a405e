"""A file is written as a whole or stays what it was, and never through what somebody laid in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.files import atomic, confine


def test_new_file_with_folders(tmp_path: Path) -> None:
    assert atomic.write_text(tmp_path, "a/b", "text\r\n\ud800") == tmp_path / "a/b"
    assert (tmp_path / "a/b").read_bytes() == b"text\r\n\\ud800"


def test_permissions_stay_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "a").chmod(0o640)
    atomic.write_bytes(tmp_path, "a", b"new")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_failure_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(RuntimeError), atomic.replacing(tmp_path / "a") as file:
        file.write(b"half")
        raise RuntimeError
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").symlink_to(tmp_path / "out")
    with pytest.raises(confine.Outside):
        atomic.write_bytes(tmp_path / "in", "a", b"x")
    assert not (tmp_path / "out").exists()


def test_the_longest_name_still_fits(tmp_path: Path) -> None:
    assert atomic.write_bytes(tmp_path, "x" * 255, b"x").name == "x" * 255
