"""``soorgeon-clone status``: which tasks are stale, and why."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.build import warn
from soorgeon_clone.cli.completing import task_names
from soorgeon_clone.cli.pipeline_options import (
    PipelineCommand,
    pipeline_options,
    set_up_log,
    show_notes,
    store_option,
)

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.status.model import TaskStatus
    from soorgeon_clone.pipeline.status.project import Project


@click.command(cls=PipelineCommand)
@pipeline_options
@click.option(
    "--explain",
    metavar="NAME",
    shell_complete=task_names,
    help="Show all that one task depends on, and what of it changed.",
)
@click.option("--history", is_flag=True, help="Show the last runs instead.")
@click.option("--ignore-environment", is_flag=True, help="Versions of Python and libraries do not make a task stale.")
@click.option("--json", "as_json", is_flag=True, help="Print the status for programs.")
@click.option("--products", is_flag=True, help="Show what each task makes, and where it is declared, too.")
@click.option("--stale", is_flag=True, help="Print the names of the tasks that a build would run, a line each.")
@store_option
@click.pass_obj
def command(
    env: dict[str, str],
    entry_point: str,
    log: str | None,
    log_file: str | None,
    explain: str | None,
    history: bool,
    ignore_environment: bool,
    as_json: bool,
    products: bool,
    stale: bool,
    store: str | None,
) -> None:
    """Show each task with its last run, how long it took, whether it is up to date, and if not, why."""
    from soorgeon_clone.pipeline.status.project import Project

    set_up_log(log, log_file)
    with Project(entry_point, env=env, ignore_environment=ignore_environment, store=store) as project:
        if stale:
            for status in project.status():
                if not status.up_to_date:
                    say.echo(status.name)
            return
        warn(project)
        if explain:
            _explain(project, explain)
        elif history:
            _history(project)
        elif as_json:
            _json(project)
        else:
            _status(project, products=products)
        show_notes(project.notes())


def _status(project: Project, *, products: bool) -> None:
    from soorgeon_clone.cli.table import ago, duration, table

    now = time.time()
    rows = []
    for status in project.status():
        task = project.dag.tasks[status.name]
        last = status.last_run
        when = ago(last.started, now) if last else "never"
        if last and last.result in ("failed", "killed"):
            when += f" ({last.result})"
        rows.append(
            [
                status.name,
                when,
                duration(last.seconds) if last else "",
                say.style(_state(status), fg="green" if status.up_to_date else "yellow"),
                "; ".join(map(str, status.causes)),
                task.facts.doc[:40],
                task.spec.source.path or task.spec.source.text,
                *([", ".join(map(str, task.products)), f"{task.spec.file}:{task.spec.line}"] if products else []),
            ]
        )
    header = [
        "name",
        "last run",
        "took",
        "state",
        "why",
        "about",
        "source",
        *(["product", "location"] if products else []),
    ]
    if not any(row[4] for row in rows):  # all is up to date: there is no reason to tell
        header, rows = [*header[:4], *header[5:]], [[*row[:4], *row[5:]] for row in rows]
    about = header.index("about")
    say.echo(table(header, rows, right=frozenset({2}), less=(about, about + 1, 2, 1)))


def _state(status: TaskStatus) -> str:
    if status.up_to_date:
        return "up to date"
    return "in store" if status.in_store else "in cache" if status.cached else "stale"


def _json(project: Project) -> None:
    import json

    found = []
    for status in project.status():
        task = project.dag.tasks[status.name]
        last = status.last_run
        found.append(
            {
                "name": status.name,
                "state": _state(status),
                "causes": [{"reason": one.reason.name.lower(), "detail": one.detail} for one in status.causes],
                "last_run": {"started": last.started, "seconds": last.seconds, "result": last.result} if last else None,
                "source": task.spec.source.path or task.spec.source.text,
                "products": {one.key or "": str(one) for one in task.products},
                "upstream": list(task.upstream),
            }
        )
    say.echo(json.dumps(found, indent=1))


def _history(project: Project) -> None:
    from soorgeon_clone.cli.table import ago, duration, table

    now = time.time()
    rows = []
    for run in project.records.history():
        memory = f"{run.peak_memory / 1e6:.0f} MB" if run.peak_memory else ""
        rows.append([ago(run.started, now), run.task, run.result, duration(run.seconds), memory, run.build])
    say.echo(table(["when", "name", "result", "took", "memory", "build"], rows, right=frozenset({3, 4}), less=(5, 4)))


def _explain(project: Project, name: str) -> None:
    """The chain: the task's own parts with what changed, then its upstreams, nearest first."""
    from soorgeon_clone.pipeline.declared.dag import ancestors, select

    (name, *_) = select(project.dag, name)
    statuses = {status.name: status for status in project.status()}
    chain = [
        name,
        *(one for one in reversed(list(project.dag.tasks)) if one in ancestors(project.dag, [name]) - {name}),
    ]
    for one in chain:
        status = statuses[one]
        colour = "green" if status.up_to_date else "yellow"
        say.echo(say.style(one, bold=True), ": ", say.style(_state(status), fg=colour))
        for cause in status.causes:
            say.echo(f"    because {cause}")
        if one == name:
            _parts(project, name)
            _granted(project, name)


def _granted(project: Project, name: str) -> None:
    """Print what the task takes for granted, and what came of it."""
    from soorgeon_clone.cli.table import count
    from soorgeon_clone.pipeline.assumptions.comments import assumptions_in
    from soorgeon_clone.pipeline.assumptions.remembered import recall

    assumed = assumptions_in("\n".join(project.dag.tasks[name].facts.remarks))
    known = {(one.statement, one.kind, one.names): one for one in recall(project.root)} if assumed else {}
    for one in assumed:
        cause = one.cause
        found = known.get((cause.statement, one.kind, one.names)) if cause is not None else None
        came = "not checked yet"
        if found is not None:
            came = f"was not so: {found.broken}" if found.broken else f"held in {count(found.kept, 'run')}"
        where = f" ({cause.place}: {cause.statement})" if cause is not None else ""
        say.echo(f"    takes for granted: {' '.join([one.kind, ', '.join(one.names)]).strip()}{where}: {came}")


def _parts(project: Project, name: str) -> None:
    task = project.dag.tasks[name]
    if task.facts.problem:
        return
    made = project.records.made(name)
    parts = project.fingerprint(task).parts
    say.echo("    it depends on")
    for part in sorted(parts):
        old = made.parts.get(part) if made else None
        mark = " " if old == parts[part] else say.style("*", fg="yellow")
        kind, _, about = part.partition(":")
        was = f" (was {_short(old)})" if old and old != parts[part] else ""
        say.echo("      ", mark, " ".join(["", kind, *filter(None, [about]), f"{_short(parts[part])}{was}"]))
    for path, digest in (made.inputs if made else {}).items():
        changed = project.contents.digest(path) != digest
        say.echo("      ", say.style("*", fg="yellow") if changed else " ", f" file {path} {_short(digest)}")


def _short(text: str) -> str:
    """Return as much of a digest as a person compares; other texts as they are."""
    return text[:12] if re.fullmatch("[0-9a-f]{32,}", text) else text
