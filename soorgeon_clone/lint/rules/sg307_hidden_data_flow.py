"""SG307: code that hides what it reads and binds."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class HiddenDataFlow:
    """``exec``, ``globals()[name]`` or a script that cannot be read hides which variables are used and made.

    Why:
        Neither people nor programs can follow the data. `refactor` makes one task of the sections around it.

    Bad:
        for name in names:
            globals()[name] = load(name)

    Good:
        frames = {name: load(name) for name in names}
    """

    code = "SG307"
    name = "hidden-data-flow"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        from soorgeon_clone.lint.crossing import at_statement as at

        for statement in subject.facts.statements if subject.facts is not None else ():
            if statement.opaque:
                yield at(statement, f"hides which variables it uses and makes: {statement.opaque}")
