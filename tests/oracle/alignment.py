"""Cells of a notebook and of its tasks' notebooks -> pairs, by what stands in them.

The tasks hold the notebook's cells in its order, except that definitions may have moved to exported.py (so a cell can
be shorter, or gone), and that cells were added, which bear tags of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oracle.shown import difference, shown

CellDict = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """Where a pipeline shows something else: ``cell`` counts all cells of the notebook from 1."""

    cell: int
    source: str
    problem: str

    def __str__(self) -> str:
        source = "\n".join(f"    | {line}" for line in self.source.split("\n")[:12])
        return f"cell {self.cell}: {self.problem}\n{source}"


def differences(
    notebook: Sequence[CellDict], tasks: Sequence[CellDict], folders: Sequence[str] = ()
) -> list[Difference]:
    """Return every cell of ``notebook`` whose outputs are not those in ``tasks`` (the cells of all tasks in order)."""
    found = []
    pairs = align(notebook, tasks)
    for index, cell in enumerate(notebook):
        if cell["cell_type"] != "code" or not _text(cell).strip():
            continue
        partner = pairs.get(index)
        outputs = partner.get("outputs", ()) if partner else ()
        problem = difference(shown(cell.get("outputs", ()), folders), shown(outputs, folders))
        if problem:
            gone = "" if partner else "no task has this cell; "
            found.append(Difference(index + 1, _text(cell), gone + problem))
    return found


def align(notebook: Sequence[CellDict], tasks: Sequence[CellDict]) -> dict[int, CellDict]:
    """Return the cell of a task for each index of a code cell of ``notebook`` that has one."""
    pairs: dict[int, CellDict] = {}
    position = 0
    for cell in tasks:
        if cell["cell_type"] != "code" or is_ours(cell) or not _text(cell).strip():
            continue
        for index in range(position, len(notebook)):
            if notebook[index]["cell_type"] == "code" and _is_part(_text(cell), _text(notebook[index])):
                pairs[index] = cell
                position = index + 1
                break
        else:
            raise AssertionError(f"a task has a cell that the notebook does not have here:\n{_text(cell)}")
    return pairs


def is_ours(cell: CellDict) -> bool:
    """Tell whether a cell was added by `refactor` or by the runner."""
    tags = cell.get("metadata", {}).get("tags", ())
    return any(tag in ("parameters", "injected-parameters") or tag.startswith("soorgeon-") for tag in tags)


def _is_part(part: str, whole: str) -> bool:
    """Tell whether the lines of ``part`` stand in ``whole`` in this order."""
    lines = iter(_lines(whole))
    return all(any(line == other for other in lines) for line in _lines(part))


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def _text(cell: CellDict) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)
