"""Which task when: what is ready is judged, brought back from the cache or started, longest way to the end first."""

from __future__ import annotations

import heapq
import logging
import time
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building import hooks, results
from soorgeon_clone.pipeline.building.checks import check
from soorgeon_clone.pipeline.building.failure import text_of_hook, text_of_unchecked
from soorgeon_clone.pipeline.building.model import EARLY_STOP, Ended, Listener, Options, Report, RunResult, TaskRun
from soorgeon_clone.pipeline.building.side import Attempt, Side
from soorgeon_clone.pipeline.building.undeclared import Undeclared
from soorgeon_clone.pipeline.declared import foreach
from soorgeon_clone.pipeline.declared.dag import descendants
from soorgeon_clone.pipeline.declared.model import HIDDEN, Hook, Task
from soorgeon_clone.pipeline.execution.model import Executor, Job, Outcome, Printed, Progress
from soorgeon_clone.pipeline.products.cache import default_limit
from soorgeon_clone.pipeline.products.manifest import Manifest, files
from soorgeon_clone.pipeline.state.fingerprint import assumed_by, needs
from soorgeon_clone.pipeline.state.model import Cause, Reason
from soorgeon_clone.pipeline.state.records import Made, RunRecord
from soorgeon_clone.pipeline.status.model import Ahead, Verdict
from soorgeon_clone.pipeline.status.project import Project

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

_log = logging.getLogger(__name__)


@dataclass
class _State:
    """``waiting`` counts the upstream tasks that are not done; a task is in one of the other places at a time.

    ``ready`` is a heap: what takes longest to the end of the build comes first.
    """

    waiting: dict[str, int]
    ready: list[tuple[float, int, str]]
    running: dict[str, Attempt] = field(default_factory=dict)
    settling: dict[str, tuple[Attempt, Ended, Future[Made]]] = field(default_factory=dict)
    freed: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    runs: dict[str, TaskRun] = field(default_factory=dict)
    stopped: bool = False


class Schedule:
    """One build."""

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
        self.hooks = hooks
        self.tasks: dict[str, Task] = project.tasks
        self.names = options.chosen(project.dag)
        self.side = side
        self.durations = project.records.durations()
        self.rank = self._ranks()
        self.id = uuid.uuid4().hex[:12]
        self.executor: Executor | None = None
        self.readers: ThreadPoolExecutor | None = None
        self.ahead = Ahead()
        self.announced: set[str] = set()
        self.retold: set[str] = set()
        self.stopped_early = self._hook_stops = False
        self.undeclared = Undeclared(project.dag)
        self.splits: list[Task] = []
        self.problem: str | None = None
        self.assuming: dict[str, str] | None = None  # what tasks take for granted; nobody asks before one has failed
        self.began = time.perf_counter()
        among = set(self.names)
        waiting = {name: sum(other in among for other in self.tasks[name].upstream) for name in self.names}
        self.position = {name: index for index, name in enumerate(self.names)}
        ready = [self._entry(name) for name in self.names if not waiting[name]]
        heapq.heapify(ready)
        self.state = _State(waiting, ready)

    def run(self) -> Report:
        """Run the build to its end."""
        state = self.state
        try:
            for said in check(self.project, self.names):
                self.listener.warned(said)
            if not self.options.force:
                self._fetch_ahead()
            self._dag_hook("on_render", self.project.spec.on_render)
            while not self.problem and not self._hook_stops and (state.ready or state.running or state.settling):
                self._advance()
                self._reveal()
                self._wait()
                self._reveal()
            self._final_hooks()
            good = [
                name for name, run in state.runs.items() if run.result in ("ran", "restored", "retold", "up to date")
            ]
            self.problem = results.share(self.project, good) or self.problem
        finally:
            self._close()
        runs = tuple(state.runs.get(name, TaskRun(name, "skipped")) for name in self.names)
        return Report(runs, time.perf_counter() - self.began, self.problem, self.stopped_early)

    # -- what is ready ---------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Judge what is ready; start as many tasks as there is room for."""
        state = self.state
        postponed: list[tuple[float, int, str]] = []
        while state.ready and len(state.running) < self.side.jobs:
            entry = heapq.heappop(state.ready)
            if not self._settle(self.tasks[entry[2]]):
                postponed.append(entry)
        for entry in postponed:
            heapq.heappush(state.ready, entry)

    def _entry(self, name: str) -> tuple[float, int, str]:
        return -self.rank[name], self.position[name], name

    def _settle(self, task: Task) -> bool:
        """Do with a task what is to be done; False if that depends on contents that are not known yet."""
        if self.state.stopped:
            self._done(TaskRun(task.name, "skipped"))
            return True
        try:
            task = self.tasks[task.name] = self.project.refresh(task)
        except UserError as error:
            self._done(TaskRun(task.name, "failed", error=str(error)))
            return True
        held = foreach.held_by(task, self.tasks)
        if held is not None and held[0] in self.state.settling:
            return False
        if self._upstream_unknown(task):
            verdict = self.project.judge_blindly(task, force=self.options.force)
            if verdict is None:
                return False
            self._start(task, verdict)
        else:
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

    def _fetch_ahead(self) -> None:
        """Begin to bring all that will be restored from the store, as far as that can be told now."""
        store = self.project.store
        if store is None:
            return
        among, unsure = set(self.names), set()
        ahead = Ahead()
        for task in self.tasks.values():
            if any(name in unsure for name in task.upstream):
                unsure.add(task.name)
            elif task.name in among:
                verdict = self.project.judge(task, ahead)
                ahead.expect(task.name, verdict)
                if verdict.causes and verdict.restorable is None:
                    unsure.add(task.name)
                elif verdict.causes and verdict.restorable is not None:
                    store.begin_fetch(digest for _, digest in files(verdict.restorable))

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
            self.state.running[task.name] = attempt
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
        self.state.running[task.name] = attempt
        executor.start(job)
        if not self.side.queues:
            self._announce(task, verdict)

    def _upstream_unknown(self, task: Task) -> bool:
        """Whether products of its upstream are being read, and nothing is known of them yet."""
        reading = (self.tasks[name] for name in task.upstream if name in self.state.settling)
        return any(product.path not in self.ahead.meanings for one in reading for product in one.products)

    def _announce(self, task: Task, verdict: Verdict) -> None:
        if task.name in self.announced:
            self.listener.warned(f"the worker of task '{task.name}' was lost, and another one runs it")
            return
        self.announced.add(task.name)
        self.listener.started(task, verdict.causes, self.durations.get(task.name))
        _log.info("%s started: %s", task.name, "; ".join(map(str, verdict.causes)))

    def _missing_upstream(self, task: Task) -> str | None:
        for needed in needs(task, self.tasks):
            path = needed.path
            if path not in self.ahead.meanings and not (self.project.root / path).exists():
                return f"task '{task.name}': {needed.product}, a product of its upstream '{needed.task}', is missing"
        return None

    # -- what runs -------------------------------------------------------------------------------------------------

    def _wait(self) -> None:
        """Wait until something ends: a task, or the reading of large products."""
        state = self.state
        if state.running:
            for outcome in self._open_executor().wait(0.02 if state.settling else None):
                self._step(outcome)
        finished = [name for name, (_, _, future) in state.settling.items() if future.done()]
        if state.settling and not state.running and not finished:
            finished = [next(iter(state.settling))]
        for name in finished:
            attempt, ended, future = state.settling.pop(name)
            try:
                made = future.result()
            except (UserError, OSError) as error:
                self._failed(attempt, replace(ended, error=str(error)))
            else:
                self._keep(attempt, ended, made)

    def _step(self, outcome: Outcome) -> None:
        attempt = self.state.running.pop(outcome.name)
        try:
            following = attempt.next(outcome)
        except (OSError, UserError) as error:
            following = Ended(str(error), False, outcome.seconds, outcome.peak_memory)
        if isinstance(following, Job) and self.state.stopped and not self.stopped_early:
            attempt.give_up()
            following = Ended("stopped", True, outcome.seconds, outcome.peak_memory)
        if isinstance(following, Job):
            if attempt.retrying:
                self.listener.warned(f"task '{outcome.name}' failed ({attempt.retrying}) and is tried again")
                attempt.retrying = None
            self.state.running[outcome.name] = attempt
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
            from concurrent.futures import ThreadPoolExecutor

            self.readers = self.readers or ThreadPoolExecutor(self.side.readers)
            future = self.readers.submit(attempt.made, ended.seconds)
            self.state.settling[attempt.task.name] = (attempt, ended, future)
            if attempt.task.spec.over is None:  # what comes after a split is known when its product is here
                self._free(attempt.task)
        else:
            self._keep(attempt, ended, attempt.made(ended.seconds))

    def _keep(self, attempt: Attempt, ended: Ended, made: Made) -> None:
        name = attempt.task.name
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
        if error and result == "failed" and not ended.assumed and (unchecked := self._may_explain(name)):
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
        self.state.runs[run.name] = run
        self.listener.ended(run)
        _log.info("%s: %s, %.3f s", run.name, run.result, run.seconds)
        task = self.tasks[run.name]
        if run.result in ("failed", "killed", "skipped", "stopped"):
            if run.result == "stopped":
                self.state.stopped = True  # what runs may come to its end
            elif self.options.fail_fast and run.result != "skipped":
                self._stop(self._may_explain(run.name))
            self._skip(task.downstream, run.name)
        elif task.spec.over is not None:
            self.splits.append(task)
        elif task.name not in self.state.freed:
            self._free(task)

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
            self._free(self.tasks[split.name])

    def _go_on(self, names: list[str]) -> None:
        """Build these tasks, of which some are done."""
        self.tasks, self.names = self.project.tasks, names
        self.side.revealed()
        self.undeclared.revealed(self.project.dag)
        self.listener.revealed(len(names))
        self.rank = self._ranks()
        self.position = {name: index for index, name in enumerate(names)}
        self.assuming = None
        state, among = self.state, set(names)
        state.waiting = {
            name: sum(one in among and one not in state.freed for one in self.tasks[name].upstream) for name in names
        }
        begun = {*state.runs, *state.running, *state.settling}
        state.ready = [self._entry(name) for name in names if not state.waiting[name] and name not in begun]
        heapq.heapify(state.ready)

    def _free(self, task: Task) -> None:
        self.state.freed.add(task.name)
        for name in task.downstream:
            if name in self.state.waiting:
                self.state.waiting[name] -= 1
                if not self.state.waiting[name]:
                    heapq.heappush(self.state.ready, self._entry(name))

    def _skip(self, names: Iterable[str], cause: str) -> None:
        stack = list(reversed(tuple(names)))
        while stack:
            name = stack.pop()
            if name in self.state.lost:
                continue
            self.state.lost.add(name)
            stack += reversed(self.tasks[name].downstream)
            if name in self.state.waiting and name not in self.state.runs:
                run = TaskRun(name, "skipped", error=f"needs '{cause}'")
                self.state.runs[name] = run
                self.listener.ended(run)

    def _stop(self, spared: Collection[str] = ()) -> None:
        self.state.stopped = True
        self._cancel(spared)

    def _may_explain(self, failed: str) -> dict[str, str]:
        """Return what other tasks take for granted that has not been checked: one may have failed since they do what it
        was written without."""
        if self.assuming is None:
            self.assuming = {name: assumed for name in self.names if (assumed := assumed_by(self.tasks[name]))}
        if not self.assuming:
            return {}
        left_out = {failed, *descendants(self.project.dag, [failed]), *self.state.runs}
        return {name: assumed for name, assumed in self.assuming.items() if name not in left_out}

    def _cancel(self, spared: Collection[str] = ()) -> None:
        if self.executor is not None:
            for name in self.executor.running():
                if name not in spared:
                    self.executor.cancel(name)

    def _close(self) -> None:
        """End the executor. What still ran was interrupted: its notebook is kept, nothing of it is published."""
        self.side.end_tasks()
        for name, attempt in self.state.running.items():
            attempt.give_up()
            ended = Ended("interrupted", True, time.time() - attempt.started, None)
            self._record(attempt, "killed", ended, attempt.verdict.fingerprint.digest)
            self.state.runs[name] = TaskRun(name, "killed")
        if self.readers is not None:
            self.readers.shutdown(wait=True, cancel_futures=True)
        self.side.close()
        if self.project.cache is not None:
            self.project.cache.keep_within(default_limit())

    # -- what it runs with -----------------------------------------------------------------------------------------

    def _ranks(self) -> dict[str, float]:
        """How long it takes from the start of a task to the end of the last one that needs it.

        With ``executor: serial``, tasks run in the DAG's order: who says so may count on it.
        """
        if self.project.spec.jobs == 1:
            return dict.fromkeys(self.tasks, 0.0)
        usual = sorted(self.durations.values())[len(self.durations) // 2] if self.durations else 1.0
        rank: dict[str, float] = {}
        for name in reversed(list(self.tasks)):
            after = max((rank[other] for other in self.tasks[name].downstream), default=0.0)
            rank[name] = self.durations.get(name, usual) + after
        return rank

    def _open_executor(self) -> Executor:
        if self.executor is None:
            left = [name for name in self.names if name not in self.state.runs]
            self.executor = self.side.executor(left, self._on_progress)
        return self.executor

    def _on_progress(self, progress: Progress | Printed) -> None:
        if isinstance(progress, Printed):
            self._on_printed(progress)
            return
        attempt = self.state.running.get(progress.name)
        if not progress.cell and attempt is not None:
            self._announce(attempt.task, attempt.verdict)
            return
        self.listener.progressed(progress.name, progress.cell, progress.total)

    def _on_printed(self, printed: Printed) -> None:
        """Pass on what a job said: to the log what it logged, and what a task printed that says ``log_output``."""
        name = printed.name.strip()
        task = self.tasks.get(name)
        if printed.level is not None:
            logging.getLogger(printed.source).log(printed.level, "%s: %s", name, printed.text)
        elif task is not None and task.spec.log_output and not self.options.verbose:
            for line in printed.text.splitlines():
                _log.info("%s: %s", name, line)
        else:
            self.listener.printed(name, printed.text)

    def _dag_hook(self, kind: str, hook: Hook | None, *, traceback: Mapping[str, str] | None = None) -> None:
        if hook is None or not self.hooks:
            return
        runs = tuple(self.state.runs.values())
        report = Report(runs, time.perf_counter() - self.began)
        call = hooks.dag_call(hook, self.project.dag, report=report, traceback=traceback)
        executor = self._open_executor()
        job = Job(name=f" {kind}", source=None, output=None, function=call, cwd=self.project.root)
        executor.start(replace(job, tells=True, log_level=self.options.log_level))
        (outcome,) = executor.wait()
        if outcome.error is not None and outcome.error.ename == EARLY_STOP:
            self.stopped_early = self._hook_stops = True
        elif outcome.status != "ok":
            self.problem = text_of_hook(kind, hook, outcome)

    def _final_hooks(self) -> None:
        if self.problem:
            return
        runs = self.state.runs.values()
        failed = [run for run in runs if run.result in ("failed", "killed")]
        if failed:
            text = "\n\n".join(run.error or "" for run in failed)
            self._dag_hook("on_failure", self.project.spec.on_failure, traceback={"build": text})
        elif not self.stopped_early:
            self._dag_hook("on_finish", self.project.spec.on_finish)
            if self.problem:
                problem, self.problem = self.problem, None
                self._dag_hook("on_failure", self.project.spec.on_failure, traceback={"on_finish": problem})
                self.problem = "\n".join(text for text in (problem, self.problem) if text)
