"""A project -> a build: what is stale is run or brought back, under the project's lock."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building import results, staging
from soorgeon_clone.pipeline.building.lock import hold
from soorgeon_clone.pipeline.building.model import Listener, Options, Report, TaskRun
from soorgeon_clone.pipeline.building.side import Side
from soorgeon_clone.pipeline.declared.foreach import members, split_called
from soorgeon_clone.pipeline.execution.model import Executor
from soorgeon_clone.pipeline.state.records import Made
from soorgeon_clone.pipeline.status.project import Project


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
        project.look_up(options.chosen(project.dag))
        runs = _nothing_to_do(project, options)
        if runs is not None:
            problem = results.share(project, [run.name for run in runs])
            _forget_failures(project, runs)
            return Report(runs, time.perf_counter() - began, problem)
    with hold(project.root, wait=options.wait_for_lock, on_wait=listener.waiting):
        staging.clear(project)
        from soorgeon_clone.pipeline.building.schedule import Schedule

        side = _side(project, options, listener, executor)
        report = Schedule(project, options, listener, side).run()
        _remember(project, report, listener)
        _forget_failures(project, report.runs)
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

    Without ``fetch`` it is enough if its products are in the store. The name of the tasks of a ``foreach``, with
    ``[[key]]`` in it, means all of them.
    """
    from soorgeon_clone.pipeline.building.schedule import Schedule

    project.compute()
    split = split_called(project.tasks, name)
    if split is not None:
        return _run_elements(project, name, split, options, listener, fetch=fetch)
    only = replace(options or Options(), names=frozenset({name}), jobs=1)
    listener = listener or Listener()
    schedule = Schedule(project, only, listener, _side(project, only, listener), hooks=False)
    store, task = project.store, project.tasks[name]
    if store is not None:
        from soorgeon_clone.pipeline.building.inputs import bring, find

        inputs = find(project, task)
        verdict = project.judge(task, inputs.ahead)
        manifest = verdict.restorable
        if not only.force and verdict.causes and manifest is not None:
            if not fetch and store.holds(project.own_digest(task), verdict.fingerprint.digest, manifest):
                return Report((TaskRun(name, "up to date"),), 0.0)
            fits = store.fetch([manifest])
        else:
            fits = not only.force and not verdict.causes
        if fits:
            schedule.ahead = inputs.ahead
        else:
            bring(project, task, inputs)
            schedule.ahead.left.update(inputs.ahead.left)
    report = schedule.run()
    _remember(project, report, listener)
    _forget_failures(project, report.runs)
    return report


def know_elements(project: Project) -> None:
    """Have the tasks of each ``foreach`` whose elements the store knows, if there is one."""
    project.compute()
    if project.store is not None and any(task.spec.over is not None for task in project.tasks.values()):
        from soorgeon_clone.pipeline.building.inputs import find_elements

        find_elements(project)


def _run_elements(
    project: Project, name: str, split: str, options: Options | None, listener: Listener | None, *, fetch: bool
) -> Report:
    """Run the tasks of a ``foreach`` one after the other: who asks for all of them does not know which there are."""
    know_elements(project)
    found = members(project.tasks, split)
    if name in found:
        raise UserError(
            f"the elements of task '{name}' are not known",
            hint=f"Run 'soorgeon-clone task {split}' first, here or with the same store.",
        )
    reports = [run_task(project, one, options, listener, fetch=fetch) for one in found]
    runs = tuple(run for report in reports for run in report.runs)
    problems = "\n".join(report.problem for report in reports if report.problem)
    return Report(runs, sum(report.seconds for report in reports), problems or None)


def _remember(project: Project, report: Report, listener: Listener) -> None:
    """Keep what came of assumptions for the next `refactor`, beside pipeline.yaml, where that can be written."""
    outcomes = [one for run in report.runs for one in run.assumed]
    if not outcomes:
        return
    from soorgeon_clone.pipeline.assumptions.remembered import FILE, remember

    try:
        remember(project.root, outcomes)
    except (OSError, UserError) as error:
        listener.warned(f"{FILE} was left as it is: {error}")


def _forget_failures(project: Project, runs: Iterable[TaskRun]) -> None:
    """What was kept of a failure goes when the task is up to date."""
    good = ("up to date", "ran", "restored", "retold")
    staging.forget_failures(project.root, [run.name for run in runs if run.result in good])


def touch(project: Project, options: Options | None = None) -> Report:
    """Take the products on disk for what the tasks would make now. A task without products stays stale."""
    options = options or Options()
    began = time.perf_counter()
    project.compute()
    runs: list[TaskRun] = []
    with hold(project.root, wait=options.wait_for_lock):
        for name in options.chosen(project.dag):
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
                made = Made(fingerprint.parts, fingerprint.digest, products, inputs, {}, time.time(), task.facts.prose)
                project.record(name, made)
                runs.append(TaskRun(name, "touched", causes=verdict.causes))
    return Report(tuple(runs), time.perf_counter() - began)


def _side(project: Project, options: Options, listener: Listener, executor: Executor | None = None) -> Side:
    """Where the tasks run."""
    if options.engine == "dask":
        for task in (project.tasks[name] for name in options.chosen(project.dag)):
            if not task.is_kept or any(product.outside for product in task.products):
                raise UserError(
                    f"{task.products[0]} of task '{task.name}' is on this machine only: a relation in a database, "
                    "a file that others make, or one outside of the project",
                    hint="Build it here, without Dask.",
                    exit_code=2,
                )
        from soorgeon_clone.pipeline.elsewhere.build_side import DaskSide

        return DaskSide(project, options, listener.warned)
    from soorgeon_clone.pipeline.building.local_side import LocalSide

    return LocalSide(project, options, executor)


def _nothing_to_do(project: Project, options: Options) -> tuple[TaskRun, ...] | None:
    """The report of a build in which every task is up to date; None if one is not."""
    names = options.chosen(project.dag)
    if project.spec.on_render or project.spec.on_finish:  # they are called in any case
        return None
    verdicts = project.up_to_date(names)
    if verdicts is None or (project.records.writable and any(verdict.proved for verdict in verdicts)):
        return None
    return tuple(TaskRun(name, "up to date") for name in names)
