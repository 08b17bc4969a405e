"""Edits change what they say and not a byte more, whatever the file looks like."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from lint.notebooks import code, ipynb, text
from soorgeon_clone.lint.document import CannotEdit, edited, overlap
from soorgeon_clone.lint.model import Edit, RemoveCell, ReplaceRows, SetCount
from soorgeon_clone.notebook.read import parse, read

NOTEBOOKS = sorted((Path(__file__).parents[2] / "fixtures").rglob("*.ipynb"))

LAYOUTS = {
    "as Jupyter": lambda data: json.dumps(data, indent=1, ensure_ascii=False) + "\n",
    "without a line at the end": lambda data: json.dumps(data, indent=1, ensure_ascii=False),
    "four spaces": lambda data: json.dumps(data, indent=4, ensure_ascii=False) + "\n",
    "tabs": lambda data: json.dumps(data, indent="\t", ensure_ascii=True) + "\n\n",
    "one line": lambda data: json.dumps(data),
    "no spaces": lambda data: json.dumps(data, separators=(",", ":")),
    "sorted": lambda data: json.dumps(data, indent=1, sort_keys=True) + "\n",
    "Windows": lambda data: (json.dumps(data, indent=1) + "\n").replace("\n", "\r\n"),
    "byte order mark": lambda data: "\ufeff" + json.dumps(data, indent=1),
}
CELLS = [text("# Tüte \u2028"), code("x = 'ä'\ny = 2\n\nz = 3", 3), code(""), code("print(z)", 4)]


def edit(source: str, *edits: Edit, order: list[int] | None = None) -> str:
    return edited(source, parse(source.encode("utf-8"), None, ".ipynb"), edits, order)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_changes_only_the_rows(layout: object) -> None:
    source = layout(json.loads(ipynb(*CELLS)))  # type: ignore[operator]
    result = edit(source, ReplaceRows(1, 2, 2, ("y = 'ö'", "w = 4")))
    cells = parse(result.encode("utf-8"), None, ".ipynb").cells
    assert cells[1].source == "x = 'ä'\ny = 'ö'\nw = 4\n\nz = 3"
    # taking the edit back gives the file back
    assert edit(result, ReplaceRows(1, 2, 3, ("y = 2",))) == source


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_no_edit_changes_nothing(layout: object) -> None:
    source = layout(json.loads(ipynb(*CELLS)))  # type: ignore[operator]
    assert edit(source) == source
    there = edit(source, order=[3, 1, 2, 0])
    assert there != source
    assert edit(there, order=[3, 1, 2, 0]) == source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_real_notebooks_keep_their_bytes(path: Path) -> None:
    source = path.read_bytes().decode("utf-8")
    notebook = read(path)
    order = list(range(len(notebook.cells)))
    random.Random(path.name).shuffle(order)
    back = sorted(range(len(order)), key=lambda position: order[position])
    moved = edited(source, notebook, [], order)
    assert edited(moved, parse(moved.encode(), path), [], back) == source
    cells = [cell for cell in notebook.cells if cell.kind == "code" and cell.source.strip()]
    rows = [ReplaceRows(cell.index, 1, 0, ("inserted = 1",)) for cell in cells]
    changed = edited(source, notebook, rows)
    assert sorted(set(changed.splitlines()) - set(source.splitlines())) == ['    "inserted = 1\\n",']


def test_removes_cells_and_sets_counts() -> None:
    result = {"output_type": "execute_result", "data": {}, "metadata": {}, "execution_count": 7}
    source = ipynb("a = 1", code("a", 7, result), "", "b = 2").decode()
    done = edit(source, RemoveCell(2), SetCount(1, 2))
    data = json.loads(done)
    assert [cell["source"] for cell in data["cells"]] == [["a = 1"], ["a"], ["b = 2"]]
    assert data["cells"][1]["execution_count"] == data["cells"][1]["outputs"][0]["execution_count"] == 2
    assert done.count("\n") == source.count("\n") - 7


def test_empties_and_fills_sources() -> None:
    source = ipynb("import os", "").decode()
    empty = edit(source, ReplaceRows(0, 1, 1, ()))
    assert json.loads(empty)["cells"][0]["source"] == []
    full = edit(empty, ReplaceRows(1, 1, 1, ("x = 1", "y = 2")))
    assert json.loads(full)["cells"][1]["source"] == ["x = 1\n", "y = 2"]


def test_a_source_in_one_text_stays_one() -> None:
    source = json.dumps({"cells": [{**code(""), "source": "a\nb"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 4})
    done = edit(source, ReplaceRows(0, 2, 2, ("c",)))
    assert json.loads(done)["cells"][0]["source"] == "a\nc"


SCRIPT = """\
# ---
# jupyter:
#   jupytext:
#     text_representation:
#       format_name: percent
# ---

# %% [markdown]
# # Title

# %%
import os
x = 1

# %% tags=["a"]
y = 2


# %%
print(x)
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_scripts(newline: str) -> None:
    source = SCRIPT.replace("\n", newline)
    notebook = parse(source.encode(), None, ".py")
    done = edited(source, notebook, [ReplaceRows(1, 1, 1, ())], [0, 2, 1, 3])
    assert done.replace("\r\n", "\n") == SCRIPT.replace("import os\n", "").replace(
        '# %%\nx = 1\n\n# %% tags=["a"]\ny = 2\n\n\n', '# %% tags=["a"]\ny = 2\n\n# %%\nx = 1\n\n\n'
    )
    assert done.count("\r\n") == (done.count("\n") if newline == "\r\n" else 0)


@pytest.mark.parametrize(
    ("source", "extension"),
    [("x = 1\n\ny = 2\n", ".py"), ("---\njupyter: {}\n---\n\n```python\nx = 1\n```\n", ".md")],
)
def test_other_formats_are_refused(source: str, extension: str) -> None:
    with pytest.raises(CannotEdit):
        edited(source, parse(source.encode(), None, extension), [ReplaceRows(0, 1, 1, ())])


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        (ReplaceRows(0, 1, 2, ()), ReplaceRows(0, 2, 3, ()), True),
        (ReplaceRows(0, 1, 2, ()), ReplaceRows(0, 3, 3, ()), False),
        (ReplaceRows(0, 3, 2, ("a",)), ReplaceRows(0, 3, 2, ("b",)), False),
        (ReplaceRows(0, 3, 2, ("a",)), ReplaceRows(0, 2, 4, ()), True),
        (ReplaceRows(0, 3, 2, ("a",)), ReplaceRows(0, 3, 3, ()), False),
        (ReplaceRows(0, 1, 1, ()), ReplaceRows(1, 1, 1, ()), False),
        (RemoveCell(0), ReplaceRows(0, 1, 1, ()), True),
        (SetCount(0, 1), SetCount(0, 2), True),
        (SetCount(0, 1), ReplaceRows(0, 1, 1, ()), False),
    ],
)
def test_overlap(one: Edit, other: Edit, wanted: bool) -> None:
    assert overlap(one, other) is wanted
    assert overlap(other, one) is wanted
