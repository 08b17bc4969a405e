"""SG303: values that cannot be saved, used by a later section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject

if TYPE_CHECKING:
    from soorgeon_clone.analysis.model import StatementFacts


class UnpicklableAcrossSections:
    """A section uses a value of an earlier one that cannot be pickled: an open file, a connection, a generator.

    Why:
        It cannot be handed from task to task. `refactor` makes it again where that is safe, and else makes one task
        of the sections.

    Bad:
        ## Open
        file = open("x.csv")
        ## Read
        rows = file.read()

    Good:
        ## Read
        with open("x.csv") as file:
            rows = file.read()
    """

    code = "SG303"
    name = "unpicklable-across-sections"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        from soorgeon_clone.lint.crossing import at_statement as at
        from soorgeon_clone.lint.crossing import title

        facts = subject.facts
        if facts is None:
            return
        tables = subject.tables
        statements = {statement.index: statement for statement in facts.statements}
        for section in facts.sections:
            for name, number in sorted(section.uses.items()):
                statement = statements.get(number)
                binding = statement.read_bindings.get(name) if statement else None
                if statement is None or binding is None:
                    continue
                for obj in sorted(binding.value, key=lambda o: o.type):
                    known = tables.type(obj.type) if "." in obj.type else None
                    if known is not None and not known.picklable and _is_foreign(obj.made, section.index, statements):
                        what = known.reason or obj.type
                        made = title(subject, statements[obj.made].section)
                        yield at(statement, f"`{name}` of {made} cannot be saved for this section: {what}")
                        break


def _is_foreign(made: int, section: int, statements: dict[int, StatementFacts]) -> bool:
    return made in statements and statements[made].section != section
