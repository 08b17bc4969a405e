"""A notebook is cut where a reader sees a new section begin."""

from __future__ import annotations

import pytest

from soorgeon_clone.notebook.model import Cell, CellKind, Notebook
from soorgeon_clone.notebook.sections import best_level, has_code, split


def notebook(*texts: str, name: str = "My notebook") -> Notebook:
    """Return a notebook of cells: what begins with ``m:`` or ``r:`` is Markdown or raw, the rest is code."""
    kinds: dict[str, CellKind] = {"m:": "markdown", "r:": "raw"}
    cells = [
        Cell(index, kinds.get(text[:2], "code"), text[2:] if text[:2] in kinds else text)
        for index, text in enumerate(texts)
    ]
    return Notebook(name, None, tuple(cells))


def cut(book: Notebook, level: int = 2) -> list[tuple[str, list[int]]]:
    return [(section.name, [cell.index for cell in section.cells]) for section in split(book, level)]


CASES = [
    ("two sections", ["m:## Load", "x", "m:## Plot", "y"], [("load", [0, 1]), ("plot", [2, 3])]),
    ("cells above the first", ["m:# Title", "import x", "m:## Load", "x"], [("load", [0, 1, 2, 3])]),
    (
        "above the first, with a second",
        ["a", "m:## Load", "b", "m:## Plot", "c"],
        [("load", [0, 1, 2]), ("plot", [3, 4])],
    ),
    ("no headings", ["m:# Title", "x", "y"], [("my-notebook", [0, 1, 2])]),
    (
        "a section without code goes to the next",
        ["m:## A", "x", "m:## B", "m:text", "m:## C", "y"],
        [("a", [0, 1]), ("c", [2, 3, 4, 5])],
    ),
    ("or to the last", ["m:## A", "x", "m:## B", "m:text"], [("a", [0, 1, 2, 3])]),
    ("only the first has none", ["m:## A", "m:text", "m:## B", "x"], [("b", [0, 1, 2, 3])]),
    ("code above the first counts", ["x", "m:## A", "m:## B", "y"], [("a", [0, 1]), ("b", [2, 3])]),
    ("comments are no code", ["m:## A", "# nothing\n\n", "m:## B", "x"], [("b", [0, 1, 2, 3])]),
    ("empty cells are no code", ["m:## A", "", "m:## B", "x"], [("b", [0, 1, 2, 3])]),
    ("two headings in a cell: the first", ["m:## A\n\n## B", "x"], [("a", [0, 1])]),
    ("in the middle of a cell", ["m:# T\ntext\n## A\nmore", "x"], [("a", [0, 1])]),
    ("other levels do not cut", ["m:## A", "x", "m:### a", "y", "m:# T", "z"], [("a", [0, 1, 2, 3, 4, 5])]),
    ("code that looks like a heading", ["m:## A", "## B\nx", "y"], [("a", [0, 1, 2])]),
    ("raw cells do not cut", ["m:## A", "x", "r:## B", "y"], [("a", [0, 1, 2, 3])]),
    ("setext and HTML", ["m:A\n---", "x", "m:<h2>B</h2>", "y"], [("a", [0, 1]), ("b", [2, 3])]),
    ("same titles", ["m:## A", "x", "m:## A", "y"], [("a", [0, 1]), ("a-2", [2, 3])]),
    ("empty titles", ["m:##", "x", "m:## 数", "y"], [("section-1", [0, 1]), ("数", [2, 3])]),
    ("no code at all", ["m:## A", "m:text"], [("my-notebook", [0, 1])]),
    ("magics are code", ["m:## A", "%matplotlib inline", "m:## B", "!ls"], [("a", [0, 1]), ("b", [2, 3])]),
]


@pytest.mark.parametrize(("cells", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_split(cells: list[str], expected: list[tuple[str, list[int]]]) -> None:
    assert cut(notebook(*cells)) == expected


def test_titles_are_kept() -> None:
    sections = split(notebook("m:## Train / test *split*", "x"))
    assert sections[0].title == "Train / test split"
    assert split(notebook("x"))[0].title == "My notebook"


@pytest.mark.parametrize(("level", "names"), [(1, ["t"]), (2, ["a"]), (3, ["a", "b", "c"]), (4, ["my-notebook"])])
def test_levels(level: int, names: list[str]) -> None:
    book = notebook("m:# T\n## A", "w", "m:### B", "x", "m:### C", "y")
    assert [name for name, _ in cut(book, level)] == names


@pytest.mark.parametrize(
    ("cells", "level"),
    [
        (["m:## A", "x", "m:## B", "y"], 2),
        (["m:# A", "x", "m:# B", "y"], 1),
        (["m:# A", "w", "m:### B", "x", "m:### C", "y"], 3),
        (["m:# A", "x", "m:## B", "y"], None),
        (["m:## A", "x", "m:## B", "m:text"], None),
        (["x"], None),
    ],
)
def test_the_level_that_would_cut(cells: list[str], level: int | None) -> None:
    assert best_level(notebook(*cells)) == level


@pytest.mark.parametrize(
    ("source", "expected"),
    [("x", True), ("'doc'", True), ("# x\n  # y\n\n", False), (" \n\t", False), ("# x\ny", True)],
)
def test_has_code(source: str, expected: bool) -> None:
    assert has_code(Cell(0, "code", source)) is expected
    assert not has_code(Cell(0, "markdown", source))


def test_ten_thousand_cells() -> None:
    book = notebook(*(f"m:## Part {index}" if index % 2 == 0 else "x = 1" for index in range(10_000)))
    assert len(split(book)) == 5000
    without_code = notebook("x", *("m:## a" for _ in range(10_000)))
    assert len(split(without_code)) == 1
