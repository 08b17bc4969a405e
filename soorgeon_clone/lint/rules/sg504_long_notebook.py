"""SG504: notebooks of very many cells."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class LongNotebook:
    """A notebook has very many cells.

    Why:
        It takes long to run and to read, and more and more depends on the order of its cells. `refactor` makes a
        pipeline of it. ``limits.notebook-cells`` is the longest that is let through.

    Bad:
        (a notebook of 150 cells)

    Good:
        (three notebooks of 50 cells, or a pipeline)
    """

    code = "SG504"
    name = "long-notebook"
    severity: Severity = "info"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        cells = len(subject.notebook.cells)
        if cells > subject.limits.notebook_cells:
            yield Finding(f"{cells} cells, more than {subject.limits.notebook_cells}", hint="Split the notebook.")
