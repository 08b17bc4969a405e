"""SG302: two names for one object, across sections."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class AliasAcrossSections:
    """A section changes an object that has two names, or that is part of another.

    Why:
        Whoever changes one changes the other, far from the line that made them one. `refactor` saves such names in
        one file, so that they stay one object.

    Bad:
        ## Load
        raw = df
        ## Clean
        df["price"] = 0        # raw changes too

    Good:
        ## Load
        raw = df.copy()
    """

    code = "SG302"
    name = "alias-across-sections"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        from soorgeon_clone.lint.crossing import at_statement as at
        from soorgeon_clone.lint.crossing import foreign_changes, quoted

        if subject.facts is None:
            return
        for change in foreign_changes(subject.facts):
            if len(change.sharing) > 1:
                yield at(change.statement, f"{quoted(change.sharing)} may share what is changed here")
