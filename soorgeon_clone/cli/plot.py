"""``soorgeon-clone plot``: draw the pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.build import warn
from soorgeon_clone.cli.pipeline_options import PipelineCommand, pipeline_options, set_up_log
from soorgeon_clone.cli.table import count
from soorgeon_clone.files.named import write_named
from soorgeon_clone.visible import one_line

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.status.project import Project

_SUFFIXES = {".mmd": "mermaid", ".mermaid": "mermaid", ".svg": "svg", ".png": "png", ".html": "html", ".htm": "html"}
_DEFAULTS = {"mermaid": "-", "svg": "pipeline.svg", "png": "pipeline.png", "html": "pipeline.html"}


@click.command(cls=PipelineCommand)
@pipeline_options
@click.option("-o", "--output", help="The file to write: .mmd, .svg, .png or .html; - is the terminal.")
@click.option(
    "-b",
    "--backend",
    type=click.Choice(["mermaid", "svg", "png", "html"]),
    help="What to draw, where the file's name does not tell (default: html).",
)
@click.pass_obj
def command(
    env: dict[str, str],
    entry_point: str,
    log: str | None,
    log_file: str | None,
    output: str | None,
    backend: str | None,
) -> None:
    """Draw the pipeline: tasks in the colour of their state, with the variables that cross on the arrows.

    An HTML page stands alone; a click on a task shows its source and its executed notebook.
    """
    from soorgeon_clone.pipeline.status.project import Project

    set_up_log(log, log_file)
    named = _SUFFIXES.get(Path(output).suffix.lower()) if output and output != "-" else None
    if output and output != "-" and named is None and backend is None:
        raise click.BadParameter(f"{output}: the name must end with .mmd, .svg, .png or .html.", param_hint="--output")
    form = backend or named or ("mermaid" if output == "-" else "html")
    target = output or _DEFAULTS[form]
    with Project(entry_point, env=env) as project:
        warn(project)
        data = _drawn(project, form, target)
        if target == "-":
            say.data(data)
            return
        say.echo(f"{one_line(target)}: {count(len(project.dag.tasks), 'task')}", err=True)


def _drawn(project: Project, form: str, target: str) -> str:
    """Write the picture, or return its text where it goes to the terminal."""
    from soorgeon_clone.pipeline.plot.draw import drawing_of
    from soorgeon_clone.pipeline.plot.layout import place

    drawing = drawing_of(project)
    if form == "png":
        from soorgeon_clone.pipeline.plot.png import png_of

        if target == "-":
            raise click.BadParameter("a PNG does not go to the terminal: name a file.", param_hint="--output")
        write_named(target, png_of(place(drawing), Path(target).suffix))
        return ""
    if form == "mermaid":
        from soorgeon_clone.pipeline.plot.mermaid import mermaid_of

        text = mermaid_of(drawing)
    elif form == "svg":
        from soorgeon_clone.pipeline.plot.svg import svg_of

        text = svg_of(place(drawing), title=project.root.name)
    else:
        from soorgeon_clone.pipeline.plot.html import html_of
        from soorgeon_clone.pipeline.plot.pages import pages_of

        text = html_of(place(drawing), pages_of(project, Path(target).parent), title=project.root.name)
    if target != "-":
        write_named(target, text)
    return text
