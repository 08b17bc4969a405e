"""Runs the notebook from top to bottom, and its pipeline; keeps what both showed and held."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from soorgeon_clone.files.atomic import put
from soorgeon_clone.files.folders import make_folder
from soorgeon_clone.notebook import write as notebook_text
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.pipeline.building.model import Listener, Options
from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import CellError, Executor, Isolation, Job, OnProgress, Outcome, Status
from soorgeon_clone.pipeline.execution.written import read_executed
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.state.hidden import safe_name
from soorgeon_clone.pipeline.status.project import Project
from soorgeon_clone.refactor.model import Part, Plan
from soorgeon_clone.verify import capture
from soorgeon_clone.verify.capture import Guarded
from soorgeon_clone.verify.model import Node
from soorgeon_clone.verify.widgets import cells_of

Portraits = Mapping[str, Node]
Boundaries = Mapping[int, tuple[int, Sequence[Part]]]


@dataclass(frozen=True)
class Boundary:
    """What was captured at one place. A name in ``asked`` that has no portrait was not defined there."""

    portraits: Portraits = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Straight:
    """The notebook's own run: outputs by cell; by section, what variables held and which names there were at its end.

    ``error`` is what ended the run, its cell counted as in the notebook.
    """

    status: Status
    error: CellError | None
    outputs: Mapping[int, Sequence[Mapping[str, Any]]]
    boundaries: Mapping[int, Boundary]
    folders: tuple[Path, ...]
    outside: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskRun:
    """One task: its executed cells, portraits of what it loaded and of what it was about to save, how it ended."""

    status: Status | None
    error: CellError | None = None
    cells: Sequence[Mapping[str, Any]] = ()
    arrived: Boundary = field(default_factory=Boundary)
    left: Boundary = field(default_factory=Boundary)
    problem: str | None = None


@dataclass(frozen=True)
class Built:
    """The pipeline's run."""

    tasks: Mapping[str, TaskRun]
    folders: tuple[Path, ...]
    problem: str | None = None


class Runner:
    """Runs things in one warm executor, one at a time."""

    def __init__(
        self,
        modules: tuple[str, ...],
        cwd: Path,
        *,
        isolation: Isolation,
        timeout: float | None,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.modules = modules
        self.timeout = timeout
        self.executor: Executor = open_executor(
            isolation, modules=modules, cwd=cwd, blas_threads=None, on_progress=on_progress
        )

    def close(self) -> None:
        self.executor.close()

    def straight(
        self,
        notebook: Notebook,
        boundaries: Boundaries,
        cwd: Path,
        aside: Path,
        guarded: Guarded | None,
    ) -> Straight:
        """Run the notebook in ``cwd``; what is captured goes to the folder ``aside``.

        ``boundaries`` maps the index of a section's last cell to its number and what is to be captured there.
        """
        make_folder(aside.parent, aside.name)
        data = notebook_text.to_data(notebook.cells, notebook.metadata)
        source = capture.straight_source(data, boundaries, aside, guarded)
        output = aside / "executed.ipynb"
        self.executor.start(Job("notebook", source, output, cwd, modules=self.modules, timeout=self.timeout))
        (outcome,) = self.executor.wait()
        return _straight(outcome, source, output, aside, (cwd,), guarded)

    def pipeline(
        self, plan: Plan, entry_point: Path, aside: Path, guarded: Guarded | None, *, jobs: int, timeout: float
    ) -> Built:
        """Build the pipeline, all of it, ``jobs`` tasks side by side; what is captured goes to the folder ``aside``.

        ``timeout`` counts the seconds of a task.
        """
        make_folder(aside.parent, aside.name)
        with Project(entry_point, use_cache=False) as project:
            watching = _Watching(self.executor, plan, aside, timeout, guarded, jobs)
            options = Options(force=True, jobs=max(len(project.tasks), 1))
            report = build(project, options, Listener(), executor=watching)
        tasks = {}
        for run in report.runs:
            outcome = watching.outcomes.get(run.name)
            executed = aside / f"{safe_name(run.name)}.ipynb"
            tasks[run.name] = TaskRun(
                status=outcome.status if outcome else None,
                error=outcome.error if outcome else None,
                cells=cells_of(read_executed(executed)) if executed.exists() else (),
                arrived=_captured(aside / f"{run.name}.in"),
                left=_captured(aside / f"{run.name}.out"),
                problem=run.error if run.result in ("failed", "killed") else None,
            )
        return Built(tasks, (project.root,), report.problem)


class _Watching:
    """An executor that adds capturing cells to the tasks' notebooks and keeps them, also those that failed.

    Of the tasks that could run it takes the notebook's last one first: where nothing says that one must come after
    another, this order brings it to light.
    """

    def __init__(
        self, inner: Executor, plan: Plan, aside: Path, timeout: float, guarded: Guarded | None, jobs: int
    ) -> None:
        self.inner = inner
        self.tasks = {task.name: task for task in plan.tasks}
        self.aside = aside
        self.timeout = timeout
        self.guarded = guarded
        self.jobs = jobs
        self.outcomes: dict[str, Outcome] = {}
        self._order = {task.name: number for number, task in enumerate(plan.tasks)}
        self._waiting: list[Job] = []
        self._written: dict[str, Path] = {}

    def start(self, job: Job) -> None:
        if job.source is not None and job.output is not None:
            task = self.tasks.get(job.name)
            source = capture.task_source(job.source, task, self.aside, self.guarded) if task else job.source
            self._written[job.name] = job.output
            job = replace(job, source=source, timeout=job.timeout or self.timeout)
        self._waiting.append(job)

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        self._waiting.sort(key=lambda job: self._order.get(job.name, 0))
        while self._waiting and len(self.inner.running()) < self.jobs:
            self.inner.start(self._waiting.pop())
        outcomes = self.inner.wait(timeout)
        for outcome in outcomes:
            self.outcomes[outcome.name] = outcome
            written = self._written.pop(outcome.name, None)
            if written is not None and written.exists():
                put(self.aside / f"{safe_name(outcome.name)}.ipynb", written.read_bytes())
        return outcomes

    def cancel(self, name: str) -> None:
        self._waiting = [job for job in self._waiting if job.name != name]
        self.inner.cancel(name)

    def running(self) -> tuple[str, ...]:
        return (*self.inner.running(), *(job.name for job in self._waiting))

    def close(self) -> None:
        """The runner closes the executor."""

    def __enter__(self) -> _Watching:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _straight(
    outcome: Outcome,
    source: Mapping[str, Any],
    output: Path,
    aside: Path,
    folders: tuple[Path, ...],
    guarded: Guarded | None,
) -> Straight:
    executed = cells_of(read_executed(output)) if output.exists() else source["cells"]
    theirs = [number for number, cell in enumerate(source["cells"]) if not capture.is_ours(cell)]
    outputs = {index: executed[number].get("outputs", ()) for index, number in enumerate(theirs)}
    error = outcome.error
    if error is not None and error.cell_index is not None:
        ours = error.cell_index not in theirs
        error = replace(error, cell_index=None if ours else theirs.index(error.cell_index))
    captured = {int(path.name): _captured(path) for path in aside.iterdir() if path.name.isdigit()}
    outside: tuple[str, ...] = ()
    if guarded is not None and guarded.record.exists():
        outside = tuple(dict.fromkeys(guarded.record.read_text("utf-8", "replace").splitlines()))
    return Straight(
        outcome.status,
        error,
        outputs,
        captured,
        folders,
        outside,
    )


def _captured(path: Path) -> Boundary:
    try:
        data = pickle.loads(path.read_bytes())
    except (OSError, EOFError, pickle.UnpicklingError):
        return Boundary()
    return Boundary(data["portraits"], frozenset(data["asked"]), frozenset(data["names"]))
