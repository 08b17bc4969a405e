"""Where the tasks of a build run: what the schedule asks of this machine (`local_side`) or of others (`elsewhere`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from soorgeon_clone.pipeline.building.model import Ended
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.execution.model import Executor, Job, OnProgress, Outcome
from soorgeon_clone.pipeline.state.records import Made
from soorgeon_clone.pipeline.status.model import Verdict


class Attempt(Protocol):
    """One run of one task: call `begin`, run the job that it gives, and hand each outcome to `next`, until that gives
    no job but an end. ``retrying`` says, once, why the job that follows is another try. ``started`` is a Unix time,
    ``read`` and ``wrote`` are the files of the project that the task opened, as far as that is known."""

    task: Task
    verdict: Verdict
    started: float
    retrying: str | None
    read: frozenset[str]
    wrote: frozenset[str]

    def begin(self) -> Job:
        """Return the first job. Raises UserError or OSError where what it needs cannot be prepared."""

    def next(self, outcome: Outcome) -> Job | Ended:
        """Return the job that follows this outcome, or how the attempt ended."""

    def meanings(self) -> Mapping[str, str]:
        """Return what later tasks see of products, as far as that is known before `made` is asked."""

    def takes_long(self) -> bool:
        """Whether `made` takes so long that a thread is to do it, while later tasks begin."""

    def made(self, seconds: float) -> Made:
        """Have the products, which took ``seconds`` to make, in their places; return what is recorded of them.

        Raises UserError or OSError. Where contents of upstream are not known yet, asked after its upstream's.
        """

    def give_up(self) -> None:
        """Remove what an interrupted attempt wrote."""


class Retold(Attempt, Protocol):
    """An attempt that runs no code of the task."""

    def first(self) -> Job | Ended | None:
        """Return the first job, or how it ended; None where the task has to run. Raises UserError or OSError."""


class Side(Protocol):
    """One build's side. ``jobs`` is how many tasks run at a time, ``readers`` how many threads call `Attempt.made`.

    ``queues``: a task may wait there for its turn, and its executor tells of progress with cell 0 when it begins.
    """

    jobs: int
    readers: int
    queues: bool

    def executor(self, names: Iterable[str], on_progress: OnProgress) -> Executor:
        """Return the executor, opened when it is first asked for. ``names`` are the tasks that may still run.

        Raises UserError where none of these could ever run there.
        """

    def judge(self, task: Task, verdict: Verdict) -> Verdict:
        """Return the verdict with what else makes the task stale there."""

    def revealed(self) -> None:
        """Take notice of the project's tasks: those of a ``foreach`` are known now."""

    def attempt(self, task: Task, verdict: Verdict) -> Attempt:
        """Return a run of the task, which is not begun."""

    def retelling(self, task: Task, verdict: Verdict) -> Retold | None:
        """Return what makes the notebook anew of a task of which only the text changed; None where that is not done."""

    def end_tasks(self) -> None:
        """End what still runs."""

    def close(self) -> None:
        """Remove what the build needed; no attempt is asked for anything any more."""
