"""The magic `%pipeline`: `status` and `plot` inline, all other commands as in a terminal."""

from __future__ import annotations

import shlex
import sys
from contextlib import redirect_stderr
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.visible import markup

# What has a place in a notebook, of all commands: those on the pipeline.
_COMMANDS = ("status", "build", "plot", "task", "report", "scaffold", "nb", "cache", "export")
_USAGE = f"%pipeline {'|'.join(_COMMANDS)} [OPTIONS]"


class Refused(Exception):
    """What is wrong and what to do, which IPython shows without the way to it."""

    def _render_traceback_(self) -> list[str]:
        return str(self).split("\n") if str(self) else []


def load_ipython_extension(shell: Any) -> None:
    """Register the magic; ``%load_ext soorgeon_clone`` calls this."""
    shell.register_magic_function(pipeline, "line", "pipeline")


def pipeline(line: str) -> Any:
    """Show, build or draw the pipeline of this folder, or of the nearest one above.

    %pipeline status, %pipeline build [--force] [--partially NAME], %pipeline plot; other commands and options as in a
    terminal: %pipeline build --help.
    """
    name, *arguments = shlex.split(line) or ["status"]
    if name not in _COMMANDS:
        raise Refused(f"there is no command '{name}'\n{_USAGE}")
    entry_point = _only_entry_point(arguments)
    if name in ("status", "plot") and entry_point is not None:
        try:
            return _status(entry_point) if name == "status" else _plot(entry_point)
        except UserError as error:
            raise Refused(f"Error: {error}") from None
    _run(name, arguments)
    return None


class Inline:
    """Something that a notebook shows as HTML, and a terminal as text."""

    def __init__(self, html: str, text: str) -> None:
        self._html, self._text = html, text

    def _repr_html_(self) -> str:
        return self._html

    def __repr__(self) -> str:
        return self._text


def _only_entry_point(arguments: list[str]) -> str | None:
    """Return the pipeline that is named, or the nearest one; None where there are other options."""
    from soorgeon_clone.cli.pipeline_options import nearest

    if not arguments:
        return nearest("pipeline.yaml")
    return arguments[1] if len(arguments) == 2 and arguments[0] in ("-e", "--entry-point") else None


def _status(entry_point: str) -> Inline:
    from soorgeon_clone.cli.table import table
    from soorgeon_clone.pipeline.plot.pages import table_of
    from soorgeon_clone.pipeline.status.project import Project

    with Project(entry_point) as project:
        header, *rows = [row[:4] for row in table_of(project)]
    cells = ["".join(f'<td style="text-align: left">{markup(cell)}</td>' for cell in row) for row in rows]
    head = "".join(f'<th style="text-align: left">{markup(cell)}</th>' for cell in header)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    return Inline(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>", table(header, rows))


def _plot(entry_point: str) -> Inline:
    from soorgeon_clone.pipeline.plot.draw import drawing_of
    from soorgeon_clone.pipeline.plot.layout import place
    from soorgeon_clone.pipeline.plot.mermaid import mermaid_of
    from soorgeon_clone.pipeline.plot.svg import svg_of
    from soorgeon_clone.pipeline.status.project import Project

    with Project(entry_point) as project:
        drawing = drawing_of(project)
        svg = svg_of(place(drawing), title=project.root.name)
    return Inline(f'<div style="overflow: auto">{svg}</div>', mermaid_of(drawing))


def _run(name: str, arguments: list[str]) -> None:
    """Run a command as in a terminal, and show what it prints."""
    from soorgeon_clone.cli.app import app

    try:
        with redirect_stderr(sys.stdout):  # progress is no failure, whose colour a notebook would give it
            app.main([name, *arguments], prog_name="%pipeline")
    except UserError as error:
        raise Refused(f"Error: {error}") from None
    except SystemExit as end:
        if end.code:
            raise Refused() from None
