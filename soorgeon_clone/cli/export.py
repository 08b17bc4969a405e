"""``soorgeon-clone export``: write the files that run a pipeline on another engine. No image is built, no cluster
touched."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.export.model import MODES, OPERATORS
from soorgeon_clone.export.targets import TARGETS
from soorgeon_clone.visible import one_line

if TYPE_CHECKING:
    from soorgeon_clone.export.model import Choices
    from soorgeon_clone.export.targets import Export
    from soorgeon_clone.export.write import Changes
    from soorgeon_clone.pipeline.status.project import Project

_LARGE = 10_000_000  # bytes
_IMAGE = re.compile(r"[\w./:@-]+", re.ASCII)


@click.command(cls=PipelineCommand)
@pipeline_options
@click.option("--to", "target", type=click.Choice(list(TARGETS)), required=True, help="The engine.")
@click.option(
    "--out",
    type=click.Path(file_okay=False),
    help="Folder for the files (default: export/TARGET in the project).",
)
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="regular",
    show_default=True,
    help="regular: all tasks, and each decides when it runs whether it is stale; incremental: only those that are "
    "stale now, and what needs them; force: all tasks run.",
)
@click.option(
    "--store",
    metavar="URL",
    help="Where tasks share their products: s3://bucket/prefix, gs://..., az://... or a folder "
    "(default: SOORGEON_CLONE_STORE, else 'store' in pipeline.yaml).",
)
@click.option("--image", metavar="NAME", help="The image that tasks run in (default: PROJECT:latest).")
@click.option("--name", help="What the pipeline is called in the engine (default: as the project's folder).")
@click.option("--schedule", metavar="CRON", help='When the engine runs it: "0 6 * * *". Airflow and Argo.')
@click.option("--operator", type=click.Choice(OPERATORS), help="Airflow: what runs a task (default: kubernetes).")
@click.option("-t", "--task", metavar="NAME|GLOB", help="Only these tasks; what they need must be in the store.")
@click.option(
    "--environment", metavar="NAME", help="One of 'environments' in the key 'export' of pipeline.yaml, such as prod."
)
@click.option(
    "--check", is_flag=True, help="Try the image without Docker: its files, an environment, the pipeline, the store."
)
@click.option("-n", "--dry-run", is_flag=True, help="Show the files and write nothing.")
@click.option("--force", is_flag=True, help="Overwrite files that you edited.")
@click.pass_obj
def command(
    env: dict[str, str],
    entry_point: str,
    log: str | None,
    log_file: str | None,
    target: str,
    out: str | None,
    mode: Any,
    store: str | None,
    image: str | None,
    name: str | None,
    schedule: str | None,
    operator: Any,
    task: str | None,
    environment: str | None,
    check: bool,
    dry_run: bool,
    force: bool,
) -> None:
    """Write the files that run the pipeline on an engine that schedules.

    Every task becomes a step that runs `soorgeon-clone task NAME`: in a container, with products shared through the
    store, or in the project's folder where all machines see that. Images, resources, retries, secrets: the key `export`
    in pipeline.yaml. Nothing is built, sent or started.
    """
    from soorgeon_clone.cli.build import warn
    from soorgeon_clone.export import targets
    from soorgeon_clone.export import write as writing
    from soorgeon_clone.export.settings import store_of
    from soorgeon_clone.pipeline.products.store import store_url
    from soorgeon_clone.pipeline.status.project import Project

    set_up_log(log, log_file)
    _check_usage(target, operator, schedule, image)
    # Elements are those that an engine finds when it runs.
    with Project(entry_point, env=env, store=store, expand=False) as project:
        warn(project)
        _check_sources(project)
        root = project.root
        folder = Path(out) if out else root / "export" / "-".join(filter(None, (target, environment)))
        told = targets.read(target, project.dag, environment)
        choices = _choices(
            project,
            env,
            folder,
            name=name,
            store=store_url(store, store_of(told, project.spec)),
            image=image,
            schedule=schedule,
            operator=operator,
            environment=environment,
            mode=mode,
            only=_only(project, mode, task),
        )
        if choices.only is not None and not choices.only:
            say.echo(f"All {len(project.dag.tasks)} tasks are up to date in the store: nothing to export.")
            return
        made = targets.export(target, project.dag, choices)
        if image is not None and made.folder is not None:
            raise click.UsageError("--image: these tasks run in the project's folder, and in no image.")
        modules = _modules(project) if check else {}
    owner = f"{made.title} to {target}"
    changes = writing.compare(made.files, folder, owner, force=force)
    if not dry_run:
        writing.write(changes, made.files, folder, owner, root=None if out else root)
    _show(changes, made.files, folder, dry_run=dry_run)
    for line in made.guide:
        say.echo(line)
    if check:
        _check(root, made, choices, modules, dry_run=dry_run)


def _only(project: Project, mode: str, task: str | None) -> frozenset[str] | None:
    """The tasks to export, None for all."""
    from soorgeon_clone.export.stale import stale
    from soorgeon_clone.pipeline.declared.dag import select

    chosen = stale(project) if mode == "incremental" else None
    if task is None:
        return chosen
    named = frozenset(select(project.dag, task))
    return named if chosen is None else named & chosen


def _modules(project: Project) -> dict[str, set[str]]:
    """The modules that tasks import and that are not the project's, with the tasks."""
    found: dict[str, set[str]] = {}
    for task in project.dag.tasks.values():
        for name in project.fingerprints.closure(task).libraries:
            found.setdefault(name, set()).add(task.name)
    return found


def _check(root: Path, made: Export, choices: Choices, modules: dict[str, set[str]], *, dry_run: bool) -> None:
    """Say whether tasks would find what they need, and exit with 1 if not."""
    from dataclasses import replace

    from soorgeon_clone.export.check import check_environment, check_image

    if made.folder is None:
        found = check_image(root, made.files, choices, modules, made.where, say.echo)
    else:
        # Without having been written, the frozen placeholders are not there.
        told = replace(choices, env_text=None) if dry_run else choices
        folder = root if dry_run else Path(made.folder)
        found = check_environment(Path(sys.executable), folder, modules, made.where, told)
    for one in found:
        mark = say.style("ok", fg="green") if one.problem is None else say.style("missing", fg="red")
        say.echo("  ", mark, f"  {one.about}{f': {one.problem}' if one.problem else ''}")
    if any(one.problem for one in found):
        sys.exit(1)


def _check_usage(target: str, operator: str | None, schedule: str | None, image: str | None) -> None:
    if image is not None and not _IMAGE.fullmatch(image):
        raise click.BadParameter(f"{image!r} is no name of an image, such as registry/name:tag.", param_hint="--image")
    if operator and target != "airflow":
        raise click.UsageError(f"--operator is for airflow; {target} has no operators.")
    if schedule is not None and len(schedule.split()) != 5 and not schedule.startswith("@"):
        raise click.BadParameter(f'{schedule!r} is no schedule such as "0 6 * * *".', param_hint="--schedule")


def _check_sources(project: Project) -> None:
    """A task whose source cannot be read has no upstream that could be exported, nor has a grid without its tasks."""
    from soorgeon_clone.errors import UserError

    for name, function in project.spec.unknown_grids.items():
        raise UserError(
            f"{project.spec.path.name}: the grid of task '{name}' is computed by {function}, which only builds call",
            hint="Build once: the tasks of the last build are exported, as long as the function stays the same.",
        )
    for task in project.dag.tasks.values():
        if task.facts.problem:
            raise UserError(
                f"{task.spec.file}, line {task.spec.line}, task '{task.name}': {task.facts.problem}",
                hint="Mend it first: without its source, what it needs is not known.",
            )


def _choices(project: Project, env: dict[str, str], folder: Path, **told: Any) -> Choices:
    import platform

    from soorgeon_clone import __version__
    from soorgeon_clone.export.dependencies import dependencies, own_ignores
    from soorgeon_clone.export.freeze import freeze
    from soorgeon_clone.export.model import PROGRAM, Choices
    from soorgeon_clone.pipeline.elsewhere.bundle import code_of, data_of

    frozen = freeze(project.spec, env)
    return Choices(
        **told,
        folder=_relative(folder, project.root),
        env_text=frozen.text,
        variables=frozen.variables,
        dependencies=dependencies(project.root),
        # Versions are part of what products depend on, so that of Python as well is the one of this machine.
        python=platform.python_version().rstrip("+"),
        install=f"{PROGRAM}=={__version__}",
        code=tuple(sorted(code_of(project, project.tasks))),
        data=tuple(sorted(data_of(project, project.tasks))),
        ignores=own_ignores(project.root),
        large=_large(project),
    )


def _large(project: Project) -> tuple[tuple[str, int], ...]:
    """The files that an image would hold and that make it large, the largest first."""
    import contextlib

    from soorgeon_clone.files.ignored import kept_files

    products = {product.path for task in project.dag.tasks.values() for product in task.products}
    found = []
    for path in kept_files(project.root):
        with contextlib.suppress(OSError):
            size = (project.root / path).stat().st_size
            if size > _LARGE and path not in products and not path.startswith("export/"):
                found.append((path, size))
    return tuple(sorted(found, key=lambda one: -one[1]))


def _relative(folder: Path, root: Path) -> str:
    folder = Path(os.path.realpath(folder))  # pathlib raises for a link to itself
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else folder.as_posix()


def _show(changes: Changes, files: Mapping[str, str], folder: Path, *, dry_run: bool) -> None:
    marks = {
        **dict.fromkeys(files, "unchanged"),
        **dict.fromkeys(changes.created, "new"),
        **dict.fromkeys(changes.replaced, "changed"),
        **dict.fromkeys(changes.removed, "removed"),
        **dict.fromkeys(changes.kept, "no longer needed, but edited: it stays"),
        **{name: f"yours: it stays; ours is {new}" if new else "yours: it stays" for name, new in changes.left.items()},
    }
    width = max(map(len, marks))
    say.echo(f"{one_line(str(folder))}{' (not written)' if dry_run else ''}")
    for name, mark in marks.items():
        say.echo(f"  {name:<{width}}  {mark}")
