"""``soorgeon-clone report``: the state of the pipeline as a page."""

from __future__ import annotations

from pathlib import Path

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.cli.table import count
from soorgeon_clone.visible import one_line


@click.command(cls=PipelineCommand)
@pipeline_options
@click.option(
    "-o", "--output", shell_complete=files, default="pipeline-report.html", show_default=True, help="The page to write."
)
@click.pass_obj
def command(env: dict[str, str], entry_point: str, log: str | None, log_file: str | None, output: str) -> None:
    """Write a page with the drawing of the pipeline, the state and history of each task, sources and notebooks."""
    from soorgeon_clone.files.named import write_made
    from soorgeon_clone.pipeline.plot.draw import drawing_of
    from soorgeon_clone.pipeline.plot.html import html_of
    from soorgeon_clone.pipeline.plot.layout import place
    from soorgeon_clone.pipeline.plot.pages import pages_of, table_of
    from soorgeon_clone.pipeline.status.project import Project

    set_up_log(log, log_file)
    with Project(entry_point, env=env) as project:
        pages = pages_of(project, Path(output).parent)
        text = html_of(place(drawing_of(project)), pages, title=project.root.name, table=table_of(project))
        write_made(output, text)
        say.echo(f"{one_line(output)}: {count(len(project.dag.tasks), 'task')}", err=True)
