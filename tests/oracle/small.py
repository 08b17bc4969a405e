"""Sections of a few lines -> what each shows, straight and as pipeline, each task in a process of its own."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from oracle.forks import Code, Job, Run, run_in_fork
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.read import parse
from soorgeon_clone.notebook.tags import is_run
from soorgeon_clone.pipeline.assumptions.model import Broken, Kept
from soorgeon_clone.pipeline.assumptions.remembered import Remembered
from soorgeon_clone.refactor.files import own_modules
from soorgeon_clone.refactor.layout import Choices, lay_out
from soorgeon_clone.refactor.model import Plan, Task
from soorgeon_clone.refactor.script import task_cells

NO_FILES: Mapping[str, str] = {}
MOST_ROUNDS = 12  # of a pipeline that is repaired


def notebook_of(sections: Sequence[str]) -> Notebook:
    """Return a notebook with a heading and a code cell for each section: sections are named s1, s2, ...

    A section that begins with ``# %%`` is several cells in the percent format.
    """
    cells: list[Cell] = []
    for number, source in enumerate(sections, start=1):
        cells.append(Cell(0, "markdown", f"## s{number}"))
        if source.startswith("# %%"):
            cells += parse(source.encode(), None, ".py").cells
        else:
            cells.append(Cell(0, "code", source))
    return Notebook("small", None, tuple(replace(cell, index=index) for index, cell in enumerate(cells)))


def plan_of(notebook: Notebook, *, proven: bool = False, known: Sequence[Remembered] = ()) -> Plan:
    """Return the plan that `refactor` makes; sections that only define stay apart, so that more has to cross."""
    from soorgeon_clone.refactor.plan import make_plan

    return make_plan(notebook, proven=proven, known=known, keep_idle=True)


def put(files: Mapping[str, str] | Iterable[tuple[str, str]], folder: Path) -> Path:
    """Write files into a folder, and return it."""
    for name, text in dict(files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def run_straight(
    notebook: Notebook,
    *,
    ipython: bool = False,
    files: Mapping[str, str] = NO_FILES,
    installed: Mapping[str, str] = NO_FILES,
) -> Run:
    """Run all cells in one process; ``files`` stand beside the notebook, ``installed`` where libraries are."""
    cells = [Code(cell.source, cell.index, cell.tags) for cell in notebook.cells if is_run(cell.kind, cell.tags)]
    with tempfile.TemporaryDirectory() as folder, _installed(installed):
        return run_in_fork(Job("", cells, put(files, Path(folder)), ipython=ipython))


def run_pipeline(
    plan: Plan,
    *,
    ipython: bool = False,
    files: Mapping[str, str] = NO_FILES,
    installed: Mapping[str, str] = NO_FILES,
) -> Run:
    """Run every task of the plan in a process of its own, with the cells and products that `refactor` writes, and
    with the guards that the runner has."""
    with tempfile.TemporaryDirectory() as name, _installed(installed):
        return _run_tasks(plan, put(files, Path(name)), ipython=ipython)


@contextmanager
def _installed(files: Mapping[str, str]) -> Iterator[None]:
    """Have modules where Python finds them, but only while something runs."""
    if not files:
        yield
        return
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, str(put(files, Path(folder))))
        try:
            yield
        finally:
            sys.path.remove(folder)


def repaired(notebook: Notebook, run: Callable[[Plan], Run]) -> list[tuple[Plan, Run]]:
    """Return the plans that `refactor --build` makes, and their runs: what was not so is known to the next plan."""
    known: tuple[Remembered, ...] = ()
    rounds: list[tuple[Plan, Run]] = []
    while not rounds or (rounds[-1][1].broken and len(rounds) < MOST_ROUNDS):
        plan = plan_of(notebook, known=known)
        done = run(plan)
        rounds.append((plan, done))
        known += tuple(
            Remembered(one.statement, one.kind, one.names, one.cell, one.effect, broken=one.found)
            for one in done.broken
        )
    return rounds


def _run_tasks(plan: Plan, folder: Path, *, ipython: bool) -> Run:
    layout = lay_out(plan, Choices())
    shown: dict[int, str] = {}
    assumed: list[Broken | Kept] = []
    put(own_modules(plan, layout).items(), folder)
    for task in latest_first(plan):
        originals = [cell.index for cell in task.cells if is_run(cell.kind, cell.tags)]
        cells = [
            Code(cell.source, None if _is_ours(cell) else originals.pop(0), cell.tags)
            for cell in task_cells(task, layout)
            if is_run(cell.kind, cell.tags)
        ]
        files = {(bundle.key): layout.product(task.name, bundle) for bundle in task.saves}
        product = {"nb": f"output/{task.name}.ipynb", **{file.key: file.path for file in files.values()}}
        upstream = {
            other.name: {
                "nb": f"output/{other.name}.ipynb",
                **{f.key: f.path for f in (layout.product(other.name, bundle) for bundle in other.saves)},
            }
            for other in plan.tasks
            if other.name in task.upstream
        }
        for path in product.values():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
        injected = {"product": product, "upstream": upstream or None}
        run = run_in_fork(Job(task.name, cells, folder, injected, ipython))
        shown.update(run.shown)
        assumed += run.assumed
        if run.error:
            code = "\n# ---\n".join(cell.source for cell in cells)
            error = f"in task {task.name}:\n{run.error}\nits cells:\n{code}"
            return Run(shown, error, tuple(assumed))
    return Run(shown, assumed=tuple(assumed))


def latest_first(plan: Plan) -> Iterator[Task]:
    """Yield the tasks in the order that is farthest from the notebook's of those that the edges allow."""
    waiting = list(plan.tasks)
    done: set[str] = set()
    while waiting:
        task = next(task for task in reversed(waiting) if done.issuperset(task.upstream))
        waiting.remove(task)
        done.add(task.name)
        yield task


def difference(notebook: Notebook, straight: Run, pipeline: Run) -> str | None:
    """Return where the two runs differ, in words, or None."""
    if straight.error:
        return f"the notebook itself fails: {straight.error}"
    for cell in notebook.cells:
        ours, theirs = straight.shown.get(cell.index, ""), pipeline.shown.get(cell.index, "")
        if cell.kind == "code" and ours != theirs:
            why = f"\n{pipeline.error}" if pipeline.error else ""
            return f"cell {cell.index + 1} shows {theirs!r} instead of {ours!r}:\n{cell.source}{why}"
    return f"the pipeline fails {pipeline.error}" if pipeline.error else None


def _is_ours(cell: Cell) -> bool:
    return any(tag == "parameters" or tag.startswith("soorgeon-") for tag in cell.tags)


def sections_of(text: str) -> Iterator[str]:
    """Yield the sections of a text in which lines of three dashes separate them."""
    for part in f"\n{text}\n".split("\n---\n"):
        yield part.strip("\n")
