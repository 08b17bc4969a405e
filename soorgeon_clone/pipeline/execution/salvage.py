"""A task whose process ended before it could tell: what it showed until then, written as its executed notebook."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

from soorgeon_clone.pipeline.execution.cells import blank, text
from soorgeon_clone.pipeline.execution.journal import Journal
from soorgeon_clone.pipeline.execution.model import CellError, Job, Status
from soorgeon_clone.pipeline.execution.process import signal_name
from soorgeon_clone.pipeline.execution.recording import Recorder
from soorgeon_clone.pipeline.execution.written import write_notebook

LOG_SIZE = 64_000
KILLED = "TaskKilled"


def save_what_is_left(
    job: Job, journal: int, reason: Status | None, wait_status: int, last_words: str
) -> tuple[CellError, str]:
    """Writes the notebook from the journal; returns the error to report and the end of what was printed.

    ``last_words`` is what the process itself said beside the notebook: the stack of a crash.
    """
    ename, evalue = _why(job, reason, wait_status)
    if job.source is None:
        cell: dict[str, Any] = {"cell_type": "code", "outputs": []}
        Recorder([cell], limit=None, journal=Journal(None)).replay(journal)
        return CellError(None, None, ename, evalue), printed([cell]) + last_words
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
    return error, printed(notebook["cells"]) + last_words


def status_of(error: CellError | None) -> Status:
    """How a task ended whose code ran to its end or to an error."""
    if error is None:
        return "ok"
    special: dict[str, Status] = {"StdinNotImplementedError": "input", KILLED: "killed"}
    return special.get(error.ename, "error")


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


def _why(job: Job, reason: Status | None, wait_status: int) -> tuple[str, str]:
    if reason == "timeout":
        return "TaskTimeout", f"the task ran longer than its limit of {job.timeout:g} s"
    if reason == "memory" and job.memory_limit:
        return "TaskMemory", f"the task and its processes held more than the limit of {job.memory_limit:,} bytes"
    if reason == "killed":
        return KILLED, "the task was cancelled"
    if os.WIFSIGNALED(wait_status):
        number = os.WTERMSIG(wait_status)
        hint = " (often: the system has no memory left)" if number == signal.SIGKILL else ""
        return KILLED, f"the task's process was ended by {signal_name(number)}{hint}"
    return KILLED, f"the task's process ended by itself with exit code {os.WEXITSTATUS(wait_status)}"
