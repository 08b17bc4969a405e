"""SG505: empty cells."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Fix, RemoveCell, Severity
from soorgeon_clone.lint.subject import Subject, on_cell


class EmptyCell:
    """A cell is empty.

    Why:
        It says nothing, and Jupyter leaves one at the end of every notebook. `--fix` removes it, unless it has tags
        or outputs.

    Bad:
        [1] df = load()
        [ ]

    Good:
        [1] df = load()
    """

    code = "SG505"
    name = "empty-cell"
    severity: Severity = "info"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        cells = subject.notebook.cells
        empty = [cell for cell in cells if not cell.source.strip() and not cell.attachments]
        for cell in empty:
            removable = not cell.tags and not cell.outputs and len(empty) < len(cells)
            fix = Fix((RemoveCell(cell.index),)) if removable else None
            yield on_cell(cell, "is empty", fix=fix)
