"""``soorgeon-clone scaffold``: create the missing sources of declared tasks."""

from __future__ import annotations

import os

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.visible import one_line


@click.command(cls=PipelineCommand)
@pipeline_options
@click.pass_obj
def command(env: dict[str, str], entry_point: str, log: str | None, log_file: str | None) -> None:
    """Create a source to start from for each task in pipeline.yaml that has none. Nothing that exists is touched."""
    from soorgeon_clone.pipeline.declared import spec
    from soorgeon_clone.pipeline.declared.scaffold import create_missing

    set_up_log(log, log_file)
    created = create_missing(spec.load(entry_point, env))
    for one in created:
        verb = "added a function to" if one.added else "created"
        say.echo(f"{one_line(one.task)}: {verb} {one_line(os.path.relpath(one.path))}")
    if not created:
        say.echo("Nothing to do: every task has its source.")
