"""``soorgeon-clone cache``: look into the cache of products, and make it smaller."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log, store_option

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.products.cache import Usage
    from soorgeon_clone.pipeline.products.prune import Held, Survey
    from soorgeon_clone.pipeline.status.project import Project


@click.group()
def command() -> None:
    """The cache keeps the products of earlier states, for all projects of this user.

    It lies in the folder that SOORGEON_CLONE_CACHE names (off: no cache), else where the system keeps caches;
    SOORGEON_CLONE_CACHE_LIMIT is its largest size (10GB). Behind it is the store of a pipeline, which other machines
    see: 'show' and 'prune' are about that where there is one, and with --local about the cache.
    """


@command.command()
def info() -> None:
    """Show where the cache is and how large."""
    from soorgeon_clone.pipeline.products.cache import default_limit, usage

    folder = _folder()
    if folder is not None:
        found = usage(folder)
        say.echo(f"{folder}: {_size(found.bytes)} in {found.objects} files, at most {_size(default_limit())}")


@command.command()
@click.option("--limit", metavar="SIZE", help="Keep at most this much, for example 2GB (default: the usual limit).")
@click.option("--all", "everything", is_flag=True, help="Keep nothing.")
@click.option("-n", "--dry-run", is_flag=True, help="Show how much would go, and remove nothing.")
def gc(limit: str | None, everything: bool, dry_run: bool) -> None:
    """Remove what was not used for longest, until the cache is within its limit."""
    from soorgeon_clone.pipeline.declared.entries import parse_size
    from soorgeon_clone.pipeline.products.cache import collect, default_limit

    size = 0 if everything else parse_size(limit) if limit else default_limit()
    if size is None:
        raise click.BadParameter(f"{limit!r} is no size such as 2GB or 512MiB.", param_hint="--limit")
    folder = _folder()
    if folder is not None:
        _tell(collect(folder, size, dry_run=dry_run), dry_run=dry_run)


local_option = click.option("--local", is_flag=True, help="The cache of this machine, also where there is a store.")


@command.command(cls=PipelineCommand)
@pipeline_options
@store_option
@local_option
@click.pass_obj
def show(
    env: dict[str, str], entry_point: str, log: str | None, log_file: str | None, store: str | None, local: bool
) -> None:
    """Show what the store, or the cache, holds of the pipeline, by task: how many states, how large, how old.

    "of use" are those that a task as it is now could still take, whatever its upstream was.
    """
    from soorgeon_clone.cli.table import ago, table

    set_up_log(log, log_file)
    now = time.time()
    with _pipelines(env, [entry_point], store, local=local) as pipelines:
        found = pipelines.survey()
    groups: dict[str | None, list[Held]] = {task: [] for task in pipelines.tasks}
    for one in found.held:
        groups.setdefault(one.task, []).append(one)
    rows = []
    for task, held in groups.items():
        if held:
            made = [one.made for one in held]
            current = [one for one in held if one.current]
            sizes = [_size(sum(one.bytes for one in part)) for part in (held, current)]
            counts = [str(len(held)), sizes[0], str(len(current)), sizes[1]]
            rows.append([task or "(no task of today)", *counts, ago(max(made), now), ago(min(made), now)])
    head = ["task", "states", "size", "of use", "size", "newest", "oldest"]
    say.echo(table(head, rows, right=frozenset({1, 2, 3, 4})))
    named = {digest for one in found.held for digest in one.digests}
    others = [size for key, (size, _) in found.objects.items() if key.rpartition("/")[2] not in named]
    say.echo(f"{pipelines.url}: {_size(found.bytes)} in {len(found.objects)} files.")
    if others:
        say.echo(
            f"{_size(sum(others))} in {len(others)} files are of no state: sources of builds, parts of what was lost."
        )


@command.command(cls=PipelineCommand)
@pipeline_options
@store_option
@local_option
@click.option(
    "--also",
    multiple=True,
    metavar="PATH",
    shell_complete=files,
    help="A further pipeline that uses this store (repeatable).",
)
@click.option(
    "--older-than",
    default="7d",
    show_default=True,
    metavar="AGE",
    help="Only what was made before: 12h, 7d, 8w. Other branches and machines may use what this pipeline does not.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Show what would go, and remove nothing.")
@click.pass_obj
def prune(
    env: dict[str, str],
    entry_point: str,
    log: str | None,
    log_file: str | None,
    store: str | None,
    local: bool,
    also: tuple[str, ...],
    older_than: str,
    dry_run: bool,
) -> None:
    """Remove from the store, or the cache, what no task of the pipeline as it is now can use.

    Builds may run meanwhile: they lose nothing. What other projects have in the cache stays.
    """
    from soorgeon_clone.pipeline.products import prune as pruning
    from soorgeon_clone.pipeline.products.cache import drop

    set_up_log(log, log_file)
    before = time.time() - _seconds(older_than)
    with _pipelines(env, [entry_point, *also], store, local=local) as pipelines:
        if dry_run or pipelines.caches:
            leased = pruning.leased(pipelines.remote, time.time())
            going = pruning.prunable(pipelines.survey(), leased, before)
        else:
            going = pruning.prune(pipelines.remote, pipelines.survey, before)
        if pipelines.caches and not dry_run:
            drop(Path(pipelines.url), going.manifests, going.objects)
    what = f"{len(going.manifests)} states and {len(going.objects)} files with {_size(going.bytes)}"
    say.echo(f"{pipelines.url}: {what} {'would go' if dry_run else 'removed'}.")


class _Pipelines:
    """The store of some pipelines, or the cache, and what their tasks may use of it. ``caches`` are those of the
    projects where the cache is meant: one folder, and what in it is of which project."""

    def __init__(self, projects: list[Project], *, local: bool) -> None:
        from soorgeon_clone.errors import UserError
        from soorgeon_clone.pipeline.products.remote import open_remote
        from soorgeon_clone.pipeline.products.store import family

        first = projects[0]
        self.caches = [] if first.store is not None and not local else [one.cache for one in projects if one.cache]
        if self.caches:
            self.url = str(self.caches[0].folder)
            self.remote = open_remote(self.url, first.root)
        elif first.store is not None and not local:
            self.url, self.remote = first.store.url, first.store.remote
        else:
            raise UserError(
                f"{first.spec.path.name}: no store, and the cache is switched off",
                hint="Pass --store URL, or let SOORGEON_CLONE_CACHE name a folder.",
                exit_code=2,
            )
        self.tasks = [task for project in projects for task in project.dag.tasks]
        self._families: dict[str, str] = {}
        self._products: dict[frozenset[str], str] = {}
        for project in projects:
            called = project.cache.family if self.caches and project.cache else family
            for task in project.dag.tasks.values():
                if task.facts.problem:
                    raise UserError(f"task '{task.name}': {task.facts.problem}", hint="What it uses is not known.")
                self._families[called(project.own_digest(task))] = task.name
                self._products.setdefault(frozenset(one.path for one in task.products), task.name)

    def survey(self) -> Survey:
        """What the store, or the cache, holds."""
        from soorgeon_clone.pipeline.products.prune import survey, survey_cache

        if self.caches:
            return survey_cache(self.remote, self.caches, self._families, self._products)
        return survey(self.remote, self._families, self._products)


@contextlib.contextmanager
def _pipelines(env: dict[str, str], entry_points: list[str], store: str | None, *, local: bool) -> Iterator[_Pipelines]:
    from soorgeon_clone.pipeline.run import know_elements
    from soorgeon_clone.pipeline.status.project import Project

    with contextlib.ExitStack() as stack:
        projects = [stack.enter_context(Project(one, env=env, store=store)) for one in entry_points]
        for project in projects:
            know_elements(project)
        yield _Pipelines(projects, local=local)


def _seconds(age: str) -> float:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smhdw])", age.strip())
    if found is None:
        raise click.BadParameter(f"{age!r} is no age such as 12h, 7d or 8w.", param_hint="--older-than")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[found[2]]


def _folder() -> Path | None:
    from soorgeon_clone.files.cache_folder import default_folder

    folder = default_folder()
    if folder is None:
        say.echo("The cache is switched off.")
    return folder


def _tell(found: Usage, *, dry_run: bool) -> None:
    gone, rest = ("would go", "would remain") if dry_run else ("removed", "remain")
    say.echo(
        f"{found.path}: {_size(found.removed_bytes)} in {found.removed_objects} files {gone}, "
        f"{_size(found.bytes)} in {found.objects} files {rest}"
    )


def _size(count: int) -> str:
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count} bytes"
