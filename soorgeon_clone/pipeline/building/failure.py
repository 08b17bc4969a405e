"""How a task failed -> the text for the terminal: cell, line and traceback as Jupyter shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from soorgeon_clone.notebook.model import Place
from soorgeon_clone.pipeline.declared.model import Hook, Task
from soorgeon_clone.pipeline.execution.model import ASSUMPTION_BROKEN, CellError, Outcome
from soorgeon_clone.visible import one_line, shortened, visible

_WHY = {
    "timeout": "took longer than its timeout",
    "memory": "used more memory than its limit",
    "killed": "was killed",
    "input": "asked for input, and nobody is there to answer",
    "error": "failed",
}

_WITHOUT_PLOOMBER = (
    "Pipelines run without Ploomber, and code that imports it does not. Use what is here: "
    "soorgeon_clone.DAGBuildEarlyStop for ploomber.exceptions.DAGBuildEarlyStop, soorgeon_clone.serializer and "
    "unserializer for those of ploomber.io, soorgeon_clone.task for ploomber.micro, a URL for a client; or install "
    "Ploomber beside: pip install ploomber."
)


def text_of(task: Task, outcome: Outcome, notebook: Path | None, *, what: str = "") -> str:
    """What to show of a failed task. ``notebook`` is where its executed notebook was kept, ``what`` what failed if
    not the task itself."""
    error = outcome.error
    where = task.spec.source.path or task.spec.source.text
    if error is not None and error.cell_index is not None:
        where = str(Place(where, _index_in_source(task, error.cell_index), line=error.line))
    subject = f"{what} of task '{task.name}'" if what else f"task '{task.name}'"
    if error is not None and error.ename == ASSUMPTION_BROKEN:
        return visible(error.evalue)
    lines = [f"{one_line(where)}: {subject} {_WHY.get(outcome.status, outcome.status)}"]
    if error is not None and error.explained:
        lines += [error.explained, "The traceback is in its notebook; `--verbose` shows it."]
    elif error is not None:
        lines.append(shortened(_told(error), kept_in="its notebook" if notebook is not None else ""))
    elif outcome.log:
        lines.append(outcome.log.rstrip())
    if notebook is not None:
        lines.append(f"Its notebook, as far as it ran: {one_line(str(notebook))}")
    # Half of a character, which code may raise, can be neither recorded nor printed.
    return "\n".join(lines).encode("utf-8", "backslashreplace").decode()


def text_of_hook(kind: str, hook: Hook, outcome: Outcome) -> str:
    """What to show of a failed hook of the whole pipeline."""
    lines = [f"pipeline.yaml: {kind} ({hook.dotted_path}) {_WHY.get(outcome.status, outcome.status)}"]
    if outcome.error is not None:
        lines.append(shortened(_told(outcome.error)))
    return "\n".join(lines)


def _told(error: CellError) -> str:
    if error.ename == "UserError":  # it says what to do; where in our own code it arose helps nobody
        return error.evalue
    told = "\n".join(error.traceback) or f"{error.ename}: {error.evalue}"
    if error.ename == "ModuleNotFoundError" and "No module named 'ploomber" in error.evalue:
        told += f"\n{_WITHOUT_PLOOMBER}"
    return told


def _index_in_source(task: Task, index: int) -> int:
    """The cell's place in the user's file, which has no injected cell (or has one of its own, at that very place)."""
    return index if task.facts.has_injected or index <= task.facts.injected_at else index - 1


def text_of_unchecked(unchecked: Mapping[str, str]) -> str:
    """Return what else may be the reason of an error: what tasks take for granted, by their names, unchecked so far."""
    listed = "; ".join(f"`{name}`: {assumed}" for name, assumed in unchecked.items())
    return (
        f"  It may have failed since something is not so that was taken for granted and not checked yet: {listed}\n"
        "  `soorgeon-clone build --keep-going` checks it."
    )
