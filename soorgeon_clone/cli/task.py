"""``soorgeon-clone task``: run one task; what exported pipelines call for each of theirs."""

from __future__ import annotations

import sys
from dataclasses import replace
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

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.status.project import Project


@click.command(cls=PipelineCommand)
@click.argument("name", shell_complete=task_names)
@pipeline_options
@click.option("-f", "--force", is_flag=True, help="Run it also if it is up to date.")
@click.option(
    "--isolation",
    type=click.Choice(["auto", "fork", "spawn", "kernel"]),
    default="auto",
    show_default=True,
    help="How the task gets a process of its own.",
)
@click.option("--memory-limit", metavar="SIZE", help="Stop it if it uses more, for example 4GB.")
@click.option(
    "--retries", type=click.IntRange(min=0), help="How often to try again after a failure, whatever pipeline.yaml says."
)
@click.option("--ignore-environment", is_flag=True, help="Versions of Python and libraries do not make it stale.")
@click.option("--no-cache", is_flag=True, help="Use neither the cache nor the store.")
@click.option("-d", "--debug", is_flag=True, help="Run it in this terminal, with the debugger where it fails.")
@click.option(
    "-D", "--debuglater", is_flag=True, help="If it fails, keep it with its variables: 'soorgeon-clone debug NAME'."
)
@click.option("-s", "--source", is_flag=True, help="Show its source, and run nothing.")
@click.option("-st", "--status", is_flag=True, help="Show whether it is up to date and why not, and run nothing.")
@click.option("-of", "--on-finish", is_flag=True, help="Call its hook on_finish, and run nothing else.")
@click.option("-b", "--build", "_", is_flag=True, expose_value=False, help="Run it, as without any option.")
@click.option("-v", "--verbose", is_flag=True, help="Show what the task prints while it runs, and whole tracebacks.")
@store_option
@store_mode_option
@click.option(
    "--names-to",
    metavar="FILE",
    help="Of a split of 'foreach': write the names of its elements' tasks to a file, as JSON (-: the last line shown; "
    "lines:FILE: a line each).",
)
@click.option("--no-fetch", is_flag=True, help="Leave its products in the store if they are there already.")
@click.pass_obj
def command(
    env: dict[str, str],
    name: str,
    entry_point: str,
    log: str | None,
    log_file: str | None,
    force: bool,
    isolation: Any,
    memory_limit: str | None,
    retries: int | None,
    ignore_environment: bool,
    no_cache: bool,
    debug: bool,
    debuglater: bool,
    source: bool,
    status: bool,
    on_finish: bool,
    verbose: bool,
    store: str | None,
    store_mode: str | None,
    names_to: str | None,
    no_fetch: bool,
) -> None:
    """Run the task NAME if it is stale. Its upstream is not run: the products must be there or in the store.

    Several tasks of a project may run so at the same time.
    """
    from soorgeon_clone.cli.build import debug_task, show, size_option, warn
    from soorgeon_clone.cli.progress import Progress
    from soorgeon_clone.pipeline.building.model import Options
    from soorgeon_clone.pipeline.declared.dag import select
    from soorgeon_clone.pipeline.declared.foreach import members, split_called
    from soorgeon_clone.pipeline.run import know_elements, run_task
    from soorgeon_clone.pipeline.status.project import Project

    set_up_log(log, log_file)
    chosen_ways = [f"--{word}" for word, on in _ways(debug, source, status, on_finish) if on]
    if len(chosen_ways) > 1:
        raise click.UsageError(f"{' and '.join(chosen_ways)} do not go together.")
    if debuglater and isolation == "kernel":
        raise click.UsageError("--debuglater keeps what fails in processes that are no Jupyter kernels.")
    options = Options(
        force=force,
        isolation=isolation,
        memory_limit=size_option(memory_limit),
        verbose=verbose,
        log_level=log_level(log, log_file),
        debug_later=debuglater,
    )
    with Project(
        entry_point,
        env=env,
        ignore_environment=ignore_environment,
        use_cache=not no_cache,
        store=store,
        store_mode=store_mode,
    ) as project:
        if not (source or status):
            know_elements(project)
            warn(project)
        split = split_called(project.dag.tasks, name)
        (chosen, *others) = [name] if split is not None else select(project.dag, name)
        if others:
            raise click.UsageError(f"'{name}' means {1 + len(others)} tasks; build --partially takes wildcards.")
        if chosen_ways and split is not None:
            raise click.UsageError(f"'{name}' means one task for each element; name one of them.")
        if source:
            from soorgeon_clone.pipeline.api import source_text

            say.data(source_text(project.root, project.dag.tasks[chosen], project.dag.tasks))
            return
        if status:
            (found,) = project.status({chosen})
            say.echo(f"{chosen}: {found.line}")
            return
        if on_finish:
            from soorgeon_clone.pipeline.building.finishing import finish

            if (problem := finish(project, chosen)) is not None:
                say.echo(problem, err=True)
                sys.exit(1)
            return
        if debug:
            if not debug_task(project, chosen):
                sys.exit(1)
            return
        if retries is not None:
            for one in [chosen] if split is None else members(project.tasks, split):
                task = project.tasks[one]
                project.tasks[one] = replace(task, spec=replace(task.spec, retries=retries))
        with Progress(1) as progress:
            report = run_task(project, chosen, options, progress, fetch=not no_fetch)
        show(report, verbose=verbose)
        show_notes(project.notes())
        if report.ok and names_to is not None:
            _tell_names(project, chosen, names_to)
    if not report.ok:
        sys.exit(1)


def _ways(debug: bool, source: bool, status: bool, on_finish: bool) -> tuple[tuple[str, bool], ...]:
    """Return what may be asked for instead of a run."""
    return (("debug", debug), ("source", source), ("status", status), ("on-finish", on_finish))


def _tell_names(project: Project, split: str, place: str) -> None:
    """Write the names of the tasks that a split found, for an engine that makes a step of each."""
    import json

    from soorgeon_clone.files.named import write_named
    from soorgeon_clone.pipeline.declared.foreach import members
    from soorgeon_clone.pipeline.run import know_elements

    know_elements(project)
    project.reveal()
    names = members(project.tasks, split)
    if place == "-":
        say.data(json.dumps(names) + "\n")
    elif place.startswith("lines:"):
        write_named(place.removeprefix("lines:"), "".join(f"{name}\n" for name in names))
    else:
        write_named(place, json.dumps(names))
