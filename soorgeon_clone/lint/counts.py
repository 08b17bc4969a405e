"""Execution counts of a notebook: which cells ran, in which order, and which of them stand out of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from soorgeon_clone.lint.model import Fix, SetCount
from soorgeon_clone.lint.script import has_code
from soorgeon_clone.notebook.model import Cell, Notebook


def run_cells(notebook: Notebook) -> list[tuple[Cell, int]]:
    """Return the code cells that have an execution count, with it, in the order of the notebook."""
    return [
        (cell, cell.execution_count)
        for cell in notebook.cells
        if cell.kind == "code" and cell.execution_count is not None and has_code(cell.source)
    ]


def all_counts(notebook: Notebook) -> list[tuple[Cell, int]]:
    """Return every cell that took an execution count, with it: cells of comments do, empty cells do not."""
    return [
        (cell, cell.execution_count)
        for cell in notebook.cells
        if cell.kind == "code" and cell.execution_count is not None and cell.source.strip()
    ]


def longest_run(values: Sequence[int], *, strict: bool = False) -> list[int]:
    """Return the positions of a longest subsequence of ``values`` that does not fall (``strict``: that rises)."""
    search = bisect_left if strict else bisect_right
    tails: list[int] = []
    tail_positions: list[int] = []
    before: list[int] = []
    for position, value in enumerate(values):
        length = search(tails, value)
        before.append(tail_positions[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        tail_positions[length : length + 1] = [position]
    found = []
    position = tail_positions[-1] if tail_positions else -1
    while position >= 0:
        found.append(position)
        position = before[position]
    return found[::-1]


def renumbered(notebook: Notebook, *, safe: bool) -> Fix | None:
    """Return the fix that counts the cells that ran 1, 2, 3, ... in the order of the notebook; None if they are."""
    edits = tuple(
        SetCount(cell.index, number) for number, (cell, count) in enumerate(all_counts(notebook), 1) if count != number
    )
    return Fix(edits, safe) if edits else None
