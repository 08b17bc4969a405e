"""``soorgeon-clone join``: a pipeline as one notebook that runs."""

from __future__ import annotations

import os
from pathlib import Path

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.cli.table import count
from soorgeon_clone.errors import UserError
from soorgeon_clone.visible import one_line


@click.command(cls=PipelineCommand)
@pipeline_options
@click.option(
    "-o", "--output", shell_complete=files, help="The notebook to write, .ipynb or .py (default: NAME-joined.ipynb)."
)
@click.option("-f", "--force", is_flag=True, help="Overwrite what has the notebook's name.")
@click.pass_obj
def command(
    env: dict[str, str], entry_point: str, log: str | None, log_file: str | None, output: str | None, *, force: bool
) -> None:
    """Write the tasks of a pipeline as one notebook, the way back from refactor. Nothing is run.

    `soorgeon-clone verify NOTEBOOK --entry-point .` shows whether both compute the same.
    """
    from soorgeon_clone.files.named import write_named
    from soorgeon_clone.notebook.write import SCRIPT_METADATA, to_ipynb, to_script
    from soorgeon_clone.pipeline.status.project import Project
    from soorgeon_clone.refactor.join import join
    from soorgeon_clone.refactor.record import RECORD, read_record

    set_up_log(log, log_file)
    with Project(entry_point, env=env) as project:
        record = read_record(project.root / RECORD)
        joined = join(project.dag, record.notebook or project.root.name)
        home = project.root if joined.by_files else project.root / Path(record.origin.source).parent
        target = Path(output) if output else home / f"{joined.notebook.name}-joined.ipynb"
        if target.suffix not in (".ipynb", ".py"):
            raise UserError(f"{target}: the notebook is an .ipynb or .py file", exit_code=2)
        cells = joined.notebook.cells
        script = target.suffix == ".py"
        text = to_script(cells, SCRIPT_METADATA) if script else to_ipynb(cells, joined.notebook.metadata)
        if not force and target.is_file() and target.read_bytes() != text.encode("utf-8", "backslashreplace"):
            raise UserError(
                f"{target} is there already", hint="--force overwrites it, --output names another file.", exit_code=2
            )
        write_named(target, text)
        say.echo(f"{one_line(os.path.relpath(target))}: {count(len(project.dag.tasks), 'task')}", err=True)
        if joined.by_files:
            say.note("the tasks are not as refactor makes them: the notebook's parts hand files over, as tasks do")
        if target.parent.resolve() != home.resolve():
            say.note(f"run it in {os.path.relpath(home)}: that is where its file names lead from")
