"""A project -> its drawing in a file, in the form that the file's name says."""

from __future__ import annotations

from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.named import write_named
from soorgeon_clone.pipeline.plot.draw import drawing_of
from soorgeon_clone.pipeline.plot.layout import place
from soorgeon_clone.pipeline.status.project import Project


def save(project: Project, output: Path) -> Path:
    """Write the drawing; return the file. Raises UserError for a name with another ending."""
    drawing, ending = drawing_of(project), output.suffix.lower()
    if ending == ".png":
        from soorgeon_clone.pipeline.plot.png import png_of

        write_named(str(output), png_of(place(drawing), output.suffix))
    elif ending in (".mmd", ".mermaid"):
        from soorgeon_clone.pipeline.plot.mermaid import mermaid_of

        write_named(str(output), mermaid_of(drawing))
    elif ending == ".svg":
        from soorgeon_clone.pipeline.plot.svg import svg_of

        write_named(str(output), svg_of(place(drawing), title=project.root.name))
    elif ending in (".html", ".htm"):
        from soorgeon_clone.pipeline.plot.html import html_of
        from soorgeon_clone.pipeline.plot.pages import pages_of

        write_named(str(output), html_of(place(drawing), pages_of(project), title=project.root.name))
    else:
        raise UserError(f"{output}: the name must end with .mmd, .svg, .png or .html", exit_code=2)
    return output
