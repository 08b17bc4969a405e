"""A project -> what the HTML page tells about each task."""

from __future__ import annotations

import os
import posixpath
import time
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import is_regular, read_bytes
from soorgeon_clone.pipeline.declared.model import HIDDEN, Task
from soorgeon_clone.pipeline.plot.html import Page
from soorgeon_clone.pipeline.state.hidden import safe_name
from soorgeon_clone.pipeline.status.model import TaskStatus
from soorgeon_clone.pipeline.status.project import Project

_MOST_RUNS = 5  # before the last one, of a task


def pages_of(project: Project, folder: Path) -> tuple[Page, ...]:
    """One page a task, in the DAG's order; ``folder`` is where the page will stand, so that links lead to products."""
    way = os.path.relpath(project.root, folder.resolve())
    return tuple(_page(project, project.dag.tasks[status.name], status, way) for status in project.status())


def table_of(project: Project) -> tuple[tuple[str, ...], ...]:
    """The status of all tasks as rows below a header; of their products, those that are no files."""
    rows = [("task", "last run", "seconds", "state", "about", "products")]
    for status in project.status():
        task, last = project.dag.tasks[status.name], status.last_run
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(last.started)) if last else "never"
        seconds = f"{last.seconds:.2f}" if last else ""
        relations = ", ".join(str(product) for product in task.products if product.relation is not None)
        state = (
            f"{last.result}; {status.line}" if last and _failed(status) and "failed" not in status.line else status.line
        )
        rows.append((task.name, when, seconds, state, task.facts.doc, relations))
    return tuple(rows)


def _page(project: Project, task: Task, status: TaskStatus, way: str) -> Page:
    last = status.last_run
    facts = [("State", status.line)]
    if last is not None:
        facts.append(("Last run", f"{_when(last.started)}, {last.seconds:.2f} s, {last.result}"))
        if last.peak_memory:
            facts.append(("Memory", f"{last.peak_memory / 1e6:.0f} MB"))
    earlier = [run for run in project.records.history() if run.task == task.name][1 : _MOST_RUNS + 1]
    if earlier:
        facts.append(
            ("Before", "; ".join(f"{_when(run.started)}, {run.seconds:.2f} s, {run.result}" for run in earlier))
        )
    facts.append(("Source", task.spec.source.path or task.spec.source.text))
    if task.upstream:
        facts.append(("Upstream", ", ".join(task.upstream)))
    if task.spec.params:
        facts.append(("Params", ", ".join(f"{name} = {value!r}" for name, value in task.spec.params.items())))
    relations = [str(product) for product in task.products if product.relation is not None]
    if relations:
        facts.append(("In the database", ", ".join(relations)))
    products = tuple(
        posixpath.normpath(f"{Path(way).as_posix()}/{product.path}")
        for product in task.products
        if product.relation is None
    )
    source, notebook = _source(project, task), _notebook(project, task, status)
    return Page(task.name, tuple(facts), source, notebook, products, failed=_failed(status))


def _failed(status: TaskStatus) -> bool:
    return status.last_run is not None and status.last_run.result in ("failed", "killed")


def _when(started: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started))


def _source(project: Project, task: Task) -> str:
    if task.spec.source.path is None:
        module = task.spec.source.text.rpartition(".")[0]
        found = project.fingerprints.local.find(module)
        path = Path(found) if found else None
    else:
        path = project.root / task.spec.source.path
    try:
        if path is not None and path.suffix == ".ipynb" and is_regular(path):
            from soorgeon_clone.notebook import read, write

            return write.to_script(read.read_any(path)[0].cells, {})
        return read_bytes(path).decode("utf-8", "replace") if path else ""
    except OSError:
        return ""
    except UserError as error:  # one source that cannot be read takes no page away from the others
        return str(error)


def _notebook(project: Project, task: Task, status: TaskStatus) -> Path | None:
    """The executed notebook; after a failure, the one that failed."""
    failed = project.root / HIDDEN / "failed" / f"{safe_name(task.name)}.ipynb"
    if status.last_run is not None and status.last_run.result == "failed" and failed.is_file():
        return failed
    for product in task.notebooks:
        path = project.root / product.path
        if path.suffix == ".ipynb" and path.is_file():
            return path
    return None
