"""``soorgeon-clone debug``: the debugger, where a task failed in a build that was told to keep that."""

from __future__ import annotations

import time
from pathlib import Path

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import task_names
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.errors import UserError
from soorgeon_clone.visible import one_line


@click.command(cls=PipelineCommand)
@click.argument("name", shell_complete=task_names)
@pipeline_options
@click.pass_obj
def command(env: dict[str, str], name: str, entry_point: str, log: str | None, log_file: str | None) -> None:
    """Open the debugger where the task NAME failed; NAME is also a file that a build with --debuglater has written.

    Variables have the values that they had. Nothing is run again. The file holds pickles, which are code: open none
    that came from somebody else.
    """
    from soorgeon_clone.cli.table import ago
    from soorgeon_clone.pipeline.execution.post_mortem import open_debugger, read_dump

    set_up_log(log, log_file)
    path = _dump_of(name, entry_point, env)
    try:
        dump = read_dump(path)
    except (OSError, ValueError) as problem:
        raise UserError(f"{path} is no dump of a failed task: {problem}", exit_code=2) from None
    say.note(f"{one_line(dump.error)} ({ago(path.stat().st_mtime, time.time())}); q leaves the debugger.")
    open_debugger(dump)


def _dump_of(name: str, entry_point: str, env: dict[str, str]) -> Path:
    if Path(name).is_file():
        return Path(name)
    from soorgeon_clone.pipeline.building.staging import dump_of
    from soorgeon_clone.pipeline.declared.dag import select
    from soorgeon_clone.pipeline.status.project import Project

    with Project(entry_point, env=env) as project:
        (chosen, *_) = select(project.dag, name)
        path = dump_of(project.root, chosen)
    if not path.is_file():
        raise UserError(
            f"nothing is kept of a failure of task '{chosen}'",
            hint=f"soorgeon-clone build --debuglater keeps it; soorgeon-clone task {chosen} --debug runs it here.",
            exit_code=2,
        )
    return path
