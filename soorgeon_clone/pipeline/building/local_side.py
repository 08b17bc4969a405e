"""The tasks of a build as processes of this machine."""

from __future__ import annotations

from collections.abc import Iterable

from soorgeon_clone.pipeline.building.attempt import LocalAttempt
from soorgeon_clone.pipeline.building.cores import Shares, cores
from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.building.retelling import Retelling
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.execution.model import Executor, OnProgress
from soorgeon_clone.pipeline.status.model import Verdict
from soorgeon_clone.pipeline.status.project import Project


class LocalSide:
    """See `side.Side`. ``executor`` is one that is open and idle, and stays open; without it the build has its own."""

    readers = 1  # a task is read after its upstream, so that its fingerprint can be made
    queues = False

    def __init__(self, project: Project, options: Options, executor: Executor | None = None) -> None:
        self.jobs = options.jobs or project.spec.jobs or cores()
        self.shares = Shares(project.dag, options.jobs or project.spec.jobs)
        self._project = project
        self._options = options
        self._given = executor
        self._opened: Executor | None = None

    def executor(self, names: Iterable[str], on_progress: OnProgress) -> Executor:
        """Return the executor; a new one has the modules ready that these tasks import."""
        if self._given is not None:
            return self._given
        if self._opened is None:
            from soorgeon_clone.pipeline.execution.executor import open_executor

            closures = [self._project.fingerprints.closure(self._project.tasks[name]) for name in names]
            self._opened = open_executor(
                self._options.isolation,
                modules=sorted({module for one in closures for module in one.libraries | one.modules}),
                cwd=self._project.root,
                blas_threads=self.shares.least(),
                on_progress=on_progress,
            )
        return self._opened

    def judge(self, task: Task, verdict: Verdict) -> Verdict:
        """Return the verdict as it is."""
        return verdict

    def revealed(self) -> None:
        """Share the cores anew."""
        self.shares = Shares(self._project.dag, self._options.jobs or self._project.spec.jobs)

    def attempt(self, task: Task, verdict: Verdict) -> LocalAttempt:
        """Return a run of the task, with its share of the cores."""
        limit, threads = self._options.memory_limit, self.shares.of(task.name)
        return LocalAttempt(
            self._project,
            task,
            verdict,
            memory_limit=limit,
            threads=threads,
            tells=self._options.verbose,
            log_level=self._options.log_level,
            debug_later=self._options.debug_later,
        )

    def retelling(self, task: Task, verdict: Verdict) -> Retelling:
        """Return what makes the task's notebook anew."""
        return Retelling(self._project, task, verdict, self.shares.of(task.name))

    def end_tasks(self) -> None:
        """End what still runs, and the executor if it is the build's own."""
        if self._opened is not None:
            self._opened.close()
        elif self._given is not None:
            for name in self._given.running():
                self._given.cancel(name)
            while self._given.running():
                self._given.wait()

    def close(self) -> None:
        """There is nothing left."""
