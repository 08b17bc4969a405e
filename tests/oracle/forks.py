"""Cells -> what they show, each run in a fork of a process that has imported little.

Nothing is started or imported again, so hundreds of notebooks run in a minute; what a task leaves behind (settings,
random states, monkeypatches) dies with its fork, as it does in a real run. It is not this process that forks: the tests
before have filled it, and each fork would copy the tables of its memory.
"""

from __future__ import annotations

import ast
import gc
import importlib
import io
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import traceback
import types
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from oracle.shown import quiet
from soorgeon_clone.notebook.tags import MAY_FAIL, PARAMETERS, SAVE
from soorgeon_clone.pipeline.assumptions.model import KINDS, Broken, Kept
from soorgeon_clone.pipeline.assumptions.session import Session, TaskCell, make_ready, text_of
from soorgeon_clone.pipeline.saving.memory import Memory

LIMIT = 20  # seconds that one run may take


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


@dataclass(frozen=True)
class Job:
    """Cells to run in a folder, as the task of this name or as the notebook; ``injected`` is what the runner gives a
    task."""

    task: str
    cells: Sequence[Code]
    folder: Path
    injected: Mapping[str, Any] = field(default_factory=dict)
    ipython: bool = False


def run_in_fork(job: Job) -> Run:
    """Run the cells in a process of their own."""
    line = _process()
    line.send((job, sys.path))
    run: Run = line.recv()
    return run


def import_before(modules: Iterable[str]) -> None:
    """Have modules imported, so that no fork has to import them. Each makes forks slower."""
    line = _process()
    line.send(list(modules))
    line.recv()


@cache
def _process() -> Connection:
    """Return a line to the process that forks, which ends when this one does."""
    here, there = Pipe()
    code = f"import sys; sys.path[:] = {sys.path!r}\nfrom oracle.forks import serve; serve({there.fileno()})"
    subprocess.Popen([sys.executable, "-c", code], pass_fds=[there.fileno()], stdin=subprocess.DEVNULL)
    there.close()
    return here


def serve(descriptor: int) -> None:
    """Answer what comes over the line, until nobody is at its other end."""
    line = Connection(descriptor)
    os.set_inheritable(descriptor, False)
    make_ready(KINDS)
    while True:
        try:
            message = line.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        if isinstance(message, list):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for module in message:
                    importlib.import_module(module)
            line.send(None)
        else:
            job, sys.path[:] = message
            line.send(_forked(job))


def _forked(job: Job) -> Run:
    """Return what the cells show in a fork of this process."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # or the child's first collection would copy every page
    child = os.fork()
    if child == 0:
        os.close(reader)
        signal.alarm(LIMIT)
        os.chdir(job.folder)
        sys.path.insert(0, str(job.folder))
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(_run(job), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if not answer:
        return Run({}, f"the process ended with status {status}")
    run: Run = pickle.loads(answer)
    return run


def _run(job: Job) -> Run:
    """Run the cells in this process, whose ``__main__`` they become."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    folder = str(Path.cwd())
    printed = _catch_stdout()
    session = Session(job.task, [TaskCell(n, one.source, one.index is not None) for n, one in enumerate(job.cells)])
    execute = _ipython(main) if job.ipython else _plain(main.__dict__, session.watched)
    shown: dict[int, str] = {}
    for number, cell in enumerate(job.cells):
        try:
            session.before(number, main.__dict__)
            for hooked in Memory().passes() if SAVE in cell.tags else [nullcontext()]:
                with hooked:
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
            main.__dict__.update(job.injected)
    assumed = session.end(main.__dict__) if job.task else ()
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
