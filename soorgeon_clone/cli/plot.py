"""``soorgeon-clone plot``: draw the pipeline."""

from __future__ import annotations

from pathlib import Path

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.build import warn
from soorgeon_clone.cli.completing import files
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.cli.table import count
from soorgeon_clone.files.named import write_named
from soorgeon_clone.visible import one_line

_DEFAULTS = {"mermaid": "-", "svg": "pipeline.svg", "png": "pipeline.png", "html": "pipeline.html"}


@click.command(cls=PipelineCommand)
@pipeline_options
@click.option(
    "-o", "--output", shell_complete=files, help="The file to write: .mmd, .svg, .png or .html; - is the terminal."
)
@click.option(
    "-b",
    "--backend",
    type=click.Choice(["mermaid", "svg", "png", "html"]),
    help="What to draw, where the file's name does not tell (default: html).",
)
@click.option("-i", "--include-products", is_flag=True, help="Show the names of each task's products in its box.")
@click.pass_obj
def command(
    env: dict[str, str],
    entry_point: str,
    log: str | None,
    log_file: str | None,
    output: str | None,
    backend: str | None,
    include_products: bool,
) -> None:
    """Draw the pipeline: tasks in the colour of their state, with the variables that cross on the arrows.

    An HTML page stands alone; a click on a task shows its source and its executed notebook.
    """
    from soorgeon_clone.pipeline.plot.save import drawn, form_of
    from soorgeon_clone.pipeline.status.project import Project

    set_up_log(log, log_file)
    named = form_of(Path(output)) if output and output != "-" and backend is None else None
    form = backend or named or ("mermaid" if output == "-" else "html")
    target = output or _DEFAULTS[form]
    if form == "png" and target == "-":
        raise click.BadParameter("a PNG does not go to the terminal: name a file.", param_hint="--output")
    with Project(entry_point, env=env) as project:
        warn(project)
        data = drawn(project, form, Path(target), products=include_products)
        if target == "-":
            assert isinstance(data, str)
            say.data(data)
            return
        write_named(target, data)
        say.echo(f"{one_line(target)}: {count(len(project.dag.tasks), 'task')}", err=True)
