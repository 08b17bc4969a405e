"""A notebook file -> its executed cells, run straight or as a pipeline, by the installed command in fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

import soorgeon_clone
from oracle.alignment import Difference, differences
from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import Isolation, Job

PROJECT = Path(soorgeon_clone.__file__).parents[1]
# A build divides the threads of numerical libraries among its tasks, and the number changes the last digits of sums.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
Cells = list[dict[str, Any]]


class RunFailed(Exception):
    """A notebook, a refactoring or a build that did not end well."""


@dataclass(frozen=True)
class Pipeline:
    """What `refactor` and `build` made of a notebook. ``report`` is that of ``refactor --json``."""

    folder: Path
    report: dict[str, Any]
    cells: Cells

    @property
    def upstream(self) -> dict[str, list[str]]:
        return {task["name"]: task["upstream"] for task in self.report["tasks"]}


def run_straight(notebook: Path, *, isolation: Isolation = "auto", timeout: float = 120) -> Cells:
    """Run a notebook from top to bottom in its folder; return its cells with outputs."""
    out = notebook.with_suffix(".straight.ipynb")
    source = nbformat.read(notebook, as_version=4)
    job = Job("straight", source, out, notebook.parent, timeout=timeout, straight=True)
    with open_executor(isolation, modules=(), cwd=notebook.parent, blas_threads=1) as executor:
        executor.start(job)
        (outcome,) = executor.wait()
    cells: Cells = json.loads(out.read_text(encoding="utf-8"))["cells"]
    out.unlink()
    if outcome.status != "ok":
        raise RunFailed(f"{notebook.name}: {outcome.status}: {outcome.error or outcome.log}")
    return cells


def refactor(notebook: Path, *options: str, folder: Path | None = None) -> dict[str, Any]:
    """Refactor a notebook, in its own folder unless another is named; return the plan."""
    cwd = folder or notebook.parent
    report: dict[str, Any] = json.loads(_command(["refactor", str(notebook), "--json", *options], cwd))
    return report


def run_pipeline(notebook: Path, *options: str, folder: Path | None = None) -> Pipeline:
    """Refactor and build; return the cells of all tasks with outputs, in the notebook's order."""
    cwd = folder or notebook.parent
    cwd.mkdir(exist_ok=True)
    report = refactor(notebook, *options, folder=cwd)
    _command(["build"], cwd)
    cells: Cells = []
    for task in report["tasks"]:
        cells += json.loads((cwd / task["products"]["nb"]).read_text(encoding="utf-8"))["cells"]
    return Pipeline(cwd, report, cells)


def compare(straight: Cells, pipeline: Cells, folders: Sequence[Path]) -> list[Difference]:
    """Return the cells that show something else in the pipeline. ``folders`` are where both ran."""
    return differences(straight, pipeline, [str(folder.resolve()) for folder in folders])


def _command(arguments: list[str], cwd: Path) -> str:
    # the package under test, also where it is not installed
    search_path = os.pathsep.join([str(PROJECT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    done = subprocess.run(
        [sys.executable, "-m", "soorgeon_clone", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": search_path.rstrip(os.pathsep)},
    )
    if done.returncode:
        raise RunFailed(
            f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        )
    return done.stdout
