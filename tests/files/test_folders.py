"""Folders inside of others, and those that nobody else may enter."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import confine, folders


def test_a_folder_inside(tmp_path: Path) -> None:
    assert folders.make_folder(tmp_path, "a/b") == tmp_path / "a/b"
    assert folders.make_folder(tmp_path, "a/b").is_dir()


@pytest.mark.parametrize("path", ["../x", "link/x", ".git/x", "/x"])
def test_a_folder_that_would_be_outside(path: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(confine.Outside):
        folders.make_folder(root, path)
    assert [one.name for one in tmp_path.iterdir()] == ["root"]


def test_a_private_folder(tmp_path: Path) -> None:
    with folders.private_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "link").symlink_to(tmp_path)
    assert not folder.exists()
    assert tmp_path.exists()
    inside = folders.make_private("x-", inside=tmp_path)
    assert inside.parent == tmp_path
    assert inside.name.startswith("x-")
    folders.remove_private(inside)
    assert not inside.exists()


def test_a_private_folder_is_made_again(tmp_path: Path) -> None:
    folder = folders.make_private(inside=tmp_path)
    folders.make_again(folder)
    folders.remove_private(folder)
    folders.make_again(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["open to others", "of another user", "link", "file"])
def test_what_somebody_laid_in_its_place_is_not_taken(kind: str, tmp_path: Path) -> None:
    """Between two servers of a build its name is free, and known to who looked."""
    folder = tmp_path / "known"
    if kind == "link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        folder.symlink_to("theirs")
    elif kind == "file":
        folder.write_text("")
        folder.chmod(0o600)
    else:
        folder.mkdir(mode=0o700)
        if kind == "open to others":
            folder.chmod(0o777)
        elif os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
        else:
            pytest.skip("only root may give a folder to somebody else")
    with pytest.raises(UserError, match="not a folder of this user alone"):
        folders.make_again(folder)


def test_a_file_without_a_name() -> None:
    descriptor = folders.nameless_file()
    os.write(descriptor, b"x")
    assert os.pread(descriptor, 9, 0) == b"x"
    os.close(descriptor)
