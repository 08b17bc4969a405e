"""What leads out of a folder is refused, by name and by link; what stays inside is resolved."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from soorgeon_clone.files import confine


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name in ("tasks", ".git/hooks", "inner"):
        (folder / name).mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("kept")
    (folder / "file-link").symlink_to(tmp_path / "outside/file")
    (folder / "folder-link").symlink_to(tmp_path / "outside")
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    (folder / "git-link").symlink_to(folder / ".git/hooks/pre-commit")
    (folder / "inner-link").symlink_to(folder / "inner")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize(
    "path",
    [
        *("../x", "tasks/../../x", "/etc/x", "", ".", "a\0b", "file-link", "folder-link", "folder-link/x", "dangling"),
        *(".git/hooks/pre-commit", ".GIT/config", "git-link", "tasks/.git/config", "pipe", "../project", "../project2"),
        *(".git", ".git./x", ".git /x", ".git::$INDEX_ALLOCATION/x", ".g\u200cit/x", "GIT~1/x"),
    ],
)
def test_what_leads_out_is_not_written(root: Path, path: str) -> None:
    with pytest.raises(confine.Outside):
        confine.written(root, path)


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "", ".", "folder-link/file", "folder-link/x", ".git/config", ".git"]
)
def test_what_leads_out_is_not_removed(root: Path, path: str) -> None:
    with pytest.raises(confine.Outside):
        confine.removed(root, path)


@pytest.mark.parametrize("path", ["file-link", "folder-link", "dangling", "pipe", "tasks", "inner-link/x"])
def test_a_link_itself_may_be_removed(root: Path, path: str) -> None:
    assert confine.removed(root, path).name == Path(path).name


def test_places_inside(root: Path) -> None:
    assert confine.written(root, "tasks/new/a.py") == root / "tasks/new/a.py"
    assert confine.written(root, "inner-link/a.py") == root / "inner/a.py"
    assert confine.written(root, root / "tasks" / ".." / "b") == root / "b"


def test_the_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(root)
    assert confine.written(tmp_path / "other", "a") == root / "a"


@pytest.mark.parametrize(
    "name", [None, 3, "", "/a", "../a", "a/../b", "a//b", "./a", "a\\..\\b", "C:/x", "a\0", "a/", []]
)
def test_no_relative_name(name: object) -> None:
    assert confine.relative_name(name) is None


@pytest.mark.parametrize("name", ["a", "a/b.c", "..a/b..", "a/...", "ä b"])
def test_relative_name(name: str) -> None:
    assert confine.relative_name(name) == name


@pytest.mark.parametrize("path", [".github/x", "git/x", ".gitignore", ".gitattributes", "a.git/x", "digit", ".git2"])
def test_names_that_only_look_like_gits(root: Path, path: str) -> None:
    assert confine.written(root, path) == root / path


def test_a_root_in_gits_folder(root: Path) -> None:
    for ask in (confine.written, confine.removed):
        with pytest.raises(confine.Outside, match="git's own folder"):
            ask(root / ".git", "hooks")
