"""Notebooks that run, shuffled -> how often `lint --fix` finds an order that runs and shows the same.

    python benchmarks/lint/order.py CORPUS RUNNABLE.json [--moved 1|10%|all] [--counts] [--seeds 2]

RUNNABLE.json is what `benchmarks/corpus/run.py --run` writes about notebooks that show the same when they are run
twice: ``path``, ``state``, and ``cache``, the folder with the executed notebook. Code cells are shuffled with a fixed
seed: one moved, one in ten moved, or all. With ``--counts`` they keep the execution counts of the straight run, else
they have none. An order that is not the notebook's own is run, and what each cell shows is compared.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from soorgeon_clone.lint.order import better_order
from soorgeon_clone.lint.script import has_code
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.read import read
from soorgeon_clone.notebook.write import to_data
from soorgeon_clone.pipeline.execution.straight import run_straight

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("runnable", type=Path)
    parser.add_argument("--moved", default="all")
    parser.add_argument("--counts", action="store_true")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=300)
    arguments = parser.parse_args()
    results: Counter[str] = Counter()
    for row in json.loads(arguments.runnable.read_text()):
        if row["state"] != "runs":
            continue
        path = arguments.corpus / row["path"]
        cells = [cell for cell in read(path).cells if cell.kind == "code" and has_code(cell.source)]
        if len(cells) < 4:
            continue
        for seed in range(arguments.seeds):
            order = shuffled(len(cells), arguments.moved, random.Random(f"{row['path']} {seed}"))
            restored = restore(cells, order, counts=arguments.counts)
            state = outcome(path, cells, restored, arguments.timeout)
            results[state] += 1
            if state != "own order":
                print(f"{state:<12} {row['path']} (seed {seed})", flush=True)
    total = sum(results.values())
    good = results["own order"] + results["same"]
    print(f"\nmoved: {arguments.moved}, counts: {arguments.counts}: {good} of {total} ({good / total:.1%})")
    print(dict(results))


def shuffled(size: int, moved: str, rng: random.Random) -> list[int]:
    order = list(range(size))
    if moved == "all":
        rng.shuffle(order)
        return order
    for _ in range(1 if moved == "1" else max(1, size // 10)):
        cell = order.pop(rng.randrange(len(order)))
        order.insert(rng.randrange(len(order) + 1), cell)
    return order


def restore(cells: list[Cell], order: list[int], *, counts: bool) -> list[int]:
    """Return the order in which the cells stand after the fix."""
    given = [
        replace(cells[k], index=place, execution_count=k + 1 if counts else None, outputs=())
        for place, k in enumerate(order)
    ]
    ordering = better_order(Notebook("shuffled", None, tuple(given)))
    return order if ordering is None else [order[place] for place in ordering.order]


def outcome(path: Path, cells: list[Cell], order: list[int], timeout: float) -> str:
    """Return "own order", or what a run in the new order gives: "same", "differs" or "fails"."""
    if order == sorted(order):
        return "own order"
    own = executed(path, cells, timeout)
    new = executed(path, [cells[k] for k in order], timeout)
    if own is None:
        return "own fails"
    if new is None:
        return "fails"
    back = dict(zip(order, new, strict=True))
    return "same" if shows_same(own, [back[k] for k in range(len(own))], str(path.parent)) else "differs"


def executed(path: Path, cells: list[Cell], timeout: float) -> list[dict[str, Any]] | None:
    result = run_straight(to_data(cells, {}), path.parent.absolute(), timeout=timeout)
    return result.notebook["cells"] if result.status == "ok" and result.error is None else None


def shows_same(own: list[dict[str, Any]], new: list[dict[str, Any]], folder: str) -> bool:
    from oracle.alignment import differences

    for number, (one, other) in enumerate(zip(own, new, strict=True), 1):
        one["execution_count"] = other["execution_count"] = number
        for output in [*one["outputs"], *other["outputs"]]:
            if "execution_count" in output:
                output["execution_count"] = number
    try:
        return not differences(own, new, [folder])
    except AssertionError:
        return False


if __name__ == "__main__":
    main()
