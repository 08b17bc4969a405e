"""Fixes mend what was found, stop where nothing is left, and leave the rest of the file alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lint.notebooks import code, ipynb, text
from soorgeon_clone.lint.check import check_bytes
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.fix import fixed
from soorgeon_clone.notebook.read import parse

FIXTURES = Path(__file__).parents[2] / "fixtures"


def mend(*cells: object, unsafe: bool = False, select: tuple[str, ...] | None = None) -> list[str]:
    result = fixed(ipynb(*cells), None, Settings(select=select), unsafe=unsafe)  # type: ignore[arg-type]
    assert not result.note
    return [cell.source for cell in parse(result.data, None).cells]


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["import os", "x = 1\nprint(x)", ""], ["x = 1\nprint(x)"]),
        (["import os, sys\nprint(sys.argv)"], ["import sys\nprint(sys.argv)"]),
        (["from math import pi, tau  # circles\nprint(pi)"], ["from math import pi  # circles\nprint(pi)"]),
        (["from math import (\n    pi,\n    tau,\n)\nprint(pi)"], ["from math import (\n    pi,\n)\nprint(pi)"]),
        (["from math import (pi,\n    tau)\nprint(pi)"], ["from math import pi\nprint(pi)"]),
        (["import os; x = 1\nprint(x)"], ["import os; x = 1\nprint(x)"]),
        (["from math import *\nprint(pi, sqrt(2))"], ["from math import pi, sqrt\nprint(pi, sqrt(2))"]),
        (
            ["import sys", "x = sys.argv", "import os\nprint(os, x)"],
            ["import sys\nimport os", "x = sys.argv", "print(os, x)"],
        ),
        (["print(x)", "x = 1"], ["x = 1", "print(x)"]),
        (["import os\nif True:\n    import sys\n    print(sys)"], ["if True:\n    import sys\n    print(sys)"]),
        (["# a comment\nimport os", "print(1)"], ["# a comment", "print(1)"]),
    ],
)
def test_mends(cells: list[str], wanted: list[str]) -> None:
    assert mend(*cells) == wanted


@pytest.mark.parametrize(
    ("cells", "safe", "unsafe"),
    [
        # what an import gives may depend on a path that was added
        (
            ["import sys", "sys.path.append('lib')", "import mine\nprint(mine)"],
            ["import sys", "sys.path.append('lib')", "import mine\nprint(mine)"],
            ["import sys\nimport mine", "sys.path.append('lib')", "print(mine)"],
        ),
    ],
)
def test_unsafe_fixes_must_be_asked_for(cells: list[str], safe: list[str], unsafe: list[str]) -> None:
    cells = ["x = 1\nprint(x)", *cells]
    assert mend(*cells)[1:] == safe
    assert mend(*cells, unsafe=True)[1:] == unsafe


def test_counts() -> None:
    done = fixed(ipynb(code("x = 1", 3), code("print(x)", 7)), None, Settings())
    assert [cell["execution_count"] for cell in json.loads(done.data)["cells"]] == [1, 2]
    twice = ipynb(code("x = 1", 1), code("print(x)", 1))
    assert fixed(twice, None, Settings()).data == twice
    done = fixed(twice, None, Settings(), unsafe=True)
    assert [cell["execution_count"] for cell in json.loads(done.data)["cells"]] == [1, 2]


def test_counts_follow_moved_cells() -> None:
    done = fixed(ipynb(text("# Title"), code("print(x)", 5), code("x = 1", 4)), None, Settings())
    cells = json.loads(done.data)["cells"]
    assert [(cell["source"], cell.get("execution_count")) for cell in cells] == [
        (["# Title"], None),
        (["x = 1"], 1),
        (["print(x)"], 2),
    ]
    assert done.ordering is not None
    assert [move.reason for move in done.ordering.moves]


def test_only_rules_that_are_on() -> None:
    cells = ["print(x)", "x = 1\nimport os"]
    assert mend(*cells, select=("SG209",)) == ["print(x)", "x = 1"]


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.ipynb")), ids=lambda path: path.name)
def test_a_second_time_changes_nothing(path: Path) -> None:
    once = fixed(path.read_bytes(), path, Settings(), unsafe=True)
    assert fixed(once.data, path, Settings(), unsafe=True).data == once.data
    left = check_bytes(once.data, path, Settings()).diagnostics
    mended = {one.code for one in once.mended}
    assert not [one for one in left if one.code in mended and one.finding.fix is not None and one.finding.fix.safe]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"cells": []}',
        b"\xff\xfe",
        ipynb(),
        json.dumps({"nbformat": 3, "worksheets": [{"cells": []}]}).encode(),
    ],
)
def test_what_cannot_be_read_stays(data: bytes) -> None:
    assert fixed(data, None, Settings()).data == data


def test_formats_that_are_not_edited() -> None:
    data = b"---\njupyter: {}\n---\n\n```python\nimport os\n```\n"
    done = fixed(data, Path("x.md"), Settings())
    assert done.data == data
    assert "x.md is not mended" in done.note


def test_the_mark_in_front_of_a_file_stays() -> None:
    mark = b"\xef\xbb\xbf"
    assert fixed(mark + ipynb("x = 1", ""), None, Settings()).data == mark + ipynb("x = 1")
    assert fixed(mark + b"# %%\nimport os\nx = 1\n", Path("a.py"), Settings()).data == mark + b"# %%\nx = 1\n"


@pytest.mark.parametrize(
    "cells",
    [
        ["import mysetup\nprint(1)"],  # unused, and perhaps imported for what it does
        ["import os\nos.getcwd()", "x = 1", "import mysetup\nmysetup.f(x)"],  # may see what is above it
        ["import os\nos.getcwd()", "import warnings\nwarnings.filterwarnings('ignore')", "import pandas\npandas.x"],
        ["import os\nos.getcwd()", "x = pow(2, 3)", "from math import pow\npow(2, x)"],  # above, it is the builtin
    ],
)
def test_imports_that_may_do_something_stay(cells: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mysetup.py").write_text("")
    assert mend(*cells, select=("SG209", "SG511")) == cells


def test_imports_of_libraries_move() -> None:
    cells = ["import os\nos.getcwd()", "x = 1", "import sktime\nsktime.f(x)"]
    assert mend(*cells, select=("SG511",)) == ["import os\nimport sktime\nos.getcwd()", "x = 1", "sktime.f(x)"]


def test_a_star_import_keeps_what_a_text_names() -> None:
    done = mend("from string import *", 'x = digits\nprint("a < @hexdigits")')
    assert done[0] == "from string import digits, hexdigits"
