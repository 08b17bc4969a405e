"""``soorgeon-clone build``: run the tasks of a pipeline that are stale."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import task_names
from soorgeon_clone.cli.pipeline_options import (
    PipelineCommand,
    log_level,
    pipeline_options,
    set_up_log,
    show_notes,
    store_mode_option,
    store_option,
)
from soorgeon_clone.visible import visible

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.building.model import Report
    from soorgeon_clone.pipeline.status.project import Project


@click.command(cls=PipelineCommand)
@pipeline_options
@click.option("-f", "--force", is_flag=True, help="Run all tasks, also those that are up to date.")
@click.option(
    "-p", "--partially", metavar="NAME|GLOB", shell_complete=task_names, help="Only these tasks and what they need."
)
@click.option("-su", "--skip-upstream", is_flag=True, help="With --partially: not what they need.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would run, and run nothing.")
@click.option("--touch", is_flag=True, help="Take the products on disk for up to date, and run nothing.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Tasks side by side (default: one a core).")
@click.option("--keep-going/--fail-fast", default=True, help="After a failure, go on with what does not need it.")
@click.option(
    "--isolation",
    type=click.Choice(["auto", "fork", "spawn", "kernel"]),
    default="auto",
    show_default=True,
    help="How a task gets a process of its own.",
)
@click.option("--memory-limit", metavar="SIZE", help="Stop a task that uses more, for example 4GB.")
@click.option("--ignore-environment", is_flag=True, help="Versions of Python and libraries do not make a task stale.")
@click.option("--no-cache", is_flag=True, help="Use neither the cache nor the store.")
@click.option("--no-wait", is_flag=True, help="Fail at once if another build runs in this project.")
@click.option("-d", "--debug", is_flag=True, help="Stop at the first task that fails, and debug it in this terminal.")
@click.option(
    "-D", "--debuglater", is_flag=True, help="Keep what fails with its variables: 'soorgeon-clone debug TASK' opens it."
)
@click.option("-q", "--quiet", is_flag=True, help="Show what failed and warnings, nothing else.")
@click.option("-v", "--verbose", is_flag=True, help="Show what tasks print while they run, and whole tracebacks.")
@store_option
@store_mode_option
@click.option(
    "--executor",
    type=click.Choice(["local", "dask"]),
    default="local",
    show_default=True,
    help="Where tasks run: on this machine, or on a Dask cluster whose workers see the store.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    envvar="DASK_SCHEDULER_ADDRESS",
    help="With --executor dask: the scheduler, as tcp://host:8786 (default: a cluster on this machine).",
)
@click.option(
    "--cluster",
    metavar="MODULE:FUNCTION",
    help="With --executor dask: a function of yours that returns a Dask cluster (SLURMCluster, KubeCluster, ...).",
)
@click.option(
    "--worker-timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    default=60,
    show_default=True,
    help="With --scheduler or --cluster: give up a worker that does not answer for so long.",
)
@click.pass_obj
def command(
    env: dict[str, str],
    entry_point: str,
    log: str | None,
    log_file: str | None,
    force: bool,
    partially: str | None,
    skip_upstream: bool,
    dry_run: bool,
    touch: bool,
    jobs: int | None,
    keep_going: bool,
    isolation: Any,
    memory_limit: str | None,
    ignore_environment: bool,
    no_cache: bool,
    no_wait: bool,
    debug: bool,
    debuglater: bool,
    quiet: bool,
    verbose: bool,
    store: str | None,
    store_mode: str | None,
    executor: Any,
    scheduler: str | None,
    cluster: str | None,
    worker_timeout: float,
) -> None:
    """Run the tasks that are stale, each in a process of its own, and show what was done.

    A task is stale when its code, a function it imports, its params, a library or the content of an upstream product
    changed since its products were made. Exit code 1 if a task failed.
    """
    from soorgeon_clone.pipeline.building.model import Options
    from soorgeon_clone.pipeline.run import build
    from soorgeon_clone.pipeline.status.project import Project

    set_up_log(log, log_file)
    if cluster is not None and executor != "dask":
        raise click.UsageError("--cluster needs --executor dask.")
    if debuglater and (executor != "local" or isolation == "kernel"):
        raise click.UsageError(
            "--debuglater keeps what fails in processes of this machine that are no Jupyter kernels."
        )
    if quiet and (verbose or dry_run):
        raise click.UsageError("--quiet leaves out what --verbose and --dry-run show.")
    if skip_upstream and not partially:
        raise click.UsageError("--skip-upstream needs --partially.")
    options = Options(
        force=force,
        jobs=jobs,
        fail_fast=not keep_going or debug,
        isolation=isolation,
        memory_limit=size_option(memory_limit),
        wait_for_lock=not no_wait,
        verbose=verbose,
        debug_later=debuglater,
        log_level=log_level(log, log_file),
        engine=executor,
        scheduler=scheduler if executor == "dask" and cluster is None else None,
        cluster=cluster,
        worker_timeout=worker_timeout,
    )
    with Project(
        entry_point,
        env=env,
        ignore_environment=ignore_environment,
        use_cache=not no_cache,
        store=store,
        store_mode=store_mode,
    ) as project:
        if not dry_run:
            project.compute()
        warn(project)
        options = _chosen(project, options, partially, skip_upstream)
        if dry_run:
            _show_plan(project, options)
            return
        if touch:
            from soorgeon_clone.pipeline.run import touch as touch_tasks

            report = touch_tasks(project, options)
        else:
            from soorgeon_clone.cli.progress import Progress

            total, here = len(options.names or project.dag.tasks), options.engine == "local"
            with Progress(total, quiet=quiet, here=here) as progress:
                report = build(project, options, progress)
            if debug and report.failed:
                debug_task(project, report.failed[0].name)
        show_failures(report, verbose=verbose)
        if not quiet:
            show_table(report)
            show_notes(project.notes())
    if not report.ok:
        sys.exit(1)


def debug_task(project: Project, name: str) -> bool:
    """Run a task in this terminal, with the debugger where it fails; tell whether it came to its end."""
    from soorgeon_clone.pipeline.building.debugging import debug

    say.note(f"task '{name}' is run in this terminal, and keeps nothing; q leaves the debugger.")
    return debug(project, name)


def warn(project: Project) -> None:
    """Show what pipeline.yaml says that has no effect."""
    for warning in project.spec.warnings:
        say.warning(warning)


def show(report: Report, *, verbose: bool = False) -> None:
    """Print the failures as Jupyter would, then the table of all tasks; if ``verbose``, all tracebacks."""
    show_failures(report, verbose=verbose)
    show_table(report)


def show_failures(report: Report, *, verbose: bool) -> None:
    """Print the failures as Jupyter would; if ``verbose``, all tracebacks."""
    for run in report.failed:
        if run.error:
            say.echo(err=True)
            say.echo(say.style(f"── {run.name} ", fg="red", bold=True), err=True)
            say.echo(visible(run.error, colours=True), err=True)  # tracebacks have colours
            if verbose and run.details:
                say.echo(visible(run.details, colours=True), err=True)
            say.echo(err=True)
    if report.problem:
        say.echo(report.problem, err=True)


def show_table(report: Report) -> None:
    """Print the table of all tasks, and how many of them ran."""
    from soorgeon_clone.cli.table import duration, table

    total = sum(run.seconds for run in report.runs)
    marks = {"ran": ("yes", "green"), "failed": ("failed", "red"), "killed": ("killed", "red")}
    rows = []
    for run in report.runs:
        mark, colour = marks.get(run.result, (run.result, "yellow" if run.result in ("skipped", "stopped") else None))
        share = f"{100 * run.seconds / total:.0f} %" if total and run.seconds else ""
        seconds = f"{run.seconds:.2f}" if run.ran or run.seconds else ""
        rows.append([run.name, say.style(mark, fg=colour), seconds, share])
    say.echo(table(["name", "ran", "seconds", "share"], rows, right=frozenset({2, 3})))
    count = sum(run.ran for run in report.runs)
    retold = sum(run.result == "retold" for run in report.runs)
    restored = sum(run.result == "restored" for run in report.runs)
    words = [f"{count} of {len(report.runs)} {'task' if len(report.runs) == 1 else 'tasks'} ran"]
    if restored:
        words.append(f"{restored} brought back")
    if retold:
        words.append(f"{retold} {'notebook' if retold == 1 else 'notebooks'} made anew")
    if report.failed:
        words.append(f"{len(report.failed)} failed")
    if report.stopped:
        words.append("stopped early")
    say.echo(f"{', '.join(words)}, {duration(report.seconds)}.")


def _chosen(project: Project, options: Any, partially: str | None, skip_upstream: bool) -> Any:
    from dataclasses import replace

    from soorgeon_clone.pipeline.declared.dag import ancestors, select

    if not partially:
        return options
    names = set(select(project.dag, partially))
    return replace(options, names=frozenset(names if skip_upstream else ancestors(project.dag, names)))


def _show_plan(project: Project, options: Any) -> None:
    from soorgeon_clone.cli.table import table

    statuses = project.status(None if options.names is None else set(options.names))
    rows = []
    for status in statuses:
        what = "nothing" if status.up_to_date else "restore" if status.cached else "run"
        if status.only_text:
            what = "make its notebook anew"
        if what == "run" and all(cause.reason.name == "UPSTREAM_STALE" for cause in status.causes):
            what = "run if upstream changes"
        why = "; ".join(map(str, status.causes))
        rows.append([status.name, *(("run", why or "forced") if options.force else (what, why))])
    say.echo(table(["name", "build would", "why"], rows))


def size_option(text: str | None, option: str = "--memory-limit") -> int | None:
    """The bytes that an option such as 4GB denotes."""
    from soorgeon_clone.pipeline.declared.entries import parse_size

    if text is None:
        return None
    size = parse_size(text)
    if not size:
        raise click.BadParameter(f"{text!r} is no size such as 4GB or 512MiB.", param_hint=option)
    return size
