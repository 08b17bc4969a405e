"""A file is written as a whole or stays what it was, and never through what somebody laid in the way."""

from __future__ import annotations

import errno
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


def test_only_where_there_is_nothing(tmp_path: Path) -> None:
    atomic.write_text(tmp_path, "a", "x", new=True)
    with pytest.raises(FileExistsError):
        atomic.write_text(tmp_path, "a", "y", new=True)
    assert (tmp_path / "a").read_text() == "x"


def test_permissions_that_are_asked_for(tmp_path: Path) -> None:
    assert atomic.write_bytes(tmp_path, "a", b"", mode=0o750).stat().st_mode & 0o777 == 0o750


def test_a_hard_link_is_cut(tmp_path: Path) -> None:
    """The other name of the file is none of ours."""
    (tmp_path / "outside").write_text("kept")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a").hardlink_to(tmp_path / "outside")
    atomic.write_bytes(tmp_path / "in", "a", b"new")
    assert (tmp_path / "outside").read_text() == "kept"


def test_a_place_of_our_own_replaces_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "outside")
    atomic.put(tmp_path / "a", b"x", synced=True)
    assert not (tmp_path / "a").is_symlink()
    assert not (tmp_path / "outside").exists()


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    (tmp_path / "a").write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError) as caught:
            atomic.write_bytes(tmp_path, "a", b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.EFBIG
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_error_names_the_file_and_not_what_is_aside(tmp_path: Path) -> None:
    for name in ("folder", "x" * 256):
        (tmp_path / "folder").mkdir(exist_ok=True)
        with pytest.raises(OSError) as caught:
            atomic.write_bytes(tmp_path, name, b"x")
        assert caught.value.filename == str(tmp_path / name)
    with pytest.raises(FileNotFoundError) as missing, atomic.replacing(tmp_path / "no/a"):
        pass
    assert missing.value.filename == str(tmp_path / "no/a")
