"""One notebook, run from top to bottom as Jupyter would, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soorgeon_clone.files.folders import private_folder
from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import CellError, Executor, Isolation, Job, OnProgress, Status
from soorgeon_clone.pipeline.execution.written import read_executed


@dataclass(frozen=True)
class StraightRun:
    """The executed notebook as nbformat-4 dict; cells after one that failed have no outputs."""

    notebook: dict[str, Any]
    status: Status
    error: CellError | None


def run_straight(
    notebook: Mapping[str, Any],
    cwd: Path,
    *,
    modules: Sequence[str] = (),
    timeout: float | None = None,
    environment: Mapping[str, str] | None = None,
    isolation: Isolation = "auto",
    executor: Executor | None = None,
    on_progress: OnProgress | None = None,
) -> StraightRun:
    """Runs ``notebook``. With an ``executor`` that is idle, as a job of it: the way to run many notebooks; it tells
    ``on_progress`` what it was opened with, else of each cell that begins."""
    if executor is None:
        with open_executor(isolation, modules=modules, cwd=cwd, blas_threads=None, on_progress=on_progress) as own:
            return _run(own, notebook, cwd, modules, timeout, environment)
    return _run(executor, notebook, cwd, modules, timeout, environment)


def _run(
    executor: Executor,
    notebook: Mapping[str, Any],
    cwd: Path,
    modules: Sequence[str],
    timeout: float | None,
    environment: Mapping[str, str] | None,
) -> StraightRun:
    with private_folder() as folder:
        output = folder / "executed.ipynb"
        executor.start(
            Job(
                name=str(output),
                source=notebook,
                output=output,
                cwd=cwd,
                environment=environment or {},
                modules=tuple(modules),
                timeout=timeout,
                output_limit=None,
                straight=True,
            )
        )
        outcome = executor.wait()[0]
        executed = read_executed(output) if output.exists() else dict(notebook)
    return StraightRun(executed, outcome.status, outcome.error)
