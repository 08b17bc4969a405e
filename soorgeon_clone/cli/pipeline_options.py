"""The options that all commands on a pipeline share: -e, -l, -F and --env--key."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files

_DEFAULT = "pipeline.yaml"
Command = TypeVar("Command", bound=Callable[..., Any])


class PipelineCommand(click.Command):
    """A command that takes ``--env--key VALUE`` for every key of env.yaml; they arrive in ``ctx.obj``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest: list[str] = []
        env: dict[str, str] = {}
        remaining = list(args)
        while remaining:
            argument = remaining.pop(0)
            if argument == "--":
                rest += [argument, *remaining]
                break
            if not argument.startswith("--env--"):
                rest.append(argument)
                continue
            name, equals, value = argument[len("--env--") :].partition("=")
            if not equals:
                if not remaining:
                    ctx.fail(f"Option '{argument}' requires an argument.")
                value = remaining.pop(0)
            if not value.isascii() and value.encode("utf-8", "replace").decode() != value:
                ctx.fail(f"The value of '{argument.partition('=')[0]}' is not valid UTF-8.")
            env[name.replace("--", ".")] = value
        ctx.obj = env
        return super().parse_args(ctx, rest)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_options(ctx, formatter)
        with formatter.section("Placeholders"):
            formatter.write_dl([("--env--KEY VALUE", "Replace a value of env.yaml; nested: --env--KEY--INNER VALUE.")])


def nearest(entry_point: str) -> str:
    """Return the pipeline.yaml that is meant where none was named: the one here, or in the nearest folder above."""
    if entry_point != _DEFAULT or Path(_DEFAULT).exists():
        return entry_point
    from soorgeon_clone.pipeline.declared.entry_point import above

    found = above(Path.cwd())
    if found is None:
        return entry_point
    say.note(f"the pipeline is {found}")
    return os.path.relpath(found)


def pipeline_options(command: Command) -> Command:
    """Add the shared options to a command."""
    options = [
        click.option(
            "-e",
            "--entry-point",
            default=_DEFAULT,
            envvar="ENTRY_POINT",
            shell_complete=files,
            show_default=True,
            callback=lambda ctx, param, value: value if ctx.resilient_parsing else nearest(value),
            help="The pipeline: a file, or a folder that holds pipeline.yaml. If it is not named, the pipeline.yaml "
            "here, or in the nearest folder above.",
        ),
        click.option(
            "-l",
            "--log",
            metavar="LEVEL",
            type=click.Choice(["debug", "info", "warning", "error", "critical"], case_sensitive=False),
            help="Show log messages of this level and above.",
        ),
        click.option("-F", "--log-file", type=click.Path(dir_okay=False), help="Write log messages to a file."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def store_option(command: Command) -> Command:
    """Add ``--store``."""
    return click.option(
        "--store",
        metavar="URL",
        help="Share products through this place: a folder, s3://bucket/prefix, gs://..., az://...; off for none "
        "(default: SOORGEON_CLONE_STORE, else 'store' in pipeline.yaml).",
    )(command)


def store_mode_option(command: Command) -> Command:
    """Add ``--store-mode``."""
    return click.option(
        "--store-mode",
        type=click.Choice(["read", "write"]),
        help="read: take products from the store and publish nothing (default: SOORGEON_CLONE_STORE_MODE, else write).",
    )(command)


def split_option(command: Command) -> Command:
    """Add ``--split-on``."""
    return click.option(
        "--split-on",
        type=click.Choice(["h1", "h2", "h3", "auto"]),
        default="h2",
        show_default=True,
        help="What begins a task: headings of this level (h3: and H2), or auto: sections that the data flow suggests.",
    )(command)


def show_notes(notes: Iterable[str]) -> None:
    """Show what is not as it should be, and is no failure."""
    for note in notes:
        say.note(note)


def log_level(level: str | None, file: str | None) -> int | None:
    """The level of log records that are asked for, as a number; None where nobody asks."""
    if level is None and file is None:
        return None
    import logging

    return int(getattr(logging, (level or "info").upper()))


def set_up_log(level: str | None, file: str | None) -> None:
    """Send log messages to the terminal (standard error) or to a file, if either was asked for."""
    if level is None and file is None:
        return
    import logging

    from soorgeon_clone.cli.log_lines import LogFormatter
    from soorgeon_clone.files.named import open_log

    handler = logging.StreamHandler(None if file is None else open_log(file))
    handler.setFormatter(LogFormatter())
    logging.basicConfig(level=(level or "info").upper(), handlers=[handler])
