"""What a person did with files that a command wrote is seen by their content, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.generated import digest, is_own_file, is_text, outdated, recorded, text_now


def test_texts_of_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("ä\r\n".encode())
    (tmp_path / "b").write_bytes(b"\xff\xfe")
    (tmp_path / "folder").mkdir()
    text = text_now(tmp_path / "b")
    assert text_now(tmp_path / "a") == "ä\r\n" and text_now(tmp_path / "none") is None
    assert text is not None and not is_text(text) and is_text("ä")
    assert digest(text) != digest("")
    with pytest.raises(UserError, match="folder cannot be read"):
        text_now(tmp_path / "folder")


def test_line_ends_do_not_count() -> None:
    assert digest("a\r\nb\n") == digest("a\nb\n") != digest("a\nb")


def test_a_record_names_only_what_the_command_writes() -> None:
    names = {"tasks/a.py": "1", "../a.py": "1", "/etc/a.py": "1", "a.sh": "1", "b.py": 2}
    assert recorded(names, lambda name: name.endswith(".py")) == {"tasks/a.py": "1", "b.py": "2"}


def test_what_goes_and_what_stays() -> None:
    known = {name: digest("ours") for name in "abc"}
    now = {"a": "ours", "b": "theirs", "c": None}
    assert outdated("abc", known, now, force=False) == (["a"], ["b"])
    assert outdated("abc", known, now, force=True) == (["a", "b"], [])


def test_a_link_is_no_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert is_own_file(tmp_path / "a") and not is_own_file(tmp_path / "b") and not is_own_file(tmp_path / "c")
