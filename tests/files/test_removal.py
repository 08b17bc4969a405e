"""Removing stays inside, and never goes through a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from soorgeon_clone.files.confine import Outside
from soorgeon_clone.files.removal import remove_file, remove_tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "tree/deep").mkdir(parents=True)
    (folder / "tree/deep/file").write_text("x")
    (folder / "file").write_text("x")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kept").write_text("kept")
    (folder / "tree/link").symlink_to(tmp_path / "outside")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "file-link").symlink_to(tmp_path / "outside/kept")
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("kept")
    return folder


@pytest.mark.parametrize("remove", [remove_file, remove_tree])
@pytest.mark.parametrize("path", ["file", "file-link", "link", "missing"])
def test_files_and_links_themselves(root: Path, tmp_path: Path, path: str, remove: object) -> None:
    remove(root, path)  # type: ignore[operator]
    assert not os.path.lexists(root / path)
    assert (tmp_path / "outside/kept").read_text() == "kept"


def test_a_tree_without_what_its_links_lead_to(root: Path, tmp_path: Path) -> None:
    remove_tree(root, "tree")
    assert not (root / "tree").exists()
    assert (tmp_path / "outside/kept").exists()


@pytest.mark.parametrize("remove", [remove_file, remove_tree])
@pytest.mark.parametrize("path", ["link/kept", "../outside", "../outside/kept", ".", "", "..", ".git", ".git/config"])
def test_what_is_refused(root: Path, tmp_path: Path, path: str, remove: object) -> None:
    with pytest.raises(Outside):
        remove(root, path)  # type: ignore[operator]
    assert (tmp_path / "outside/kept").exists()
    assert (root / ".git/config").exists()


def test_a_folder_is_no_file(root: Path) -> None:
    with pytest.raises(OSError):
        remove_file(root, "tree")
