"""Sections -> what they show, straight and as pipeline, all in this process: thousands of notebooks a minute.

Each task gets a new ``__main__`` and a new ``exported``, other random states than any task before and settings as they
were; values cross as files that the generated cells write and read. What this cannot see (monkeypatched libraries),
`oracle.small` does in forks.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import decimal
import io
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oracle.shown import quiet

from soorgeon_clone.analysis.analyse import FAILED
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.tags import SAVE
from soorgeon_clone.pipeline.assumptions.model import Broken
from soorgeon_clone.pipeline.assumptions.remembered import Remembered
from soorgeon_clone.pipeline.assumptions.session import Session, TaskCell, text_of
from soorgeon_clone.pipeline.saving.memory import Memory
from soorgeon_clone.refactor import nested
from soorgeon_clone.refactor.layout import Choices, lay_out
from soorgeon_clone.refactor.model import Plan
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.script import task_cells

UNDESCRIBED = Path(__file__).parent / "undescribed"  # libraries that the analysis does not find
LIMIT = 4  # seconds for one run
BUSY = 2.5  # seconds of the processor: lists that double themselves, loops that do not end; tests share a large process
MOST_ROUNDS = 12  # of a pipeline that is repaired
MEMORY = 400_000_000  # bytes that a run may take: C code that never ends does not see the signal of a timer
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@dataclass(frozen=True)
class Run:
    """What cells showed, by their index; ``error`` is what ended the run.

    ``broken`` is what tasks took for granted and was not so: a run ends there.
    """

    shown: Mapping[int, str]
    error: str | None = None
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True)
class Compared:
    """How a pipeline differs from its notebook, in words; None if it does not.

    ``saved`` is how many runs of it a guard ended, each of which made the next plan know more.
    """

    problem: str | None = None
    plan: Plan | None = None
    saved: int = 0


class TooLong(BaseException):
    """A run that does not end."""


def cells_of(section: str) -> list[str]:
    """Return the cells of a section: a line ``...`` stands between two."""
    return [cell.strip("\n") for cell in f"\n{section}\n".split("\n...\n") if cell.strip()]


def notebook_of(sections: Sequence[str]) -> Notebook:
    """Return the notebook: its sections are named s1, s2, ..."""
    cells: list[Cell] = []
    for number, section in enumerate(sections, start=1):
        cells.append(Cell(len(cells), "markdown", f"## s{number}"))
        for source in cells_of(section):
            cells.append(Cell(len(cells), "code", source))
    return Notebook("random", None, tuple(cells))


def run_straight(sections: Sequence[str]) -> Run:
    """Run all cells in one namespace."""
    shown: dict[int, str] = {}
    with _folder(), _settings_kept(), _process() as namespace:
        for cell in notebook_of(sections).cells:
            if cell.kind == "code":
                shown[cell.index], error = _execute(cell.source, namespace)
                if error:
                    return Run(shown, error)
    return Run(shown)


def run_if_the_same(sections: Sequence[str], times: int = 2) -> Run | None:
    """Return what the sections show if they show it each time, wherever their objects lie in memory.

    The hash of a function is where it lies: a run in another process would show another.
    """
    first = run_straight(sections)
    kept: list[bytes] = []
    for number in range(1, times):
        kept += [bytes(size) for size in range(1, 512, 16) for _ in range(50 * number)]
        if run_straight(sections) != first:
            return None
    return first


def runnable(sections: Sequence[str], tries: int = 12) -> tuple[tuple[str, ...], Run] | None:
    """Return the sections without the statements that raise, and what they show; None if nothing is left."""
    for _ in range(tries):
        sections = tuple(section for section in sections if cells_of(section))
        if not sections:
            return None
        shown = run_straight(sections)
        if shown.error is None:
            return sections, shown
        with _folder(), _settings_kept(), _process() as namespace:
            fewer = tuple(_without_failures(source, namespace) for source in sections)
        if fewer == sections:
            return None  # as cells it raises, statement by statement it does not
        sections = fewer
    return None


def run_pipeline(plan: Plan) -> Run:
    """Run the tasks of a plan one after the other, each in a new namespace, with the guards that the runner has."""
    layout = lay_out(plan, Choices())
    shown: dict[int, str] = {}
    with _folder():
        for task in plan.tasks:
            originals = [cell.index for cell in task.cells if cell.kind == "code"]
            products = {f.key: f.path for f in (layout.product(task.name, bundle) for bundle in task.saves)}
            for path in products.values():
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            upstream: Mapping[str, Any] = {
                other.name: {f.key: f.path for f in (layout.product(other.name, bundle) for bundle in other.saves)}
                for other in plan.tasks
                if other.name in task.upstream
            }
            cells = [cell for cell in task_cells(task, layout) if cell.kind == "code"]
            session = Session(task.name, [TaskCell(n, cell.source, not _is_ours(cell)) for n, cell in enumerate(cells)])
            with _settings_kept(), _process(plan.exported) as namespace:
                for number, cell in enumerate(cells):
                    session.before(number, namespace)
                    for hooked in Memory().passes() if SAVE in cell.tags else [contextlib.nullcontext()]:
                        with hooked:
                            text, error = _execute(cell.source, namespace, session.watched)
                    if not _is_ours(cell):
                        shown[originals.pop(0)] = text
                    if error:
                        where = " ".join(cell.tags) or "its own cell"
                        return Run(shown, f"in task {task.name}, in {where}:\n{error}")
                    if "parameters" in cell.tags:
                        namespace.update(product=products, upstream=upstream or None)
                assumed = session.end(namespace)
            if text := text_of(assumed):
                return Run(shown, text, tuple(one for one in assumed if isinstance(one, Broken)))
    return Run(shown)


def _is_ours(cell: Cell) -> bool:
    return any(tag == "parameters" or tag.startswith("soorgeon-") for tag in cell.tags)


def compare(sections: Sequence[str], straight: Run | None = None) -> Compared:
    """Return how the pipeline of ``sections`` differs from them; what guards find is known to the next plan."""
    straight = straight or run_straight(sections)
    notebook = notebook_of(sections)
    known: tuple[Remembered, ...] = ()
    for saved in range(MOST_ROUNDS):
        try:
            with _folder():  # no pyproject.toml is near
                plan = make_plan(notebook, known=known, keep_idle=True)
        except Exception as error:
            text = f"refused: {type(error).__name__}: {error}\n{traceback.format_exc(limit=-4)}"
            return Compared(text, None, saved)
        if failure := next((merge.reason for merge in plan.merges if FAILED in merge.reason), None):
            return Compared(f"refused: {failure}", plan, saved)
        pipeline = run_pipeline(plan)
        if not pipeline.broken:
            return Compared(_difference(notebook, straight, pipeline), plan, saved)
        known += tuple(
            Remembered(one.statement, one.kind, one.names, one.cell, one.effect, broken=one.found)
            for one in pipeline.broken
        )
    return Compared(f"still broken after {MOST_ROUNDS} rounds: {pipeline.error}", plan, MOST_ROUNDS)


def _difference(notebook: Notebook, straight: Run, pipeline: Run) -> str | None:
    section = 0
    for cell in notebook.cells:
        section += cell.kind == "markdown"
        expected, got = straight.shown.get(cell.index, ""), pipeline.shown.get(cell.index, "")
        if got != expected and (cell.index in pipeline.shown or not pipeline.error):
            why = f"\n{pipeline.error}" if pipeline.error else ""
            return f"s{section} shows {got!r} instead of {expected!r}{why}"
    return f"the pipeline fails {pipeline.error}" if pipeline.error else None


def _execute(
    source: str, namespace: dict[str, Any], watched: Callable[[ast.Module], ast.Module] = lambda tree: tree
) -> tuple[str, str | None]:
    """Run a cell and show its last expression; return what it printed and what it raised."""
    out = io.StringIO()
    error = None
    with contextlib.redirect_stdout(out):
        try:
            tree = watched(ast.parse(source))
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "<cell>", "exec", dont_inherit=True), namespace)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "<cell>", "eval", dont_inherit=True), namespace)
                if value is not None:
                    print(repr(value))
        except TooLong:
            raise
        except BaseException as problem:
            error = "".join(traceback.format_exception_only(problem)).strip()
            rows = [f.lineno for f in traceback.extract_tb(problem.__traceback__) if f.filename == "<cell>"]
            error += f" (row {rows[0]} of the cell)" if rows else ""
    return quiet(out.getvalue()), error


def _without_failures(source: str, namespace: dict[str, Any]) -> str:
    """Run a section statement by statement; return it without those that raise."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    kept = []
    for statement in tree.body:
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(compile(ast.Module([statement], []), "<cell>", "exec", dont_inherit=True), namespace)
            except TooLong:
                raise
            except BaseException:
                continue
        kept.append(statement)
    return source if len(kept) == len(tree.body) else ast.unparse(ast.Module(kept, []))


# -- processes that are none ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def _process(exported: str = "") -> Iterator[dict[str, Any]]:
    """Give a new ``__main__`` to code that believes to have a process of its own."""
    anew = ["exported", "nested", *(path.stem for path in UNDESCRIBED.glob("*.py"))]
    before = {name: sys.modules.pop(name, None) for name in anew} | {"__main__": sys.modules["__main__"]}
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = main
    sys.path.insert(0, str(UNDESCRIBED))
    finders = list(sys.meta_path)
    try:
        for name, text in {"exported": exported, "nested": nested.TEXT}.items():
            if text:
                module = types.ModuleType(name)
                sys.modules[name] = module
                exec(compile(text, f"{name}.py", "exec", dont_inherit=True), module.__dict__)
        yield main.__dict__
    finally:
        sys.path.remove(str(UNDESCRIBED))
        sys.meta_path[:] = finders  # a guard of a task that raised is not told that it ended
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


@contextlib.contextmanager
def _settings_kept() -> Iterator[None]:
    """Let random states be unlike any before, and put settings back at the end."""
    import numpy as np

    random.seed()
    np.random.seed(int.from_bytes(os.urandom(4), "little"))
    _forget_classes()
    printing, errors, environment = np.get_printoptions(), np.geterr(), dict(os.environ)
    limit = sys.getrecursionlimit()
    previous = {kind: signal.signal(kind, _stop) for kind in (signal.SIGALRM, signal.SIGPROF)}
    memory = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_used_memory() + MEMORY, memory[1]))
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    signal.setitimer(signal.ITIMER_PROF, BUSY)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, memory)
        for kind, handler in previous.items():
            signal.signal(kind, handler)
        _end_threads()
        np.set_printoptions(**printing)
        np.seterr(**errors)
        if (pandas := sys.modules.get("pandas")) is not None:
            pandas.reset_option("display.precision")
        decimal.setcontext(decimal.Context())
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        sys.setrecursionlimit(limit)


def _end_threads() -> None:
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(1)


def _used_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _forget_classes() -> None:
    """Let cloudpickle not know classes that it has seen: in another process it would not."""
    cloudpickle = sys.modules.get("cloudpickle.cloudpickle")
    if cloudpickle is not None:
        cloudpickle._DYNAMIC_CLASS_TRACKER_BY_CLASS.clear()
        cloudpickle._DYNAMIC_CLASS_TRACKER_BY_ID.clear()


def _stop(*_: object) -> None:
    raise TooLong


@contextlib.contextmanager
def _folder() -> Iterator[None]:
    """Let code run in an empty folder of its own."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)
