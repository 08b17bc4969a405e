"""SG513: notebooks that hardly explain themselves."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.script import has_code
from soorgeon_clone.lint.subject import Subject


class LittleText:
    """A notebook of ten code cells or more has hardly any Markdown cells: fewer than one in ten.

    Why:
        Code says what is done, text says why. Off unless selected.

    Bad:
        (30 code cells, 1 Markdown cell)

    Good:
        (30 code cells, 8 Markdown cells)
    """

    code = "SG513"
    name = "little-text"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        code = sum(has_code(cell.source) for cell in subject.code_cells)
        text = sum(cell.kind == "markdown" and bool(cell.source.strip()) for cell in subject.notebook.cells)
        if code >= subject.limits.sections_from_cells and text * 10 < code:
            yield Finding(f"{code} code cells, and only {text} with text")
