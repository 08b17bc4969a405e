"""SG502: sections that are too long for one task."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.rules.sg503_long_cell import code_lines
from soorgeon_clone.lint.subject import Subject, on_cell


class LongSection:
    """A section (from one H2 heading to the next) has more lines of code than one task should.

    Why:
        A task is run again as a whole when one line of it changes, and read as a whole by people.
        ``limits.section-lines`` is the longest that is let through.

    Bad:
        ## Analysis
        (400 lines)

    Good:
        ## Clean
        (80 lines)
        ## Model
        (90 lines)
    """

    code = "SG502"
    name = "long-section"
    severity: Severity = "info"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        if not any(heading.level == 2 for _, heading in subject.headings):
            return
        for section in subject.sections:
            lines = sum(code_lines(cell.source) for cell in section.cells if cell.kind == "code")
            if lines > subject.limits.section_lines:
                limit = subject.limits.section_lines
                message = f"section {section.title!r} has {lines} lines of code, more than {limit}"
                yield on_cell(section.cells[0], message, hint="Cut it with another heading.")
