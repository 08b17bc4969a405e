"""All notebooks of a corpus, shuffled -> for how many names alone give an order with the same data flow. Runs nothing.

    python benchmarks/lint/flow_order.py CORPUS [--moved 1|10%|all]

The data flow is the same if every cell reads what the same cells made of the names that it reads, as far as they are
seen: bound, deleted, or changed in place. That is stricter than to show the same: cells may change what nobody shows.
Counts, outputs and Markdown are taken away.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.lint.flow import Flow, flow_of
from soorgeon_clone.lint.order import better_order, code_cells
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.read import read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--moved", default="all")
    arguments = parser.parse_args()
    good, total, untouched, seen = 0, 0, 0, set()
    for path in sorted(arguments.corpus.rglob("*.ipynb")):
        try:
            cells = [replace(cell, execution_count=None, outputs=()) for cell in code_cells(read(path))]
        except UserError:
            continue
        sources = tuple(cell.source for cell in cells)
        flow = flow_of(cells)
        if len(cells) < 4 or sources in seen or flow.problems(range(len(cells))):
            continue
        seen.add(sources)
        order = shuffled(len(cells), arguments.moved, random.Random(f"{path.relative_to(arguments.corpus)} 0"))
        found, worked = restored(cells, order)
        is_same = data_flow(flow, cells, found) == data_flow(flow, cells, range(len(cells)))
        good, total, untouched = good + is_same, total + 1, untouched + (worked and not is_same)
    print(f"moved: {arguments.moved}: {good} of {total} have the same data flow ({good / total:.1%})")
    print(f"{untouched} more were left alone, since no name is used before it is defined")


def shuffled(size: int, moved: str, rng: random.Random) -> list[int]:
    order = list(range(size))
    if moved == "all":
        rng.shuffle(order)
        return order
    for _ in range(1 if moved == "1" else max(1, size // 10)):
        cell = order.pop(rng.randrange(size))
        order.insert(rng.randrange(size), cell)
    return order


def restored(cells: Sequence[Cell], order: Sequence[int]) -> tuple[list[int], bool]:
    """Return the order after the fix, and whether nothing was to be fixed."""
    given = Notebook("shuffled", None, tuple(replace(cells[k], index=place) for place, k in enumerate(order)))
    ordering = better_order(given)
    return (list(order), True) if ordering is None else ([order[place] for place in ordering.order], False)


def data_flow(flow: Flow, cells: Sequence[Cell], order: Sequence[int]) -> Counter[int]:
    """Return a number for each cell: its text, and how what it reads came to be."""
    versions: dict[str, int] = {}
    found: Counter[int] = Counter()
    for position in order:
        cell = flow.cells[position]
        seen = sorted((name, versions.get(name, 0)) for name in cell.reads | cell.changes)
        number = hash((cells[position].source, tuple(seen)))
        found[number] += 1
        for name in cell.binds | cell.changes | cell.deletes:
            versions[name] = hash((number, name))
    return found


if __name__ == "__main__":
    main()
