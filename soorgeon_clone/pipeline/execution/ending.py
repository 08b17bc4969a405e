"""How a job's process ended, and what it said before -> its outcome."""

from __future__ import annotations

import os
import signal

from soorgeon_clone.pipeline.assumptions.model import Broken, Kept
from soorgeon_clone.pipeline.execution.model import CellError, Job, Outcome, Status
from soorgeon_clone.pipeline.execution.process import signal_name
from soorgeon_clone.pipeline.execution.salvage import save_what_is_left

Result = tuple[Status, CellError | None, str]  # what the process says at its end: status, error, log
KILLED = "TaskKilled"


def outcome_of(
    job: Job,
    *,
    result: Result | None,
    reason: Status | None,
    ending: str,
    journal: int,
    last_words: str,
    started: float,
    seconds: float,
    peak_memory: int,
    assumed: tuple[Broken | Kept, ...] = (),
    opened: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset()),
) -> Outcome:
    """``result`` is None if the process did not come to its end, ``reason`` why it was killed, ``ending`` how it ended.

    Where the task could not write its notebook itself, it is written here.
    """
    if result is not None and reason in (None, "timeout"):
        status, error, log = result
        return Outcome(job.name, reason or status, error, started, seconds, peak_memory, log, assumed, *opened)
    ename, evalue = _why(job, reason, ending)
    error, log = save_what_is_left(job, journal, ename, evalue)
    return Outcome(job.name, reason or "killed", error, started, seconds, peak_memory, log + last_words)


def status_of(error: CellError | None) -> Status:
    """How a task ended whose code ran to its end or to an error."""
    if error is None:
        return "ok"
    # the first is what a Jupyter kernel raises where nobody can be asked
    special: dict[str, Status] = {"StdinNotImplementedError": "input", KILLED: "killed"}
    return special.get(error.ename, "error")


def ending(wait_status: int) -> str:
    """What ``os.wait`` says about a process, in words."""
    if not os.WIFSIGNALED(wait_status):
        return f"ended by itself with exit code {os.WEXITSTATUS(wait_status)}"
    number = os.WTERMSIG(wait_status)
    hint = " (often: the system has no memory left)" if number == signal.SIGKILL else ""
    return f"was ended by {signal_name(number)}{hint}"


def _why(job: Job, reason: Status | None, ending: str) -> tuple[str, str]:
    if reason == "timeout":
        return "TaskTimeout", f"the task ran longer than its limit of {job.timeout:g} s"
    if reason == "memory" and job.memory_limit:
        return "TaskMemory", f"the task and its processes held more than the limit of {job.memory_limit:,} bytes"
    if reason == "killed":
        return KILLED, "the task was cancelled"
    return KILLED, f"the task's process {ending}"
