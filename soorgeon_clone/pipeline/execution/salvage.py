"""A task whose process ended before it could tell: what it showed until then, written as its executed notebook."""

from __future__ import annotations

import contextlib
from typing import Any

from soorgeon_clone.pipeline.execution.cells import blank, text
from soorgeon_clone.pipeline.execution.journal import Journal
from soorgeon_clone.pipeline.execution.model import CellError, Job
from soorgeon_clone.pipeline.execution.recording import Recorder
from soorgeon_clone.pipeline.execution.written import write_notebook

LOG_SIZE = 64_000


def save_what_is_left(job: Job, journal: int, ename: str, evalue: str) -> tuple[CellError, str]:
    """Writes the notebook from the journal; returns the error to report and the end of what was printed."""
    if job.source is None:
        cell: dict[str, Any] = {"cell_type": "code", "outputs": []}
        Recorder([cell], limit=None, journal=Journal(None)).replay(journal)
        return CellError(None, None, ename, evalue), printed([cell])
    notebook = blank(job.source)
    recorder = Recorder(notebook["cells"], limit=None, journal=Journal(None))
    recorder.replay(journal)
    at = recorder.index
    if at >= 0:
        recorder.error(ename, evalue, [f"{ename}: {evalue}"])
    if job.output is not None:
        with contextlib.suppress(OSError):
            write_notebook(notebook, job.output)
    source = text(notebook["cells"][at]) if at >= 0 else ""
    error = CellError(at if at >= 0 else None, None, ename, evalue, (f"{ename}: {evalue}",), source)
    return error, printed(notebook["cells"])


def printed(cells: list[dict[str, Any]]) -> str:
    """The end of what the cells wrote to standard output and standard error."""
    pieces: list[str] = []
    length = 0
    for cell in reversed(cells):
        for output in reversed(cell.get("outputs", ())):
            if output["output_type"] == "stream" and length < LOG_SIZE:
                pieces.append(output["text"])
                length += len(output["text"])
    return "".join(reversed(pieces))[-LOG_SIZE:]
