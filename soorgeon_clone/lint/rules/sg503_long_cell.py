"""SG503: very long cells."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell


class LongCell:
    """A code cell has very many lines of code (blank lines and comments do not count).

    Why:
        A cell is the smallest thing that can be run, looked at and moved. ``limits.cell-lines`` is the longest that
        is let through.

    Bad:
        (a cell of 120 lines)

    Good:
        (four cells of 30 lines, each with what it shows below it)
    """

    code = "SG503"
    name = "long-cell"
    severity: Severity = "info"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        for cell in subject.code_cells:
            lines = code_lines(cell.source)
            if lines > subject.limits.cell_lines:
                message = f"{lines} lines of code, more than {subject.limits.cell_lines}"
                yield on_cell(cell, message, hint="Split it, or move functions to a module.")


def code_lines(source: str) -> int:
    """Return how many lines of a cell are neither blank nor comments."""
    return sum(1 for line in source.split("\n") if (text := line.strip()) and not text.startswith("#"))
