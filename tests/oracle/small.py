"""Sections of a few lines -> what each shows, straight and as pipeline, each task in a fork of this process.

Nothing is started or imported again, so hundreds of notebooks run in a minute; what a task leaves behind (settings,
random states, monkeypatches) dies with its fork, as it does in a real run.
"""

from __future__ import annotations

import ast
import gc
import io
import os
import pickle
import signal
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from oracle.shown import quiet
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.read import parse
from soorgeon_clone.notebook.tags import MAY_FAIL, PARAMETERS, SAVE, is_run
from soorgeon_clone.pipeline.assumptions.model import Broken, Kept
from soorgeon_clone.pipeline.assumptions.remembered import Remembered
from soorgeon_clone.pipeline.assumptions.session import Session, TaskCell, text_of
from soorgeon_clone.pipeline.assumptions.strides import keeping_strides
from soorgeon_clone.refactor.files import own_modules
from soorgeon_clone.refactor.layout import Choices, lay_out
from soorgeon_clone.refactor.model import Plan, Task
from soorgeon_clone.refactor.script import task_cells

NO_FILES: Mapping[str, str] = {}
LIMIT = 20  # seconds that one task may take
MOST_ROUNDS = 12  # of a pipeline that is repaired


@dataclass(frozen=True)
class Code:
    """A cell to run. ``index`` is its place in the notebook, None for a cell that the notebook does not have."""

    source: str
    index: int | None = None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Run:
    """What cells showed, by their place in the notebook; ``error`` is the traceback that ended the run.

    ``assumed`` is what came of what tasks take for granted. A run ends where that was not so.
    """

    shown: Mapping[int, str] = field(default_factory=dict)
    error: str | None = None
    assumed: tuple[Broken | Kept, ...] = ()

    @property
    def broken(self) -> tuple[Broken, ...]:
        return tuple(one for one in self.assumed if isinstance(one, Broken))


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
    """Return the plan that `refactor` makes."""
    from soorgeon_clone.refactor.plan import make_plan

    return make_plan(notebook, proven=proven, known=known)


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
        return _in_fork(lambda: _run("", cells, {}, ipython=ipython), put(files, Path(folder)))


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
        run = _in_fork(
            lambda name=task.name, cells=cells, injected=injected: _run(name, cells, injected, ipython=ipython),
            folder,
        )
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


def _run(task: str, cells: Sequence[Code], injected: Mapping[str, Any], *, ipython: bool) -> Run:
    """Run the cells in this process, whose ``__main__`` they become."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    folder = str(Path.cwd())
    printed = _catch_stdout()
    session = Session(task, [TaskCell(n, cell.source, cell.index is not None) for n, cell in enumerate(cells)])
    execute = _ipython(main) if ipython else _plain(main.__dict__, session.watched)
    shown: dict[int, str] = {}
    for number, cell in enumerate(cells):
        try:
            session.before(number, main.__dict__)
            with keeping_strides() if SAVE in cell.tags else nullcontext():
                execute(cell)
        except BaseException as error:  # SystemExit too: whatever ends a cell ends the run
            if MAY_FAIL not in cell.tags or not isinstance(error, Exception):
                return Run(shown, traceback.format_exc(limit=-3))
            print(f"{type(error).__name__}: {error}")
        finally:
            text = quiet(printed(), [folder])
            if cell.index is not None:
                shown[cell.index] = text
        # as the runner does: the values stand in a cell behind the one that is tagged `parameters`
        if PARAMETERS in cell.tags:
            main.__dict__.update(injected)
    assumed = session.end(main.__dict__) if task else ()
    return Run(shown, text_of(assumed), assumed)


def _catch_stdout() -> Callable[[], str]:
    """Catch what this process and its children print; return a function that gives what came since its last call."""
    descriptor, name = tempfile.mkstemp()
    os.unlink(name)  # noqa: PTH108
    os.dup2(descriptor, 1)
    sys.stdout = io.TextIOWrapper(
        os.fdopen(1, "wb", 0, closefd=False), encoding="utf-8", errors="replace", write_through=True
    )
    done = 0

    def printed() -> str:
        nonlocal done
        sys.stdout.flush()
        text = os.pread(descriptor, 1 << 24, done)
        done += len(text)
        return text.decode("utf-8", "replace")

    return printed


def _plain(namespace: dict[str, Any], watched: Callable[[ast.Module], ast.Module]) -> Callable[[Code], None]:
    def execute(cell: Code) -> None:
        tree = watched(ast.parse(cell.source))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec", dont_inherit=True), namespace)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<cell>", "eval", dont_inherit=True), namespace)
            if value is not None and not cell.source.rstrip().endswith(";"):
                print(repr(value))

    return execute


def _ipython(main: types.ModuleType) -> Callable[[Code], None]:
    from IPython.core.displayhook import DisplayHook
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"

    class Result(DisplayHook):
        def write_output_prompt(self) -> None:
            """A notebook shows the prompt itself."""

    class Shell(InteractiveShell):
        displayhook_class = Type(Result)

        def enable_gui(self, gui: str | None = None) -> None:
            """No event loop of a GUI runs beside a task."""

    shell = Shell(config=config, user_module=main, user_ns=main.__dict__)
    InteractiveShell._instance = shell

    def execute(cell: Code) -> None:
        result = shell.run_cell(cell.source, store_history=cell.index is not None)
        result.raise_error()

    return execute


def _in_fork(function: Callable[[], Run], folder: Path) -> Run:
    """Return what ``function`` returns in a fork of this process whose directory is ``folder``."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # or the child's first collection would copy every page
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(LIMIT)
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(function(), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if not answer:
        return Run({}, f"the process ended with status {status}")
    run: Run = pickle.loads(answer)
    return run


def sections_of(text: str) -> Iterator[str]:
    """Yield the sections of a text in which lines of three dashes separate them."""
    for part in f"\n{text}\n".split("\n---\n"):
        yield part.strip("\n")
