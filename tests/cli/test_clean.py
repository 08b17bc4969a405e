"""``clean`` as people and hooks call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lint.notebooks import code, ipynb

from soorgeon_clone.cli.clean import command

MESSY = ipynb(code("import sys\nimport os\nx   = 1", 3, {"output_type": "stream", "name": "stdout", "text": ["1"]}))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def clean(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), input=stdin, catch_exceptions=False)


def test_cleans(folder: Path) -> None:
    path = folder / "a.ipynb"
    path.write_bytes(MESSY)
    assert clean("--check", ".").exit_code == 1
    assert clean("--diff", ".").exit_code == 1
    assert path.read_bytes() == MESSY
    assert clean(".").exit_code == 0
    cell = json.loads(path.read_bytes())["cells"][0]
    assert cell["source"] == ["import os\n", "import sys\n", "\n", "x = 1"]
    assert cell["outputs"]
    assert clean("--check", ".").exit_code == 0
    assert clean("--strip-outputs", "--no-format", ".").exit_code == 0
    cell = json.loads(path.read_bytes())["cells"][0]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_stdin() -> None:
    assert clean("-", stdin=b"# %%\nx   = 1\n").stdout == "# %%\nx = 1\n"


def test_trouble(folder: Path) -> None:
    (folder / "bad.ipynb").write_bytes(ipynb("x = ("))
    (folder / "good.ipynb").write_bytes(MESSY)
    result = clean(".")
    assert result.exit_code == 2
    assert "bad.ipynb cannot be formatted" in result.stderr
    assert (folder / "good.ipynb").read_bytes() != MESSY


def test_scripts(folder: Path) -> None:
    (folder / "a.py").write_text("# %%\n# %time   x\nx   = 1\n")
    assert clean("a.py").exit_code == 0
    assert (folder / "a.py").read_text() == "# %%\n# %time   x\nx = 1\n"
