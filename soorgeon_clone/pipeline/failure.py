"""How a task failed -> the text for the terminal: cell, line and traceback as Jupyter shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.notebook.model import Place
from soorgeon_clone.pipeline.execution.model import Outcome
from soorgeon_clone.pipeline.inject import TAG
from soorgeon_clone.pipeline.model import Task

_WHY = {
    "timeout": "took longer than its timeout",
    "memory": "used more memory than its limit",
    "killed": "was killed",
    "input": "asked for input, and nobody is there to answer",
    "error": "failed",
}


def text_of(task: Task, outcome: Outcome, source: Mapping[str, Any] | None, notebook: Path | None) -> str:
    """What to show of a failed task. ``notebook`` is where its executed notebook was kept."""
    error = outcome.error
    where = task.spec.source.path or task.spec.source.text
    if error is not None and error.cell_index is not None and source is not None:
        where = str(Place(where, _index_in_source(error.cell_index, source), line=error.line))
    lines = [f"{where}: task '{task.name}' {_WHY.get(outcome.status, outcome.status)}"]
    if error is not None:
        lines += list(error.traceback) or [f"{error.ename}: {error.evalue}"]
    elif outcome.log:
        lines.append(outcome.log.rstrip())
    if notebook is not None:
        lines.append(f"Its notebook, as far as it ran: {notebook}")
    return "\n".join(lines)


def _index_in_source(index: int, source: Mapping[str, Any]) -> int:
    """The cell's place in the user's file, which has no injected cell."""
    before = source["cells"][:index]
    return index - sum(TAG in cell.get("metadata", {}).get("tags", ()) for cell in before)
