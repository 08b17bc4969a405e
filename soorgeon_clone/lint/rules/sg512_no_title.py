"""SG512: notebooks without a title."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.script import has_code
from soorgeon_clone.lint.subject import Subject


class NoTitle:
    """The notebook does not begin with a heading.

    Why:
        Its first lines should say what it is about. Off unless selected.

    Bad:
        import pandas as pd

    Good:
        # Sales of 2024
        import pandas as pd
    """

    code = "SG512"
    name = "no-title"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        headed = {cell.index for cell, _ in subject.headings}
        for cell in subject.notebook.cells:
            if cell.index in headed:
                return
            if cell.kind == "code" and has_code(cell.source):
                break
        yield Finding("no heading stands above the first code cell", hint="Begin with a title: # ...")
