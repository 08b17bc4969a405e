"""SG301: objects that a section changes and another made."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class ForeignChange:
    """A section changes an object in place that an earlier section made.

    Why:
        Running the section twice changes it twice, and what the earlier section shows no longer fits. In a pipeline
        it becomes a chain of tasks, each with its own copy.

    Bad:
        ## Load
        df = load()
        ## Clean
        df["price"] = df["price"].abs()

    Good:
        ## Clean
        clean = df.assign(price=df["price"].abs())
    """

    code = "SG301"
    name = "foreign-change"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        from soorgeon_clone.lint.crossing import at_statement as at
        from soorgeon_clone.lint.crossing import beside, foreign_changes, quoted, title

        if subject.facts is None:
            return
        for change in foreign_changes(subject.facts):
            where = title(subject, change.made_in)
            verb = "is" if len(change.names) == 1 else "are"
            by = beside(subject.facts, change.statement, "changes", change.obj)
            yield at(change.statement, f"{quoted(change.names)} {verb} from {where} and may be changed here{by}")
