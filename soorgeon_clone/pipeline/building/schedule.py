"""One build: what is ready is judged, brought back from the cache or run, until nothing is left.

What waits for what stands in `frontier`, what takes long to read in `settling`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterable
from dataclasses import replace

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building import results
from soorgeon_clone.pipeline.building.checks import check
from soorgeon_clone.pipeline.building.failure import text_of_unchecked
from soorgeon_clone.pipeline.building.frontier import Frontier, ranks
from soorgeon_clone.pipeline.building.model import Ended, Listener, Options, Report, RunResult, TaskRun
from soorgeon_clone.pipeline.building.not_kept import not_kept
from soorgeon_clone.pipeline.building.pipeline_hooks import PipelineHooks
from soorgeon_clone.pipeline.building.settling import Settling
from soorgeon_clone.pipeline.building.side import Attempt, Side
from soorgeon_clone.pipeline.building.telling import Telling
from soorgeon_clone.pipeline.building.unchecked import Unchecked
from soorgeon_clone.pipeline.building.undeclared import Undeclared
from soorgeon_clone.pipeline.declared import foreach
from soorgeon_clone.pipeline.declared.model import HIDDEN, Task
from soorgeon_clone.pipeline.execution.model import Executor, Job, Outcome, Printed, Progress
from soorgeon_clone.pipeline.products.cache import default_limit
from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.pipeline.state.fingerprint import needs
from soorgeon_clone.pipeline.state.model import Cause, Reason
from soorgeon_clone.pipeline.state.records import Made, RunRecord
from soorgeon_clone.pipeline.status.model import Ahead, Verdict
from soorgeon_clone.pipeline.status.project import Project


class Schedule:
    """One build. A task waits, is ready, runs, may have its products read, and is done: it is in one place at a time.

    Without ``hooks`` those of the whole pipeline are not called.
    """

    def __init__(
        self,
        project: Project,
        options: Options,
        listener: Listener,
        side: Side,
        *,
        hooks: bool = True,
    ) -> None:
        self.project = project
        self.options = options
        self.listener = listener
        self.side = side
        self.hooks = PipelineHooks(project, options, self._open_executor) if hooks else None
        self.tasks: dict[str, Task] = project.tasks
        self.names = options.chosen(project.dag)
        self.durations = project.records.durations()
        self.telling = Telling(listener, options, self.durations)
        self.id = uuid.uuid4().hex[:12]
        self.executor: Executor | None = None
        self.ahead = Ahead()
        self.undeclared = Undeclared(project.dag)
        self.unchecked = Unchecked(project, self.names)
        self.began = time.perf_counter()
        self.frontier = Frontier(self.tasks, self.names, self._ranks())
        self.running: dict[str, Attempt] = {}
        self.settling = Settling(side.readers)
        self.runs: dict[str, TaskRun] = {}
        self.stopped = False  # nothing more begins
        self.stopped_early = False  # since a task asked for the end
        self.splits: list[Task] = []
        self.retold: set[str] = set()

    def run(self) -> Report:
        """Run the build to its end."""
        try:
            for said in check(self.project, self.names):
                self.listener.warned(said)
            if not self.options.force:
                results.begin_fetch(self.project, self.names)
            if self.hooks is not None:
                self.hooks.begin(self._report())
            while not self._ended_by_hook() and (self.frontier or self.running or self.settling):
                self._advance()
                self._reveal()
                self._wait()
                self._reveal()
            if self.hooks is not None:
                self.hooks.end(self._report())
            good = [
                name for name, run in self.runs.items() if run.result in ("ran", "restored", "retold", "up to date")
            ]
            unshared = results.share(self.project, good)
        finally:
            self._close()
        runs = tuple(self.runs.get(name, TaskRun(name, "skipped")) for name in self.names)
        return replace(self._report(unshared), runs=runs)

    def _report(self, problem: str | None = None) -> Report:
        """What the build did so far, in the order in which it was done."""
        hooks = self.hooks
        stopped = self.stopped_early or (hooks is not None and hooks.stopped)
        problem = problem or (hooks.problem if hooks is not None else None)
        return Report(tuple(self.runs.values()), time.perf_counter() - self.began, problem, stopped)

    def _ended_by_hook(self) -> bool:
        return self.hooks is not None and (self.hooks.stopped or self.hooks.problem is not None)

    # -- what is ready ---------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Judge what is ready; start as many tasks as there is room for."""
        postponed = []
        while self.frontier and len(self.running) < self.side.jobs:
            name = self.frontier.next()
            if not self._settle(self.tasks[name]):
                postponed.append(name)
        self.frontier.put_back(postponed)

    def _settle(self, task: Task) -> bool:
        """Do with a task what is to be done; False if that depends on contents that are not known yet."""
        if self.stopped:
            self._done(TaskRun(task.name, "skipped"))
            return True
        try:
            task = self.tasks[task.name] = self.project.refresh(task)
        except UserError as error:
            self._done(TaskRun(task.name, "failed", error=str(error)))
            return True
        held = foreach.held_by(task, self.tasks)
        if held is not None and held[0] in self.settling:
            return False
        if self._upstream_unknown(task):
            blind = self.project.judge_blindly(task, force=self.options.force)
            if blind is None:
                return False
            self._start(task, blind)
            return True
        verdict = self.side.judge(task, self.project.judge(task, self.ahead, search=not self.options.force))
        if self.options.force:
            verdict = replace(verdict, causes=verdict.causes or (Cause(Reason.FORCED),), manifest=None)
        if not verdict.causes:
            if verdict.proved and verdict.manifest:
                results.adopt(self.project, task, verdict.fingerprint, verdict.manifest)
            self._finish_text(task, verdict, TaskRun(task.name, "up to date"))
        elif verdict.only_text:
            self._finish_text(task, verdict, TaskRun(task.name, "up to date"))
        elif verdict.restorable is None or not self._restore(task, verdict, verdict.restorable):
            self._start(task, verdict)
        return True

    def _restore(self, task: Task, verdict: Verdict, manifest: Manifest) -> bool:
        """Bring the products of an earlier run back; False where the cache turns out to be damaged."""
        began = time.perf_counter()
        try:
            if not results.restore(self.project, task, verdict.fingerprint, manifest):
                return False
        except (UserError, OSError) as error:
            self._done(TaskRun(task.name, "failed", 0.0, verdict.causes, str(error)))
            return True
        run = TaskRun(task.name, "restored", time.perf_counter() - began, verdict.causes)
        self._finish_text(task, verdict, run)
        return True

    def _finish_text(self, task: Task, verdict: Verdict, run: TaskRun) -> None:
        """Settle a task whose products are fine, if need be but for its text: then its notebook is made anew."""
        made = self.project.records.made(task.name)
        if made is None or not self.project.is_retold(task, made):
            self._done(run)
        elif not self._tells_anew(task, verdict):
            self._start(task, replace(verdict, causes=verdict.causes or (Cause(Reason.PROSE),)))

    def _tells_anew(self, task: Task, verdict: Verdict) -> bool:
        """Make the notebook anew; False where the task has to run for it."""
        attempt = self.side.retelling(task, replace(verdict, causes=(Cause(Reason.PROSE),)))
        try:
            first = attempt.first() if attempt is not None else None
        except (UserError, OSError) as error:
            self._done(TaskRun(task.name, "failed", 0.0, verdict.causes, str(error)))
            return True
        if first is None or attempt is None:
            return False
        if isinstance(first, Job):
            self.running[task.name] = attempt
            self.retold.add(task.name)
            self._open_executor().start(first)
        elif first.error is None:
            self._retell(attempt, first)
        else:
            self._failed(attempt, first)
        return True

    def _retell(self, attempt: Attempt, ended: Ended) -> None:
        name = attempt.task.name
        self.project.record(name, attempt.made(0.0))
        self._done(TaskRun(name, "retold", ended.seconds, attempt.verdict.causes))

    def _start(self, task: Task, verdict: Verdict) -> None:
        problem = task.facts.problem or self._missing_upstream(task)
        if problem is not None:
            self._done(TaskRun(task.name, "failed", 0.0, verdict.causes, problem))
            return
        executor = self._open_executor()  # an attempt may ask what there is to run it
        try:
            attempt = self.side.attempt(task, verdict)
            job = attempt.begin()
        except UserError as error:
            self._done(TaskRun(task.name, "failed", 0.0, verdict.causes, str(error)))
            return
        except OSError as error:
            text = f"{error.filename or HIDDEN} cannot be written: {error.strerror or error}"
            self._done(TaskRun(task.name, "failed", 0.0, verdict.causes, text))
            return
        self.running[task.name] = attempt
        executor.start(job)
        if not self.side.queues:
            self.telling.started(task, verdict)

    def _upstream_unknown(self, task: Task) -> bool:
        """Whether products of its upstream are being read, and nothing is known of them yet."""
        reading = (self.tasks[name] for name in task.upstream if name in self.settling)
        return any(product.path not in self.ahead.meanings for one in reading for product in one.products)

    def _missing_upstream(self, task: Task) -> str | None:
        for needed in needs(task, self.tasks):
            path = needed.path
            if path not in self.ahead.meanings and not (self.project.root / path).exists():
                return f"task '{task.name}': {needed.product}, a product of its upstream '{needed.task}', is missing"
        return None

    # -- what runs -------------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        """Wait until something ends: a task, or the reading of large products."""
        if self.running:
            for outcome in self._open_executor().wait(0.02 if self.settling else None):
                self._step(outcome)
        for attempt, ended, made in self.settling.finished(wait=not self.running):
            if isinstance(made, Made):
                self._keep(attempt, ended, made)
            else:
                self._failed(attempt, replace(ended, error=made))

    def _step(self, outcome: Outcome) -> None:
        attempt = self.running.pop(outcome.name)
        try:
            following = attempt.next(outcome)
        except (OSError, UserError) as error:
            following = Ended(str(error), False, outcome.seconds, outcome.peak_memory)
        if isinstance(following, Job) and self.stopped and not self.stopped_early:
            attempt.give_up()
            following = Ended("stopped", True, outcome.seconds, outcome.peak_memory)
        if isinstance(following, Job):
            if attempt.retrying:
                self.listener.warned(f"task '{outcome.name}' failed ({attempt.retrying}) and is tried again")
                attempt.retrying = None
            self.running[outcome.name] = attempt
            self._open_executor().start(following)
        elif following.error is None and outcome.name in self.retold:
            self._retell(attempt, following)
        elif following.error is None:
            for said in self.undeclared.ended(outcome.name, attempt.read, attempt.wrote):
                self.listener.warned(said)
            self._published(attempt, following)
        else:
            self._failed(attempt, following)

    def _published(self, attempt: Attempt, ended: Ended) -> None:
        """Products are made. Where it takes long to have them here and read, a thread does it; meanwhile downstream
        tasks may start."""
        self.ahead.meanings.update(attempt.meanings())
        if self._upstream_unknown(attempt.task) or attempt.takes_long():
            self.settling.begin(attempt, ended)
            if attempt.task.spec.over is None:  # what comes after a split is known when its product is here
                self.frontier.free(attempt.task)
        else:
            self._keep(attempt, ended, attempt.made(ended.seconds))

    def _keep(self, attempt: Attempt, ended: Ended, made: Made) -> None:
        name = attempt.task.name
        for notebook in attempt.task.notebooks[:1]:
            for said in not_kept(self.project.root / notebook.path):
                self.listener.warned(f"task '{name}': {said}")
        self.project.record(name, made, self._row(attempt, "ran", ended, made.fingerprint))
        causes = attempt.verdict.causes
        self._done(TaskRun(name, "ran", ended.seconds, causes, None, ended.peak_memory, ended.assumed))

    def _failed(self, attempt: Attempt, ended: Ended) -> None:
        result: RunResult = "stopped" if ended.stopped else "killed" if ended.killed else "failed"
        if ended.stopped:
            self.stopped_early = True
        self._record(attempt, result, ended, attempt.verdict.fingerprint.digest)
        name = attempt.task.name
        known = (ended.peak_memory, ended.assumed, ended.details)
        error = ended.error
        doubtful = error and result == "failed" and not ended.assumed
        if doubtful and (unchecked := self.unchecked.besides(name, self.runs)):
            error = f"{error}\n{text_of_unchecked(unchecked)}"
        self._done(TaskRun(name, result, ended.seconds, attempt.verdict.causes, error, *known))

    def _record(self, attempt: Attempt, result: str, ended: Ended, fingerprint: str) -> None:
        self.project.records.save_run(self._row(attempt, result, ended, fingerprint))

    def _row(self, attempt: Attempt, result: str, ended: Ended, fingerprint: str) -> RunRecord:
        return RunRecord(
            self.id,
            attempt.task.name,
            attempt.started,
            ended.seconds,
            result,
            fingerprint,
            ended.peak_memory,
            ended.error,
        )

    # -- what is done ----------------------------------------------------------------------------------------------

    def _done(self, run: TaskRun) -> None:
        """Settle a task, and free or give up what waits for it."""
        self.runs[run.name] = run
        self.telling.ended(run)
        task = self.tasks[run.name]
        if run.result in ("failed", "killed", "skipped", "stopped"):
            if run.result == "stopped":
                self.stopped = True  # what runs may come to its end
            elif self.options.fail_fast and run.result != "skipped":
                self._stop(self.unchecked.besides(run.name, self.runs))
            self._skip(task.downstream, run.name)
        elif task.spec.over is not None:
            self.splits.append(task)
        else:
            self.frontier.free(task)

    def _reveal(self) -> None:
        """Go on with the elements that splits found which are done now. What there is no more, goes."""
        if not self.splits:
            return
        done, self.splits = self.splits, []
        before = self.tasks
        if self.project.reveal():
            after = self.project.tasks
            wanted = set(self.names)
            for split in done:
                # tasks of new elements are asked for where all those were that there were before, or what gathers them
                old = foreach.members(before, split.name) or [
                    one for one in split.downstream if before[one].spec.each is None
                ]
                if self.options.names is None or (old and all(name in wanted for name in old)):
                    wanted.update(foreach.members(after, split.name))
            for name in before:
                if name not in after:
                    results.remove_gone(self.project, before[name])
            self._go_on([name for name in self.project.dag.tasks if name in wanted])
        for split in done:
            self.frontier.free(self.tasks[split.name])

    def _go_on(self, names: list[str]) -> None:
        """Build these tasks, of which some are done."""
        self.tasks, self.names = self.project.tasks, names
        self.side.revealed()
        self.undeclared.revealed(self.project.dag)
        self.unchecked = Unchecked(self.project, names)
        self.listener.revealed(len(names))
        self.frontier.go_on(self.tasks, names, self._ranks(), {*self.runs, *self.running, *self.settling})

    def _skip(self, names: Iterable[str], cause: str) -> None:
        for name in self.frontier.lose(names):
            if name not in self.runs:
                run = self.runs[name] = TaskRun(name, "skipped", error=f"needs '{cause}'")
                self.listener.ended(run)

    def _stop(self, spared: Collection[str] = ()) -> None:
        self.stopped = True
        self._cancel(spared)

    def _cancel(self, spared: Collection[str] = ()) -> None:
        if self.executor is not None:
            for name in self.executor.running():
                if name not in spared:
                    self.executor.cancel(name)

    def _close(self) -> None:
        """End the executor. What still ran was interrupted: its notebook is kept, nothing of it is published."""
        self.side.end_tasks()
        for name, attempt in self.running.items():
            attempt.give_up()
            ended = Ended("interrupted", True, time.time() - attempt.started, None)
            self._record(attempt, "killed", ended, attempt.verdict.fingerprint.digest)
            self.runs[name] = TaskRun(name, "killed")
        self.settling.close()
        self.side.close()
        if self.project.cache is not None:
            self.project.cache.keep_within(default_limit())

    # -- what it runs with -----------------------------------------------------------------------------------------

    def _ranks(self) -> dict[str, float]:
        """How early each task is to run. With ``executor: serial``, tasks run in the DAG's order: who says so may count
        on it."""
        return dict.fromkeys(self.tasks, 0.0) if self.project.spec.jobs == 1 else ranks(self.tasks, self.durations)

    def _open_executor(self) -> Executor:
        if self.executor is None:
            left = [name for name in self.names if name not in self.runs]
            self.executor = self.side.executor(left, self._on_progress)
        return self.executor

    def _on_progress(self, progress: Progress | Printed) -> None:
        if isinstance(progress, Printed):
            self.telling.printed(progress, self.tasks)
            return
        attempt = self.running.get(progress.name)
        if not progress.cell and attempt is not None:
            self.telling.started(attempt.task, attempt.verdict)
            return
        self.listener.progressed(progress.name, progress.cell, progress.total)
