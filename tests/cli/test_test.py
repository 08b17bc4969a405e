"""``test`` runs a notebook and explains a failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lint.notebooks import ipynb

from soorgeon_clone.cli.test import command


def run(path: Path, *cells: str, out: Path | None = None) -> Result:
    path.write_bytes(ipynb(*cells))
    arguments = [str(path), *([str(out)] if out else [])]
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_runs_in_its_own_folder_and_leaves_the_notebook(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("5")
    path = tmp_path / "a.ipynb"
    result = run(path, "x = open('data.txt').read()", "x", out=tmp_path / "out.ipynb")
    assert result.exit_code == 0, result.output
    assert path.read_bytes() == ipynb("x = open('data.txt').read()", "x")
    executed = json.loads((tmp_path / "out.ipynb").read_text())
    assert executed["cells"][1]["outputs"][0]["data"]["text/plain"] in ("'5'", ["'5'"])


@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        (
            ["x = 1", "y = 2\nimport no_such_thing"],
            ["cell 2, line 2: ModuleNotFoundError", "pip install no-such-thing"],
        ),
        (["import sklearn_gone_wrong"], ["pip install sklearn-gone-wrong"]),
        (["import json\njson.no_such_attribute"], ["has no json.no_such_attribute", "removed"]),
        (["from json import gone"], ["ImportError", "has no json.gone"]),
        (["open('dta.csv')"], ["FileNotFoundError", "Did you mean data.csv?"]),
        (["print(later)", "later = 1"], ["later is defined only later, in cell 2", "lint --fix"]),
        (["x = 1", "x = ("], ["cell 2, line 1: SyntaxError: incomplete input\n"]),
        (["print(nowhere)"], ["No cell defines nowhere"]),
        (["'abc'.no_such"], ["AttributeError", "A str of the installed version has no no_such"]),
        (["import os\nos.getcwdx()"], ["Python 3.", "has no os.getcwdx"]),
        (["input()"], ["Nobody is there to answer"]),
        (["1 / 0"], ["cell 1, line 1: ZeroDivisionError", ">   1 | 1 / 0"]),
    ],
)
def test_explains(tmp_path: Path, cells: list[str], parts: list[str]) -> None:
    (tmp_path / "data.csv").write_text("a\n")
    result = run(tmp_path / "a.ipynb", *cells, out=tmp_path / "out.ipynb")
    assert result.exit_code == 1
    for part in parts:
        assert part in result.stderr
    assert (tmp_path / "out.ipynb").exists()
