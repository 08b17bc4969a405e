"""A notebook whose cells stand in an order that does not work -> an order that runs, found by running its cells.

Names tell which orders may work; where they leave a choice, the recorded outputs tell which order it was. So cells are
run in the likeliest order, each in a copy of the state that the cells before it left behind, and where one fails or
shows something else than was recorded, another is tried. Copies are forks; where there are none, nothing is tried.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from soorgeon_clone.files.atomic import write_bytes
from soorgeon_clone.files.folders import private_folder
from soorgeon_clone.lint.flow import CellFlow, Flow, flow_of
from soorgeon_clone.lint.order import Ordering, better_order, code_cells, ordering_of
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.write import to_data
from soorgeon_clone.pipeline.execution import boot
from soorgeon_clone.verify import rehearsal_process
from soorgeon_clone.verify.rehearsal_plan import RANDOM, SETTINGS, Plan, Step
from soorgeon_clone.verify.rehearsal_process import Task

_TRIES_FOR_EACH = 30  # how often a cell is run on average, before the search is given up
_ROUNDS = 3
_SETTING = (
    r"(?m)^\s*%(?:matplotlib|config|precision|load_ext|pylab)|\brcParams\b|\bplt\.rc\(|\.set_option\(|\.set_theme\(|\bsns\.set|"
    r"\.style\.use\(|\.set_printoptions\(|\.options\.|\.extension\(|\.set_config\(|\.output_notebook\("
)
# One thread each: a forked process cannot use the threads of its parent.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def order_that_runs(notebook: Notebook, folder: Path) -> Ordering | None:
    """Return an order in which the notebook's cells run, where its own does not work; None if none is found.

    Where all cells were counted, the counts are believed and nothing is run.
    """
    ordering = better_order(notebook)
    cells = code_cells(notebook)
    flow = flow_of(cells)
    if not flow.problems(range(len(cells))) or (ordering is not None and ordering.evidence == "counts"):
        return ordering
    found = search(cells, flow, flow.best_order(), folder)
    return ordering if found is None else ordering_of(notebook, cells, found, flow, "a run")


def search(
    cells: Sequence[Cell], flow: Flow, likely: Sequence[int], folder: Path, *, seconds: float = 600
) -> tuple[int, ...] | None:
    """Return an order of code cells in which all run and show what was recorded, as far as that can be had here.

    ``likely`` is the order to begin with. None: no such order was found in ``seconds``.
    """
    if not hasattr(os, "fork"):
        return None
    steps = steps_of(cells, flow, likely)
    unstable: set[int] = set()
    deadline = time.time() + seconds
    for _ in range(_ROUNDS):
        order, facts = _search(cells, Plan(steps, set(unstable)), folder, deadline)
        if order is not None:
            return order
        never = _never_right(facts) - unstable
        if not never or time.time() > deadline:
            return None
        unstable |= never
    return None


def steps_of(cells: Sequence[Cell], flow: Flow, likely: Sequence[int]) -> list[Step]:
    """Return what the search needs to know of each cell."""
    rank = {cell: place for place, cell in enumerate(likely)}
    pairs = enumerate(zip(cells, flow.cells, strict=True))
    steps = [_step(cell, facts, rank[number]) for number, (cell, facts) in pairs]
    written = frozenset().union(*(step.writes for step in steps))
    return [replace(step, needs=step.needs & written, reads=step.reads & written) for step in steps]


def _step(cell: Cell, facts: CellFlow, rank: int) -> Step:
    reads, writes = facts.reads, facts.binds | facts.changes | facts.deletes
    if re.search(_SETTING, cell.source):
        writes |= {SETTINGS}
    if cell.outputs:
        reads |= {SETTINGS}
    if re.search(r"\b(?:random|rng|sample|shuffle|permutation|randn?)\b", cell.source):
        writes |= {RANDOM}
        if not re.search(r"\bseed\(", cell.source):
            reads |= {RANDOM}
    outputs = [{**output, "execution_count": None} for output in cell.outputs]
    likeness = hashlib.sha256(json.dumps([cell.source, outputs], sort_keys=True).encode("utf-8", "replace"))
    return Step(facts.needs, reads, writes, rank, bool(cell.outputs), likeness.hexdigest())


def _search(
    cells: Sequence[Cell], plan: Plan, folder: Path, deadline: float
) -> tuple[tuple[int, ...] | None, list[list[Any]]]:
    """Run one search. Returns the order, if one was found, and the facts in its log."""
    from soorgeon_clone.pipeline.execution.process import kill_tree

    with private_folder() as own:
        log = own / "log"
        data: list[dict[str, Any]] = to_data(cells, {})["cells"]
        tries = 50 + _TRIES_FOR_EACH * len(cells)
        task = Task(data, plan, str(folder.absolute()), str(log), str(own), tries, 300, deadline, os.getpid())
        file = write_bytes(own, "task", pickle.dumps(task))
        started = subprocess.Popen(
            boot.command(rehearsal_process.__name__, str(file)),
            env={"PYTHONHASHSEED": "0", **os.environ, **_ONE_THREAD},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
        )
        try:
            started.wait(max(1.0, deadline - time.time() + 60))
        except subprocess.TimeoutExpired:
            pass
        finally:
            kill_tree(started.pid)
            started.wait()
        facts = [json.loads(line) for line in log.read_bytes().splitlines()] if log.exists() else []
    found = next((tuple(values[0]) for kind, *values in facts if kind == "order"), None)
    return found, facts


def _never_right(facts: Sequence[Sequence[Any]]) -> set[int]:
    """Return the cells that ran, but never showed what was recorded."""
    differing = {values[0] for kind, *values in facts if kind == "failed" and values[2] == "differs"}
    return differing - {values[0] for kind, *values in facts if kind == "same"}
