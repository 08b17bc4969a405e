"""SG308: sections that would become one task."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell


class SectionsMerged:
    """`refactor` would make one task of several sections, because something cannot cross between them.

    Why:
        The reason is usually one line, and worth a change: then each section can be a task of its own.

    Bad:
        ## Open
        connection = sqlite3.connect(":memory:")
        ## Query
        connection.execute("select 1")

    Good:
        ## Query
        connection = sqlite3.connect("data.db")
        connection.execute("select 1")
    """

    code = "SG308"
    name = "sections-merged"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        for titles, reason in subject.planned.merges if subject.planned is not None else ():
            first = next((section for section in subject.sections if section.title == titles[0]), None)
            if first is not None:
                named = ", ".join(repr(title) for title in titles)
                yield on_cell(first.cells[0], f"sections {named} would become one task: {reason}")
