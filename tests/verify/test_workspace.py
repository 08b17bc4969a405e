"""Copies of a notebook's folder, and the guard that keeps code in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import soorgeon_clone
from soorgeon_clone.errors import UserError
from soorgeon_clone.verify import workspace


def test_files_folders_and_links(tmp_path: Path) -> None:
    original = tmp_path / "project" / "notebooks"
    (original / "data").mkdir(parents=True)
    (original / "data" / "a.csv").write_text("1")
    (original / ".git").mkdir()
    (original / "link.csv").symlink_to(original / "data" / "a.csv")
    (original.parent / "shared.txt").write_text("2")
    folder = workspace.copy_folder(original, tmp_path / "work")
    assert folder.name == "notebooks"
    assert (folder / "data" / "a.csv").read_text() == (folder / "link.csv").read_text() == "1"
    assert not (folder / ".git").exists()
    assert (folder / ".." / "shared.txt").read_text() == "2"
    (folder / "data" / "a.csv").write_text("changed")
    (folder.parent / "new.txt").write_text("changed")
    assert (original / "data" / "a.csv").read_text() == "1"
    assert not (original.parent / "new.txt").exists()


def test_a_link_leads_to_the_copy_of_what_it_led_to(tmp_path: Path) -> None:
    """So that what is written through it stays in the copy."""
    original = tmp_path / "project"
    (original / "docs").mkdir(parents=True)
    (original / ".git").mkdir()
    (original / "docs/README.md").write_text("kept")
    (original / ".git/config").write_text("kept")
    (tmp_path / "outside").write_text("kept")
    links = {"README.md": "docs/README.md", "folder": "docs", "git": ".git/config", "out": "../outside", "loop": "loop"}
    for name, target in links.items():
        (original / name).symlink_to(target)
    folder = workspace.copy_folder(original, tmp_path / "work")
    (folder / "README.md").write_text("changed")
    assert (folder / "docs/README.md").read_text() == (folder / "folder/README.md").read_text() == "changed"
    assert (original / "docs/README.md").read_text() == "kept"
    assert (folder / "git").read_text() == (folder / "out").read_text() == "kept"


def test_large_files_are_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "LARGE_FILE", 10)
    monkeypatch.setattr(workspace, "MOST_BYTES", 12)
    original = tmp_path / "nb"
    original.mkdir()
    for name, size in (("a", 11), ("b", 9), ("c", 9)):
        (original / name).write_text("x" * size)
    folder = workspace.copy_folder(original, tmp_path / "work")
    assert [(folder / name).is_symlink() for name in "abc"] == [True, False, True]


def test_the_whole_disk_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="whole disk") as caught:
        workspace.copy_folder(Path(tmp_path.anchor), tmp_path / "work")
    assert "--in-place" in str(caught.value)
    assert not (tmp_path / "work").exists()


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "MOST_FILES", 3)
    for number in range(5):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(UserError, match="too many to copy"):
        workspace.copy_folder(tmp_path, tmp_path / "work")


# what code does in the copy -> whether it may
ATTEMPTS = {
    "open('x.txt', 'w')": True,
    "open(original + '/data.txt')": True,
    "open(original + '/data.txt', 'a')": False,
    "open(original + '/data.txt', 'r+')": False,
    "open(original + '/new.txt', 'w')": False,
    "os.remove(original + '/data.txt')": False,
    "os.rename('here.txt', original + '/there.txt')": False,
    "os.mkdir(original + '/folder')": False,
    "shutil.rmtree(original)": False,
    "shutil.copy('here.txt', original)": False,
    "os.makedirs('a/b/c'); os.remove('here.txt')": True,
    "tempfile.TemporaryFile()": True,
    "open(os.devnull, 'w')": True,
    "open('link.txt', 'w')": False,
    "open('link.txt')": True,
    "pathlib.Path(original, 'data.txt').unlink()": False,
    "sqlite3.connect(':memory:')": True,
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_guard(attempt: str, tmp_path: Path) -> None:
    original, folder, record = tmp_path / "original", tmp_path / "copy", tmp_path / "record"
    original.mkdir()
    folder.mkdir()
    (original / "data.txt").write_text("mine")
    (folder / "here.txt").write_text("x")
    (folder / "link.txt").symlink_to(original / "data.txt")
    code = f"""
import os, pathlib, shutil, sqlite3, sys, tempfile
sys.path.insert(0, {str(Path(soorgeon_clone.__file__).parents[1])!r})
from soorgeon_clone.verify import guard
original = {str(original)!r}
guard.install({str(folder)!r}, original, {str(record)!r})
try:
    {attempt}
except guard.OutsideWrite:
    sys.exit(7)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == (0 if ATTEMPTS[attempt] else 7), done.stderr
    assert record.exists() is not ATTEMPTS[attempt]
    assert (original / "data.txt").read_text() == "mine"
    assert len(list(original.iterdir())) == 1
