"""The verdicts on tasks, and their last runs -> the status of each: nothing is read, and nothing changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.state.model import Cause, LastRun, Reason
from soorgeon_clone.pipeline.status.model import TaskStatus, Verdict

# So many upstream tasks are named where one word is to say why a task is stale.
_SHOWN = 5


def status_of(
    tasks: Iterable[Task], verdicts: Mapping[str, Verdict], last_runs: Mapping[str, LastRun]
) -> list[TaskStatus]:
    """Return the status of each task, in the order given, which is the DAG's. A task behind a stale one is stale."""
    stale: set[str] = set()
    found = []
    for task in tasks:
        verdict, last = verdicts[task.name], last_runs.get(task.name)
        behind = [name for name in task.upstream if name in stale]
        why = _with_upstream(_with_failure(verdict.causes, last), behind)
        cached = bool(why) and not behind and verdict.restorable is not None
        if why and not cached and not all(cause.reason is Reason.PROSE for cause in why):
            stale.add(task.name)
        found.append(TaskStatus(task.name, why, last, cached, cached and not verdict.here))
    return found


def _with_failure(causes: tuple[Cause, ...], last: LastRun | None) -> tuple[Cause, ...]:
    """A task that never ran to its end, and failed: that is the reason to name."""
    if last is not None and last.result in ("failed", "killed") and causes[:1] == (Cause(Reason.NEVER_RAN),):
        return (Cause(Reason.FAILED), *causes[1:])
    return causes


def _with_upstream(causes: tuple[Cause, ...], behind: list[str]) -> tuple[Cause, ...]:
    """The causes, with the upstream tasks that are stale instead of what these changed."""
    if not behind:
        return causes
    more = f" and {len(behind) - _SHOWN} more" if len(behind) > _SHOWN else ""
    kept = (cause for cause in causes if cause.reason is not Reason.UPSTREAM)
    return (*kept, Cause(Reason.UPSTREAM_STALE, ", ".join(behind[:_SHOWN]) + more))
