"""``soorgeon-clone scaffold``: create the missing sources of declared tasks, or a new project."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.errors import UserError
from soorgeon_clone.visible import one_line


@click.command(cls=PipelineCommand)
@click.argument("name", required=False)
@pipeline_options
@click.pass_obj
def command(env: dict[str, str], name: str | None, entry_point: str, log: str | None, log_file: str | None) -> None:
    """Create a source to start from for each task in pipeline.yaml that has none. Nothing that exists is touched.

    With NAME: create a folder of that name with a small project that builds at once.
    """
    from soorgeon_clone.pipeline.declared import spec
    from soorgeon_clone.pipeline.declared.scaffold import create_missing

    set_up_log(log, log_file)
    if name is not None:
        from soorgeon_clone.pipeline.declared.new_project import create

        if Path(spec.DEFAULT).is_file() and name in {task.name for task in spec.load(spec.DEFAULT, env).tasks}:
            raise UserError(
                f"'{name}' is a task of the pipeline here, and scaffold NAME makes a new project",
                hint="'soorgeon-clone scaffold' alone creates all sources that are missing.",
                exit_code=2,
            )
        folder = os.path.relpath(create(name))
        say.echo(f"{one_line(folder)}: created. Next: cd {one_line(shlex.quote(folder))} && soorgeon-clone build")
        return
    created = create_missing(spec.load(entry_point, env))
    for one in created:
        verb = "added a function to" if one.added else "created"
        say.echo(f"{one_line(one.task)}: {verb} {one_line(os.path.relpath(one.path))}")
    if not created:
        say.echo("Nothing to do: every task has its source.")
