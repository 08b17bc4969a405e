"""Does `--split-on auto` find where people put headings? run.py CORPUS. Prints precision and recall of boundaries.

Headings are taken away from public notebooks (every line that is one; what else the cell says stays), sections are
proposed, and each border between two code cells is compared with where the H2 headings were. Beside it: cutting at
every text, cutting everywhere, and the proposals where all texts and comments are gone, so that only data flow is left.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.headings import headings
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.read import read
from soorgeon_clone.notebook.sections import has_code, split
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.propose import blocks_of, propose

_FEWEST_CELLS = 5
Cuts = frozenset[int]
"""Indices of the code cells that begin a section, but for the first."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="a folder with notebooks and index.json (see ../README.md)")
    folder = parser.parse_args().corpus
    ways: dict[str, Callable[[Notebook], Cuts]] = {
        "proposed": lambda notebook: proposed(without_headings(notebook)),
        "proposed, no texts": lambda notebook: proposed(without_texts(notebook)),
        "at every text": lambda notebook: at_texts(without_headings(notebook)),
        "everywhere": lambda notebook: frozenset(block.code.index for block in blocks_of(notebook)[1:]),
    }
    found = {name: [0, 0] for name in ways}  # right, all
    notebooks = borders = tasks = one_task = 0
    for notebook in corpus(folder):
        true = starts(notebook, 2)
        notebooks, borders = notebooks + 1, borders + len(true)
        for name, way in ways.items():
            cuts = way(notebook)
            found[name][0] += len(cuts & true)
            found[name][1] += len(cuts)
        planned = propose(without_headings(notebook))
        made = len(make_plan(planned.notebook, level=planned.level, forced=True).tasks)
        tasks, one_task = tasks + made, one_task + (made == 1)
    print(f"{notebooks} notebooks, {borders} borders at H2 headings; {tasks} tasks, {one_task} notebooks as one task\n")
    print(f"{'cut':20} {'borders':>8} {'precision':>10} {'recall':>7} {'F1':>5}")
    for name, (right, every) in found.items():
        precision, recall = right / max(every, 1), right / borders
        print(f"{name:20} {every:8} {precision:10.2f} {recall:7.2f} {2 * right / (every + borders):5.2f}")


def corpus(folder: Path) -> Iterator[Notebook]:
    """Yield each notebook once that has two sections and some cells."""
    seen: set[bytes] = set()
    for row in json.loads((folder / "index.json").read_text()):
        if row["language"] != "python" or row["h2"] < 2 or row["code_cells"] < _FEWEST_CELLS:
            continue
        try:
            notebook = read(folder / row["path"])
            digest = hashlib.sha256("\0".join(cell.source for cell in notebook.cells).encode()).digest()
            if digest in seen or len(split(notebook)) < 2 or len(blocks_of(notebook)) < _FEWEST_CELLS:
                continue
            make_plan(notebook, forced=True)
        except UserError as error:
            print(f"{row['path']}: {error.message}", file=sys.stderr)
            continue
        seen.add(digest)
        yield notebook


def starts(notebook: Notebook, level: int) -> Cuts:
    """Return the code cells with which sections begin, but for the first."""
    return frozenset(next(c.index for c in section.cells if has_code(c)) for section in split(notebook, level)[1:])


def proposed(notebook: Notebook) -> Cuts:
    it = propose(notebook)
    return starts(it.notebook, it.level)


def at_texts(notebook: Notebook) -> Cuts:
    return frozenset(block.code.index for block in blocks_of(notebook)[1:] if block.texts)


def without_headings(notebook: Notebook) -> Notebook:
    return replace(notebook, cells=tuple(_plain(cell) for cell in notebook.cells))


def _plain(cell: Cell) -> Cell:
    if cell.kind != "markdown" or not headings(cell.source):
        return cell
    lines = [line for line in cell.source.split("\n") if not headings(line)]
    return replace(cell, source=re.sub(r"\n(=+|-+)[ \t]*(?=\n|$)", "", "\n".join(lines)).strip())


def without_texts(notebook: Notebook) -> Notebook:
    cells = tuple(
        replace(cell, source="" if cell.kind == "markdown" else re.sub(r"(?m)^#.*$", "", cell.source))
        for cell in notebook.cells
    )
    return replace(notebook, cells=cells)


if __name__ == "__main__":
    main()
