"""SG501: notebooks without sections."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.script import has_code
from soorgeon_clone.lint.subject import Subject


class NoSections:
    """A notebook of ten code cells or more has no H2 headings.

    Why:
        Headings are what readers find their way by, and where `refactor` cuts: without them, the whole notebook
        becomes one task. Headings of other levels serve with ``--split-on``. ``limits.sections-from-cells`` says from
        how many code cells on.

    Bad:
        # Sales
        (30 cells)

    Good:
        # Sales
        ## Load
        ## Clean
        ## Plot
    """

    code = "SG501"
    name = "no-sections"
    severity: Severity = "info"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        cells = sum(has_code(cell.source) for cell in subject.code_cells)
        if cells >= subject.limits.sections_from_cells and not any(h.level == 2 for _, h in subject.headings):
            others = sorted(
                {h.level for _, h in subject.headings if sum(o.level == h.level for _, o in subject.headings) > 1}
            )
            hint = f"It has H{others[0]} headings: refactor --split-on h{others[0]} cuts at them." if others else ""
            yield Finding(f"{cells} code cells, and no H2 heading among them", hint=hint)
