"""DAG and verdicts -> a build: stale tasks run side by side, longest way first, and their products are published."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline import dag as dags
from soorgeon_clone.pipeline import inject, staging
from soorgeon_clone.pipeline.cache import Manifest, folder_files
from soorgeon_clone.pipeline.execution.model import Executor, Isolation, Job, OnProgress, Outcome
from soorgeon_clone.pipeline.lock import hold
from soorgeon_clone.pipeline.model import Cause, Fingerprint, Reason, Report, RunResult, Task, TaskRun
from soorgeon_clone.pipeline.project import Project, Verdict
from soorgeon_clone.pipeline.records import Made, RunRecord
from soorgeon_clone.pipeline.staging import Stage


@dataclass(frozen=True)
class Options:
    """How to build. ``names`` are the tasks to bring up to date (None: all), ``forced`` those to run in any case."""

    names: frozenset[str] | None = None
    force: bool = False
    jobs: int | None = None
    fail_fast: bool = False
    isolation: Isolation = "auto"
    memory_limit: int | None = None
    skip_upstream: bool = False
    wait_for_lock: bool = True


class Listener:
    """What a build tells while it runs. Every method may be left as it is."""

    def planned(self, stale: int, total: int) -> None:
        """The build begins; ``stale`` tasks will run as far as can be known before."""

    def started(self, task: Task, causes: tuple[Cause, ...], expected: float | None) -> None:
        """A task begins; ``expected`` is how many seconds it took last time."""

    def progressed(self, name: str, cell: int, total: int) -> None:
        """A task began with a cell."""

    def ended(self, run: TaskRun) -> None:
        """A task is done, in whatever way."""

    def waiting(self, holder: str) -> None:
        """Another build holds the lock."""

    def warned(self, message: str) -> None:
        """Something is not as it should be, and the build goes on."""


@dataclass
class _Running:
    task: Task
    stage: Stage
    verdict: Verdict
    named: Mapping[str, str]
    started: float
    retries: int
    job: Job


@dataclass
class _State:
    waiting: dict[str, int]
    ready: list[str]
    runs: dict[str, TaskRun] = field(default_factory=dict)
    running: dict[str, _Running] = field(default_factory=dict)
    stopped: bool = False


def build(project: Project, options: Options | None = None, listener: Listener | None = None) -> Report:
    """Bring the tasks up to date. Takes the project's lock only if there is something to do."""
    options, listener = options or Options(), listener or Listener()
    began = time.perf_counter()
    if not options.force:
        runs = _nothing_to_do(project, options)
        if runs is not None:
            return Report(runs, time.perf_counter() - began)
    with hold(project.root, wait=options.wait_for_lock, on_wait=listener.waiting):
        staging.clear(project.root)
        runs = _Build(project, options, listener).run()
    return Report(runs, time.perf_counter() - began)


def touch(project: Project, options: Options | None = None) -> Report:
    """Take the products on disk for what the tasks would make now. A task without products stays stale."""
    options = options or Options()
    began = time.perf_counter()
    runs: list[TaskRun] = []
    with hold(project.root, wait=options.wait_for_lock):
        for name in _chosen(project, options):
            task = project.dag.tasks[name]
            verdict = project.judge(task)
            digests = {one.path: project.contents.digest(one.path) for one in task.products}
            if not verdict.causes:
                runs.append(TaskRun(name, "up to date"))
            elif task.facts.problem or None in digests.values():
                missing = next((path for path, digest in digests.items() if digest is None), "")
                runs.append(TaskRun(name, "skipped", error=task.facts.problem or f"there is no {missing}"))
            else:
                products = {path: (str(one), project.contents.meaning(path) or "") for path, one in digests.items()}
                fingerprint = verdict.fingerprint
                inputs = project.named_files(task)
                made = Made(fingerprint.parts, fingerprint.digest, products, inputs, {}, time.time())
                project.records.save_made(name, made)
                runs.append(TaskRun(name, "touched", causes=verdict.causes))
    return Report(tuple(runs), time.perf_counter() - began)


def _nothing_to_do(project: Project, options: Options) -> tuple[TaskRun, ...] | None:
    """The report of a build in which every task is up to date; None if one is not."""
    names = _chosen(project, options)
    for name in names:
        verdict = project.judge(project.dag.tasks[name])
        if verdict.causes or verdict.proved:
            return None
    return tuple(TaskRun(name, "up to date") for name in names)


def _chosen(project: Project, options: Options) -> list[str]:
    return [name for name in project.dag.tasks if options.names is None or name in options.names]


class _Build:
    """One build. The state is in plain dictionaries; an executor runs what has to run."""

    def __init__(self, project: Project, options: Options, listener: Listener) -> None:
        self.project = project
        self.options = options
        self.listener = listener
        self.tasks = project.dag.tasks
        self.names = _chosen(project, options)
        self.jobs = options.jobs or project.spec.jobs or os.cpu_count() or 1
        self.durations = project.records.durations()
        self.rank = self._ranks()
        self.id = uuid.uuid4().hex[:12]
        self.executor: Executor | None = None
        chosen = set(self.names)
        waiting = {name: sum(other in chosen for other in self.tasks[name].upstream) for name in self.names}
        self.state = _State(waiting, [name for name in self.names if not waiting[name]])

    def run(self) -> tuple[TaskRun, ...]:
        self.listener.planned(len(self.names), len(self.names))
        try:
            while self.state.ready or self.state.running:
                self._advance()
                if self.state.running:
                    assert self.executor is not None
                    for outcome in self.executor.wait():
                        self._finish(outcome)
        finally:
            self._close()
        return tuple(self.state.runs[name] for name in self.names)

    def _close(self) -> None:
        try:
            if self.executor is not None:
                self.executor.close()
        finally:
            for name, running in self.state.running.items():
                running.stage.keep_failed()
                self._record(running, "killed", running.verdict.fingerprint, time.time() - running.started, None, None)
                self.state.runs[name] = TaskRun(name, "killed")

    def _ranks(self) -> dict[str, float]:
        """How long it takes from the start of a task to the end of the last one that needs it."""
        usual = sorted(self.durations.values())[len(self.durations) // 2] if self.durations else 1.0
        rank: dict[str, float] = {}
        for name in reversed(list(self.tasks)):
            after = max((rank[other] for other in self.tasks[name].downstream), default=0.0)
            rank[name] = self.durations.get(name, usual) + after
        return rank

    def _advance(self) -> None:
        """Settle every task whose upstream is done; start as many as there is room for."""
        while self.state.ready and len(self.state.running) < self.jobs:
            self.state.ready.sort(key=lambda name: -self.rank[name])
            name = self.state.ready.pop(0)
            task = self.tasks[name]
            if self.state.stopped:
                self._done(TaskRun(name, "skipped"))
                continue
            verdict = self.project.judge(task)
            if self.options.force:
                verdict = replace(verdict, causes=verdict.causes or (Cause(Reason.FORCED),), manifest=None)
            if not verdict.causes:
                if verdict.proved and verdict.manifest:
                    self._save(task, verdict.fingerprint, verdict.manifest)
                self._done(TaskRun(name, "up to date"))
            elif verdict.manifest is None or not self._restore(task, verdict, verdict.manifest):
                self._start(task, verdict)

    def _restore(self, task: Task, verdict: Verdict, manifest: Manifest) -> bool:
        """Bring the products of an earlier run back; False where the cache turns out to be damaged."""
        cache = self.project.cache
        assert cache is not None
        began = time.perf_counter()
        stage = Stage(self.project.root, task)
        stage.prepare()
        if not cache.restore(manifest, lambda path: stage.folder / path):
            stage.discard()
            cache.forget(verdict.fingerprint.digest)
            return False
        for path, files in manifest.folders.items():
            if not files:
                (stage.folder / path).mkdir(parents=True, exist_ok=True)
        stage.publish()
        self._save(task, verdict.fingerprint, manifest)
        self._done(TaskRun(task.name, "restored", time.perf_counter() - began, verdict.causes))
        return True

    def _start(self, task: Task, verdict: Verdict) -> None:
        if task.facts.problem is not None:
            self._done(TaskRun(task.name, "failed", 0.0, verdict.causes, task.facts.problem))
            return
        missing = [
            product.path
            for name in task.upstream
            for product in self.tasks[name].products
            if not (self.project.root / product.path).exists()
        ]
        if missing:
            error = f"{missing[0]}, a product of upstream '{self._maker(missing[0])}', is missing"
            self._done(TaskRun(task.name, "failed", 0.0, verdict.causes, error))
            return
        stage = Stage(self.project.root, task)
        try:
            stage.prepare()
            job = self._job(task, stage)
        except UserError as error:
            self._done(TaskRun(task.name, "failed", 0.0, verdict.causes, str(error)))
            return
        except OSError as error:
            text = f"{stage.folder} cannot be written: {error.strerror or error}"
            self._done(TaskRun(task.name, "failed", 0.0, verdict.causes, text))
            return
        running = _Running(task, stage, verdict, self.project.named_files(task), time.time(), task.spec.retries, job)
        self.state.running[task.name] = running
        self.listener.started(task, verdict.causes, self.durations.get(task.name))
        self._executor().start(job)

    def _maker(self, path: str) -> str:
        return next(name for name, task in self.tasks.items() if any(one.path == path for one in task.products))

    def _executor(self) -> Executor:
        if self.executor is None:
            from soorgeon_clone.pipeline.execution.executor import open_executor

            modules: set[str] = set()
            for name in self.names:
                if name not in self.state.runs:
                    modules |= self.project.fingerprints.closure(self.tasks[name]).libraries
            cores = os.cpu_count() or 1
            self.executor = open_executor(
                self.options.isolation,
                modules=sorted(modules),
                cwd=self.project.root,
                blas_threads=max(1, cores // min(self.jobs, len(self.names))),
                on_progress=self._progress(),
            )
        return self.executor

    def _progress(self) -> OnProgress:
        listener = self.listener
        return lambda progress: listener.progressed(progress.name, progress.cell, progress.total)

    def _job(self, task: Task, stage: Stage) -> Job:
        values = inject.parameters(task, self.tasks, product_path=stage.path)
        libraries = tuple(sorted(self.project.fingerprints.closure(task).libraries))
        limit = task.spec.memory_limit or self.options.memory_limit
        common: dict[str, Any] = {
            "name": task.name,
            "cwd": self.project.root,
            "modules": libraries,
            "timeout": task.spec.timeout,
            "memory_limit": limit,
        }
        if task.spec.source.kind == "function":
            from soorgeon_clone.pipeline.function_task import call_for

            return Job(source=None, output=None, function=call_for(task, values), **common)
        from soorgeon_clone.notebook import read, write

        notebook = read.read(self.project.root / str(task.spec.source.path))
        cells = inject.inject(notebook.cells, inject.cell_text(values, task))
        source = write.to_data(cells, notebook.metadata)
        output = (stage.folder / task.notebooks[0].path).with_suffix(".ipynb")
        return Job(source=source, output=output, **common)

    def _finish(self, outcome: Outcome) -> None:
        running = self.state.running.pop(outcome.name)
        if outcome.status == "ok":
            self._succeed(running, outcome)
        elif running.retries > 0 and outcome.status in ("error", "timeout", "memory") and not self.state.stopped:
            running.retries -= 1
            self.listener.warned(f"task '{outcome.name}' failed ({outcome.status}) and is tried again")
            running.stage.prepare()
            self.state.running[outcome.name] = running
            self._executor().start(running.job)
        else:
            from soorgeon_clone.pipeline.failure import text_of

            kept = running.stage.keep_failed()
            self._fail(running, outcome, text_of(running.task, outcome, running.job.source, kept))

    def _succeed(self, running: _Running, outcome: Outcome) -> None:
        task, stage = running.task, running.stage
        try:
            if task.notebooks:
                from soorgeon_clone.pipeline.convert import make_notebooks

                make_notebooks(task, stage.folder)
            stage.clean_notebooks()
            missing = stage.missing()
            if missing:
                names = ", ".join(product.path for product in missing)
                raise UserError(
                    f"task '{task.name}' ran to its end and did not write {names}",
                    hint=f"Its code must write to the path in product{_index(missing[0].key)}.",
                )
            stage.publish()
        except UserError as error:
            stage.keep_failed()
            self._fail(running, outcome, str(error))
            return
        except OSError as error:
            stage.keep_failed()
            self._fail(running, outcome, f"task '{task.name}': its products cannot be written: {error}")
            return
        made, manifest = self._made(running, outcome)
        self.project.records.save_made(task.name, made)
        self._record(running, "ran", running.verdict.fingerprint, outcome.seconds, outcome.peak_memory, None)
        if self.project.cache is not None:
            self.project.cache.store(made.fingerprint, manifest, self.project.root)
        self._done(TaskRun(task.name, "ran", outcome.seconds, running.verdict.causes, peak_memory=outcome.peak_memory))

    def _made(self, running: _Running, outcome: Outcome) -> tuple[Made, Manifest]:
        """What is known after a run: the digests of the products, and which named files it read and wrote."""
        contents = self.project.contents
        task, fingerprint = running.task, running.verdict.fingerprint
        products = {
            product.path: (contents.digest(product.path) or "", contents.meaning(product.path) or "")
            for product in task.products
        }
        after = self.project.named_files(task)
        inputs = {path: digest for path, digest in running.named.items() if after.get(path) == digest}
        written = {path: digest for path, digest in after.items() if running.named.get(path) != digest}
        folders = {
            product.path: folder_files(self.project.root, product.path, contents.digest)
            for product in task.products
            if (self.project.root / product.path).is_dir()
        }
        made = Made(fingerprint.parts, fingerprint.digest, products, inputs, written, time.time())
        return made, Manifest(products, inputs, written, folders, outcome.seconds)

    def _save(self, task: Task, fingerprint: Fingerprint, manifest: Manifest) -> None:
        made = Made(
            fingerprint.parts, fingerprint.digest, manifest.products, manifest.inputs, manifest.written, time.time()
        )
        self.project.records.save_made(task.name, made)

    def _fail(self, running: _Running, outcome: Outcome, error: str) -> None:
        result: RunResult = "killed" if outcome.status == "killed" else "failed"
        fingerprint = running.verdict.fingerprint
        self._record(running, result, fingerprint, outcome.seconds, outcome.peak_memory, error)
        self._done(
            TaskRun(running.task.name, result, outcome.seconds, running.verdict.causes, error, outcome.peak_memory)
        )

    def _record(
        self,
        running: _Running,
        result: str,
        fingerprint: Fingerprint,
        seconds: float,
        peak_memory: int | None,
        error: str | None,
    ) -> None:
        name = running.task.name
        self.project.records.save_run(
            RunRecord(self.id, name, running.started, seconds, result, fingerprint.digest, peak_memory, error)
        )

    def _done(self, run: TaskRun) -> None:
        """Settle a task, and free or give up what waits for it."""
        self.state.runs[run.name] = run
        self.listener.ended(run)
        if run.result in ("failed", "killed"):
            if self.options.fail_fast:
                self._stop()
            self._skip(self.tasks[run.name].downstream, run.name)
            return
        if run.result == "skipped":
            self._skip(self.tasks[run.name].downstream, run.name)
            return
        for name in self.tasks[run.name].downstream:
            if name in self.state.waiting:
                self.state.waiting[name] -= 1
                if not self.state.waiting[name]:
                    self.state.ready.append(name)

    def _skip(self, names: Iterable[str], cause: str) -> None:
        for name in dags.descendants(self.project.dag, names):
            if name in self.state.waiting and name not in self.state.runs:
                run = TaskRun(name, "skipped", error=f"needs '{cause}'")
                self.state.runs[name] = run
                self.listener.ended(run)

    def _stop(self) -> None:
        self.state.stopped = True
        if self.executor is not None:
            for name in self.executor.running():
                self.executor.cancel(name)


def _index(key: str | None) -> str:
    return f'["{key}"]' if key is not None else ""
