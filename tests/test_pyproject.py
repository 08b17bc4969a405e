"""Tables of pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.pyproject import nearest, read_section


def test_nearest_upward(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert nearest(tmp_path / "a" / "b") == tmp_path / "pyproject.toml"
    (tmp_path / "a" / "pyproject.toml").write_text("")
    assert nearest(tmp_path / "a" / "b") == tmp_path / "a" / "pyproject.toml"


def test_section(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.one.two]\nthree = 3\n")
    assert read_section(file, "tool.one.two") == {"three": 3}
    assert read_section(file, "tool.other") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [("[tool", "is not valid TOML"), ("tool = 1", r"\[tool\.one\] must be a table"), (b"\xff", "is not valid TOML")],
)
def test_trouble_names_the_file(tmp_path: Path, text: str | bytes, message: str) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=message) as caught:
        read_section(file, "tool.one")
    assert str(file) in caught.value.message
