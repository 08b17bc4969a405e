"""SG507: two sections of one name."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell


class DuplicateHeading:
    """Two H2 headings are the same.

    Why:
        Links lead to the first of them only, and their tasks get numbers for names (``plot``, ``plot-2``).

    Bad:
        ## Plot
        ## Plot

    Good:
        ## Plot prices
        ## Plot errors
    """

    code = "SG507"
    name = "duplicate-heading"
    severity: Severity = "info"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        first: dict[str, int] = {}
        for cell, heading in subject.headings:
            title = heading.title.casefold()
            if heading.level != 2 or not title:
                continue
            if title in first:
                yield on_cell(cell, f"heading {heading.title!r} is that of cell {first[title] + 1} as well")
            first.setdefault(title, cell.index)
