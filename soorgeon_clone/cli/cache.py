"""``soorgeon-clone cache``: look into the cache of products, and make it smaller."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from soorgeon_clone.cli import say

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.products.cache import Usage


@click.group()
def command() -> None:
    """The cache keeps the products of earlier states, for all projects of this user.

    It lies in the folder that SOORGEON_CLONE_CACHE names (off: no cache), else where the system keeps caches;
    SOORGEON_CLONE_CACHE_LIMIT is its largest size (10GB).
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
def gc(limit: str | None, everything: bool) -> None:
    """Remove what was not used for longest, until the cache is within its limit."""
    from soorgeon_clone.pipeline.declared.entries import parse_size
    from soorgeon_clone.pipeline.products.cache import collect, default_limit

    size = 0 if everything else parse_size(limit) if limit else default_limit()
    if size is None:
        raise click.BadParameter(f"{limit!r} is no size such as 2GB or 512MiB.", param_hint="--limit")
    folder = _folder()
    if folder is not None:
        _tell(collect(folder, size))


def _folder() -> Path | None:
    from soorgeon_clone.files.cache_folder import default_folder

    folder = default_folder()
    if folder is None:
        say.echo("The cache is switched off.")
    return folder


def _tell(found: Usage) -> None:
    say.echo(
        f"{found.path}: removed {_size(found.removed_bytes)} in {found.removed_objects} files, "
        f"{_size(found.bytes)} in {found.objects} files remain"
    )


def _size(count: int) -> str:
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count} bytes"
