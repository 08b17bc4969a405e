"""A project -> its drawing, in one of the forms that there are."""

from __future__ import annotations

from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.named import write_named
from soorgeon_clone.pipeline.plot.draw import drawing_of
from soorgeon_clone.pipeline.plot.layout import place
from soorgeon_clone.pipeline.status.project import Project

_FORMS = {".mmd": "mermaid", ".mermaid": "mermaid", ".svg": "svg", ".png": "png", ".html": "html", ".htm": "html"}


def form_of(output: Path) -> str:
    """Return ``mermaid``, ``svg``, ``png`` or ``html``, as the file's name says; UserError for another ending."""
    if output.suffix.lower() not in _FORMS:
        raise UserError(f"{output}: the name must end with .mmd, .svg, .png or .html", exit_code=2)
    return _FORMS[output.suffix.lower()]


def drawn(project: Project, form: str, output: Path, *, products: bool = False) -> str | bytes:
    """Return the drawing in a form; ``output`` is the file that it is for: links on a page lead from there.

    With ``products``, boxes name those of the task.
    """
    drawing, title = drawing_of(project, products=products), project.root.name
    if form == "png":
        from soorgeon_clone.pipeline.plot.png import png_of

        return png_of(place(drawing), output.suffix)
    if form == "mermaid":
        from soorgeon_clone.pipeline.plot.mermaid import mermaid_of

        return mermaid_of(drawing)
    if form == "svg":
        from soorgeon_clone.pipeline.plot.svg import svg_of

        return svg_of(place(drawing), title=title)
    from soorgeon_clone.pipeline.plot.html import html_of
    from soorgeon_clone.pipeline.plot.pages import pages_of

    return html_of(place(drawing), pages_of(project, output.parent), title=title)


def save(project: Project, output: Path) -> Path:
    """Write the drawing; return the file. Raises UserError for a name with another ending."""
    write_named(output, drawn(project, form_of(output), output))
    return output
