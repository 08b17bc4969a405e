"""Several files at once or none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from soorgeon_clone.files.together import in_short, write_together


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_writes_and_removes(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    (tmp_path / "kept").write_text("before")
    (tmp_path / "kept").chmod(0o750)
    write_together({"kept": "after", "new/deep": "new"}, ["old", "gone"], tmp_path, tmp_path / ".aside")
    assert tree(tmp_path) == {"kept": "after", "new/deep": "new"}
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o750
    assert not list((tmp_path / ".aside").iterdir())


def test_a_link_keeps_pointing_at_its_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before")
    (tmp_path / "link").symlink_to("real")
    write_together({"link": "after"}, [], tmp_path, tmp_path)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"


def test_all_or_nothing(tmp_path: Path) -> None:
    """The third file cannot be written, since a folder has its name."""
    root = tmp_path / "root"
    (root / "third").mkdir(parents=True)
    (root / "first").write_text("before")
    before = tree(root), sorted(os.listdir(root))  # noqa: PTH208
    with pytest.raises(OSError):
        write_together({"first": "after", "new/second": "new", "third": "x"}, ["first"], root, root / ".aside")
    assert (tree(root), sorted(os.listdir(root))) == before  # noqa: PTH208


def test_many_paths_in_a_sentence() -> None:
    assert in_short("abc") == "a, b, c"
    assert in_short("abcdefg") == "a, b, c, d, e and 2 more"


def test_a_lone_surrogate_has_no_utf8(tmp_path: Path) -> None:
    write_together({"a": "\ud800"}, [], tmp_path, tmp_path)
    assert (tmp_path / "a").read_bytes() == b"\\ud800"


def test_a_relative_root_gets_no_folder_of_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_together({"a.txt": "a"}, [], Path("new"), Path("new/.aside"))
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [".aside", "a.txt"]
