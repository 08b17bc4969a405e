"""What a person names: its folder is a choice, a link of that name is not; streams are streams."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import confine
from soorgeon_clone.files.named import open_log, write_made, write_named


def test_a_file_with_its_folder(tmp_path: Path) -> None:
    write_named(tmp_path / "a/b", "ä\n")
    assert (tmp_path / "a/b").read_bytes() == "ä\n".encode()
    write_named(str(tmp_path / "a/b"), b"x")
    assert (tmp_path / "a/b").read_bytes() == b"x"
    assert os.listdir(tmp_path / "a") == ["b"]  # noqa: PTH208


def test_the_folder_may_be_a_link_and_the_file_a_link_beside(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    (tmp_path / "there/page").symlink_to("other")
    write_named(tmp_path / "link/page", "x")
    assert (tmp_path / "there/page").is_symlink()
    assert (tmp_path / "there/other").read_text() == "x"


@pytest.mark.parametrize("path", [".", "..", "/", "a/.."])
def test_a_folder_is_no_file(path: str) -> None:
    with pytest.raises(UserError, match="is a folder, and no name of a file\nName a file in it"):
        write_named(path, "x")


@pytest.mark.parametrize("write", [lambda path: write_named(path, "x"), open_log], ids=["file", "log"])
@pytest.mark.parametrize("name", ["link", "dangling", "null", "pipe", ".git/x", "", "..", "a\0b", "\0/b", "loop/x"])
def test_what_is_refused(name: str, write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    (folder / ".git").mkdir(parents=True)
    (tmp_path / "out").write_text("kept")
    for link, target in {"link": "../out", "dangling": "../new", "null": "/dev/null", "loop": "loop"}.items():
        (folder / link).symlink_to(target)
    os.mkfifo(folder / "pipe")
    monkeypatch.chdir(folder)
    with pytest.raises(UserError) as caught:
        write(name)  # type: ignore[operator]
    assert caught.value.exit_code == 2 or name == "loop/x"
    assert (tmp_path / "out").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "out"]
    assert not list((folder / ".git").iterdir())


def test_what_can_be_made_again_takes_no_place_of_a_source(tmp_path: Path) -> None:
    for name in ("a.ipynb", "a.PY", "a.yaml"):
        (tmp_path / name).write_text("by hand")
        with pytest.raises(UserError, match="would be overwritten"):
            write_made(tmp_path / name, "<html>")
        assert (tmp_path / name).read_text() == "by hand"
    for text in ("one", "two"):
        write_made(tmp_path / "a.html", text)
        assert (tmp_path / "a.html").read_text() == text


def test_a_log_goes_on(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("one\n")
    with open_log(tmp_path / "log") as log:
        log.write("two \ud800\n")
    assert (tmp_path / "log").read_text() == "one\ntwo \\ud800\n"
    with open_log("/dev/null") as log:
        log.write("gone")


@pytest.fixture
def pipe() -> Iterator[tuple[int, str]]:
    reader, writer = os.pipe()
    yield reader, f"/dev/fd/{writer}"
    os.close(reader)
    os.close(writer)


def test_a_stream_of_the_system(pipe: tuple[int, str], tmp_path: Path) -> None:
    write_named(pipe[1], "through")
    assert os.read(pipe[0], 100) == b"through"
    write_named("/dev/null", "gone")
    with pytest.raises(UserError, match="No space left to write to /dev/full"):
        write_named("/dev/full", "x")


def test_a_folder_below_dev_is_a_folder() -> None:
    place = Path("/dev/shm")
    if not place.is_dir():
        pytest.skip("this system has no folder below /dev")
    name = place / f"soorgeon-clone-{os.getpid()}"
    try:
        write_named(name, "x")
        assert name.read_text() == "x"
    finally:
        name.unlink(missing_ok=True)


def test_is_confine_asked(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/etc/hostname")
    with pytest.raises(confine.Outside, match="it leads to /etc/hostname"):
        write_named(tmp_path / "a", "x")
