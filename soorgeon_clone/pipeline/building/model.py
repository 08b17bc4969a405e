"""The nouns of this room: how to build, what a build tells, what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.assumptions.model import Broken, Kept
from soorgeon_clone.pipeline.declared.model import DAG, Task
from soorgeon_clone.pipeline.execution.model import Isolation
from soorgeon_clone.pipeline.state.model import Cause

RunResult = Literal["ran", "restored", "up to date", "touched", "retold", "failed", "skipped", "killed", "stopped"]
# The name of the exception with which a task or a hook ends a build that has not failed.
EARLY_STOP = "DAGBuildEarlyStop"


@dataclass(frozen=True, slots=True)
class TaskRun:
    """What a build did with one task. ``error`` is the text to show, ``causes`` why the task was stale, ``assumed``
    what came of what it takes for granted, ``details`` the traceback where the error does without."""

    name: str
    result: RunResult
    seconds: float = 0.0
    causes: tuple[Cause, ...] = ()
    error: str | None = None
    peak_memory: int | None = None
    assumed: tuple[Broken | Kept, ...] = ()
    details: str = ""

    @property
    def ran(self) -> bool:
        return self.result in ("ran", "failed", "killed")


@dataclass(frozen=True)
class Report:
    """What a build did, in the DAG's order. ``problem`` is what a hook of the whole pipeline failed with.

    ``stopped``: a task or a hook asked for its end, and what was not done then is no failure.
    """

    runs: tuple[TaskRun, ...]
    seconds: float
    problem: str | None = None
    stopped: bool = False

    def __str__(self) -> str:
        texts = [(run.name, run.result, f"{run.seconds:.2f} s" if run.seconds else "") for run in self.runs]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in texts]
        problems = [f"{run.name}: {run.error}" for run in self.failed if run.error]
        return "\n".join([*lines, *problems, *([self.problem] if self.problem else [])])

    @property
    def failed(self) -> tuple[TaskRun, ...]:
        return tuple(run for run in self.runs if run.result in ("failed", "killed"))

    @property
    def ok(self) -> bool:
        bad = ("failed", "killed") if self.stopped else ("failed", "killed", "skipped")
        return self.problem is None and not any(run.result in bad for run in self.runs)

    def check(self) -> Report:
        """Return the report if all went well, for programs that should end else. Raises UserError."""
        if not self.ok:
            raise UserError(f"the build failed:\n{self}")
        return self


@dataclass(frozen=True)
class Options:
    """How to build. ``names`` are the tasks to bring up to date (None: all).

    ``verbose``: the listener is told of what tasks print while it happens; ``log_level``: of what they log, at this
    level (as in logging) and above.

    ``debug_later``: what fails is kept with its variables, for a debugger (tasks of this machine that no Jupyter kernel
    runs).

    ``engine`` says where tasks run: here, or on the Dask cluster of ``scheduler``, or the one that the function
    ``cluster`` (``module:function``) returns (None, None: a cluster on this machine), where a worker is given up that
    does not answer for ``worker_timeout`` seconds.
    """

    names: frozenset[str] | None = None
    force: bool = False
    jobs: int | None = None
    fail_fast: bool = False
    isolation: Isolation = "auto"
    memory_limit: int | None = None
    wait_for_lock: bool = True
    verbose: bool = False
    debug_later: bool = False
    log_level: int | None = None
    engine: Literal["local", "dask"] = "local"
    scheduler: str | None = None
    cluster: str | None = None
    worker_timeout: float = 60.0

    def chosen(self, dag: DAG) -> list[str]:
        """Return the tasks that the build is about, in the DAG's order."""
        return [name for name in dag.tasks if self.names is None or name in self.names]


class Listener:
    """What a build tells while it runs. Every method may be left as it is."""

    def started(self, task: Task, causes: tuple[Cause, ...], expected: float | None) -> None:
        """A task begins; ``expected`` is how many seconds it took last time."""

    def progressed(self, name: str, cell: int, total: int) -> None:
        """A task began with a cell."""

    def printed(self, name: str, text: str) -> None:
        """A task or a hook (by its kind, ``on_finish``) printed something."""

    def ended(self, run: TaskRun) -> None:
        """A task is done, in whatever way."""

    def revealed(self, total: int) -> None:
        """So many tasks the build is about, now that the elements of a ``foreach`` are known."""

    def waiting(self, holder: str) -> None:
        """Another build holds the lock."""

    def warned(self, message: str) -> None:
        """Something is not as it should be, and the build goes on."""


@dataclass(frozen=True)
class Ended:
    """How an attempt ended. ``error`` is None if the products are published, ``assumed`` what came of what the task
    takes for granted."""

    error: str | None
    killed: bool
    seconds: float
    peak_memory: int | None
    assumed: tuple[Broken | Kept, ...] = ()
    details: str = ""
    stopped: bool = False
