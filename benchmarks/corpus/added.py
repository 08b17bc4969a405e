"""How much of a generated task is not the notebook's? added.py CORPUS [--into]. Prints shares of added lines.

A line counts if it is not blank. Of a task, added are the lines of the cells that `refactor` puts in (imports and
definitions that the notebook has elsewhere among them) and their markers; the header that tells Jupyter the format is
left out, comments and texts of the notebook count as its own. With ``--into``, the pipeline stands in another folder.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.read import read
from soorgeon_clone.notebook.tags import is_reserved
from soorgeon_clone.refactor.layout import Choices, lay_out
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.script import task_cells
from soorgeon_clone.refactor.surroundings import local_modules


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="a folder with notebooks and index.json (see ../README.md)")
    parser.add_argument("--into", action="store_true", help="as with --into ANOTHER")
    arguments = parser.parse_args()
    shares, by_tag, empty, odd = [], Counter[str](), 0, 0
    for cells, keys in tasks(arguments.corpus, into=arguments.into):
        added = sum(lines(cell) for cell in cells if is_added(cell))
        own = sum(lines(cell) for cell in cells if not is_added(cell))
        empty += not any(cell.kind == "code" and not is_added(cell) for cell in cells)
        odd += any("-and-" in key for key in keys)
        shares.append(added / max(added + own, 1))
        by_tag.update({next(t for t in sorted(c.tags) if is_reserved(t)): lines(c) for c in cells if is_added(c)})
    quarters = statistics.quantiles(shares, n=20)
    print(f"{len(shares)} tasks of notebooks with several; share of added lines:")
    median = statistics.median(shares)
    print(f"  median {median:.0%}, 75 % {quarters[14]:.0%}, 95 % {quarters[18]:.0%}, most {max(shares):.0%}")
    print(f"  {empty} tasks without a cell of the notebook's, {odd} with a product named after how many it holds")
    for tag, count in by_tag.most_common():
        print(f"  {count:6} lines {tag}")


def tasks(folder: Path, *, into: bool) -> Iterator[tuple[tuple[Cell, ...], list[str]]]:
    """Yield the cells and the keys of the products of each task, of each notebook once."""
    seen: set[str] = set()
    for row in json.loads((folder / "index.json").read_text()):
        if row["language"] != "python":
            continue
        try:
            notebook = read(folder / row["path"])
            text = "\0".join(cell.source for cell in notebook.cells)
            if text in seen:
                continue
            seen.add(text)
            plan = make_plan(notebook, forced=True)
        except UserError:
            continue
        if len(plan.tasks) < 2:
            continue
        choices = Choices(
            notebook_folder="../nbs" if into else "", local_modules=local_modules(notebook.path, plan.modules)
        )
        layout = lay_out(plan, choices)
        for task in plan.tasks:
            yield task_cells(task, layout), [layout.product(task.name, bundle).key for bundle in task.saves]


def is_added(cell: Cell) -> bool:
    return any(is_reserved(tag) for tag in cell.tags)


def lines(cell: Cell) -> int:
    """Return the lines of a cell in a script that are not blank, its marker among them."""
    return 1 + sum(bool(line.strip()) for line in cell.source.split("\n"))


if __name__ == "__main__":
    main()
