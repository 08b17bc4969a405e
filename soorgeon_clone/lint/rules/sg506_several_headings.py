"""SG506: several H2 headings in one cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell


class SeveralHeadings:
    """A Markdown cell holds more than one H2 heading.

    Why:
        `refactor` cuts between cells: the section takes the first heading's name, the others name nothing.

    Bad:
        ## Clean
        ## Plot

    Good:
        ## Clean
        (code)
        ## Plot
    """

    code = "SG506"
    name = "several-headings"
    severity: Severity = "info"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        counts = Counter(cell.index for cell, heading in subject.headings if heading.level == 2)
        for index, count in counts.items():
            if count > 1:
                yield on_cell(subject.notebook.cells[index], f"holds {count} H2 headings", hint="Give each a cell.")
