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
    assert "bad.ipynb, cell 1 is left as it is" in result.stderr
    assert (folder / "good.ipynb").read_bytes() != MESSY


def test_a_script_whose_blank_lines_part_cells_says_why_it_stays(folder: Path) -> None:
    (folder / "a.py").write_text("import os, sys\nx=  1\n")
    assert "a.py, cell 1 is left as it is: the format of the file cannot hold its new text" in clean("a.py").stderr


def test_scripts(folder: Path) -> None:
    (folder / "a.py").write_text("# %%\n# %time   x\nx   = 1\n")
    assert clean("a.py").exit_code == 0
    assert (folder / "a.py").read_text() == "# %%\n# %time   x\nx = 1\n"


def test_all_formats_that_refactor_takes(folder: Path) -> None:
    (folder / "page.md").write_text("# Title\n\n```python\nx   = 1\n```\n")
    (folder / "page.Rmd").write_text("# Title\n\n```{python}\nx   = 1\n```\n")
    assert clean("page.md", "page.Rmd").exit_code == 0
    assert (folder / "page.md").read_text() == "# Title\n\n```python\nx = 1\n```\n"
    assert (folder / "page.Rmd").read_text() == "# Title\n\n```{python}\nx = 1\n```\n"


def test_messages_name_the_file_and_the_reason(folder: Path) -> None:
    (folder / "bad.ipynb").write_bytes(ipynb("def f(:"))
    assert "Error: gone.ipynb: no such file" in clean("gone.ipynb").stderr
    assert "bad.ipynb, cell 1 is left as it is: line 1, column 7: invalid syntax" in clean("bad.ipynb").stderr


def test_other_languages_pass_through() -> None:
    foreign = ipynb("x <- 1", metadata={"kernelspec": {"language": "R", "name": "ir", "display_name": "R"}})
    result = clean("-", stdin=foreign)
    assert result.exit_code == 0
    assert result.stdout_bytes == foreign
    assert "not in Python" in result.stderr
