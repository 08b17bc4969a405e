"""A project -> a build: what is stale is run or brought back, under the project's lock."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Literal

from soorgeon_clone.pipeline import results, staging
from soorgeon_clone.pipeline.execution.model import Executor, Isolation
from soorgeon_clone.pipeline.lock import hold
from soorgeon_clone.pipeline.model import Cause, Report, Task, TaskRun
from soorgeon_clone.pipeline.project import Project
from soorgeon_clone.pipeline.records import Made


@dataclass(frozen=True)
class Options:
    """How to build. ``names`` are the tasks to bring up to date (None: all).

    ``engine`` says where tasks run: here, or on the Dask cluster of ``scheduler`` (None: a cluster on this machine),
    where a worker is given up that does not answer for ``worker_timeout`` seconds.
    """

    names: frozenset[str] | None = None
    force: bool = False
    jobs: int | None = None
    fail_fast: bool = False
    isolation: Isolation = "auto"
    memory_limit: int | None = None
    wait_for_lock: bool = True
    engine: Literal["local", "dask"] = "local"
    scheduler: str | None = None
    worker_timeout: float = 60.0


class Listener:
    """What a build tells while it runs. Every method may be left as it is."""

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


def build(
    project: Project,
    options: Options | None = None,
    listener: Listener | None = None,
    *,
    executor: Executor | None = None,
) -> Report:
    """Bring the tasks up to date. Takes the project's lock only if there is something to do.

    ``executor`` is one that is open and idle, for who builds often; without it the build opens and closes its own.
    """
    options, listener = options or Options(), listener or Listener()
    began = time.perf_counter()
    project.compute()
    if not options.force:
        project.look_up(chosen(project, options))
        runs = _nothing_to_do(project, options)
        if runs is not None:
            problem = results.share(project, [run.name for run in runs])
            return Report(runs, time.perf_counter() - began, problem)
    with hold(project.root, wait=options.wait_for_lock, on_wait=listener.waiting):
        staging.clear(project.root)
        from soorgeon_clone.pipeline.schedule import Schedule

        report = Schedule(project, options, listener, executor=executor).run()
    return replace(report, seconds=time.perf_counter() - began)


def run_task(
    project: Project,
    name: str,
    options: Options | None = None,
    listener: Listener | None = None,
    *,
    fetch: bool = True,
) -> Report:
    """Bring one task up to date whose upstream products are there or in the store. Takes no lock but the task's own.

    Without ``fetch`` it is enough if its products are in the store.
    """
    from soorgeon_clone.pipeline.schedule import Schedule

    project.compute()
    only = replace(options or Options(), names=frozenset({name}), jobs=1)
    schedule = Schedule(project, only, listener or Listener(), hooks=False)
    store, task = project.store, project.tasks[name]
    if store is not None:
        from soorgeon_clone.pipeline.supply import bring, find

        supply = find(project, task)
        verdict = project.judge(task, supply.meanings)
        manifest = verdict.restorable
        if not only.force and verdict.causes and manifest is not None:
            if not fetch and store.holds(project.own_digest(task), verdict.fingerprint.digest, manifest):
                return Report((TaskRun(name, "up to date"),), 0.0)
            fits = store.fetch([manifest])
        else:
            fits = not only.force and not verdict.causes
        if fits:
            schedule.meanings.update(supply.meanings)
        else:
            bring(project, task, supply)
    return schedule.run()


def touch(project: Project, options: Options | None = None) -> Report:
    """Take the products on disk for what the tasks would make now. A task without products stays stale."""
    options = options or Options()
    began = time.perf_counter()
    project.compute()
    runs: list[TaskRun] = []
    with hold(project.root, wait=options.wait_for_lock):
        for name in chosen(project, options):
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
    names = chosen(project, options)
    for name in names:
        verdict = project.judge(project.dag.tasks[name])
        if verdict.causes or (verdict.proved and project.records.writable):
            return None
    return tuple(TaskRun(name, "up to date") for name in names)


def chosen(project: Project, options: Options) -> list[str]:
    """The tasks that a build is about, in the DAG's order."""
    return [name for name in project.dag.tasks if options.names is None or name in options.names]
