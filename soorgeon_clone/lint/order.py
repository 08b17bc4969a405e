"""A notebook -> an order of its cells that works, from execution counts and data flow, with as few moves as possible.

Two kinds of evidence. Counts say in which order cells ran last: where each cell ran once, that order gave what the
notebook shows. Data flow says what must come before what. An order is taken if no name is used in it before it is
bound; counts are believed first, then the order of the file is kept as far as data flow lets it be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from soorgeon_clone.lint.counts import longest_run, run_cells
from soorgeon_clone.lint.flow import Flow, flow_of
from soorgeon_clone.lint.script import has_code
from soorgeon_clone.notebook.model import Cell, Notebook

Evidence = Literal["counts", "data flow", "a run"]


@dataclass(frozen=True)
class Move:
    """A cell that is moved: by its old index, behind which old cell it comes (None: to the top), and why."""

    cell: int
    behind: int | None
    reason: str


@dataclass(frozen=True)
class Ordering:
    """``order`` lists the old indexes of all cells. ``counts`` are the new counts: (old index, count)."""

    order: tuple[int, ...]
    moves: tuple[Move, ...]
    counts: tuple[tuple[int, int], ...] = ()
    evidence: Evidence = "data flow"


def better_order(notebook: Notebook) -> Ordering | None:
    """Return an order that works where the notebook's own does not; None if it does, or none is known."""
    cells = code_cells(notebook)
    if len(cells) < 2:
        return None
    flow = flow_of(cells)
    own = tuple(range(len(cells)))
    wrong = flow.problems(own)
    counted = _by_counts(cells)
    complete = counted is not None and sorted(c for _, c in run_cells(notebook)) == list(range(1, len(cells) + 1))
    if counted is not None and counted != own:
        left = flow.problems(counted)
        if left < wrong or (complete and left == wrong):
            return ordering_of(notebook, cells, counted, flow, "counts")
    if not wrong:
        return None
    found = flow.best_order()
    if flow.problems(found) >= wrong:
        return None
    return ordering_of(notebook, cells, found, flow, "data flow")


def code_cells(notebook: Notebook) -> list[Cell]:
    """Return the cells whose order matters: those with code."""
    return [cell for cell in notebook.cells if cell.kind == "code" and has_code(cell.source)]


def _by_counts(cells: Sequence[Cell]) -> tuple[int, ...] | None:
    """Return the order in which the cells ran last; those that did not run stay behind their neighbour.

    None if counts say nothing: few cells have one, or two have the same.
    """
    counts = [cell.execution_count for cell in cells]
    known = [count for count in counts if count is not None]
    if len(set(known)) < len(known) or len(known) * 2 < len(cells) or len(known) < 2:
        return None
    keys: list[tuple[int, int]] = []
    last = 0
    for position, count in enumerate(counts):
        last = last if count is None else count
        keys.append((last, position))
    return tuple(sorted(range(len(cells)), key=lambda position: keys[position]))


def ordering_of(
    notebook: Notebook, cells: Sequence[Cell], wanted: tuple[int, ...], flow: Flow, evidence: Evidence
) -> Ordering:
    """Return the whole notebook's order for an order of its code cells: text goes with the code below it, a title
    stays at the top."""
    staying = {wanted[position] for position in longest_run(wanted, strict=True)}
    index_of = [cell.index for cell in cells]
    code = set(index_of)
    groups: dict[int, list[int]] = {}
    waiting: list[int] = []
    moved = {index_of[position] for position in range(len(cells)) if position not in staying}
    title = [cell.index for cell in notebook.cells[:1] if cell.kind == "markdown" and re.match(r"\s*#\s", cell.source)]
    for cell in notebook.cells[len(title) :]:
        waiting.append(cell.index)
        if cell.index in code:
            # A heading stays where it is when the code below it moves away.
            if cell.index in moved:
                groups[cell.index] = [waiting.pop()]
            else:
                groups[cell.index] = waiting
                waiting = []
    order: list[int] = title
    for position in wanted:
        order += groups[index_of[position]]
    order += waiting
    moves = []
    for number, position in enumerate(wanted):
        if position not in staying:
            behind = index_of[wanted[number - 1]] if number else None
            moves.append(Move(index_of[position], behind, _reason(cells[position], evidence, flow, position)))
    counts: tuple[tuple[int, int], ...] = ()
    if all(cell.execution_count is not None for cell in cells):
        counts = tuple(
            (index_of[position], number)
            for number, position in enumerate(wanted, 1)
            if cells[position].execution_count != number
        )
    return Ordering(tuple(order), tuple(moves), counts, evidence)


def _reason(cell: Cell, evidence: Evidence, flow: Flow, position: int) -> str:
    if evidence == "counts" and cell.execution_count is not None:
        return f"it ran as [{cell.execution_count}]"
    if evidence == "a run":
        return "there it ran, and showed what it had shown" if cell.outputs else "there it ran"
    names = sorted(flow.cells[position].binds)[:3]
    return f"it defines {', '.join(names)}" if names else "it uses what is defined below it"
