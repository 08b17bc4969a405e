"""SG303: values that cannot be saved, used by a later section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from soorgeon_clone.lint.model import Finding, Planned, Severity
from soorgeon_clone.lint.subject import Subject

if TYPE_CHECKING:
    from soorgeon_clone.analysis.model import StatementFacts


# The carriers (refactor/carriers) that repeat statements instead of loading a file.
_AGAIN = frozenset({"rebuilt resource", "repeated statement", "constant", "exported definition", "import"})


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
                        made_in = statements[obj.made].section
                        then = _what_refactor_does(subject.planned, name, made_in, section.index)
                        if then is not None:
                            what, made = known.reason or obj.type, title(subject, made_in)
                            yield at(statement, f"`{name}` of {made} cannot be saved for this section: {what}{then}")
                        break


def _what_refactor_does(planned: Planned | None, name: str, made_in: int, used_in: int) -> str | None:
    """Return the end of the sentence; None where `refactor` saves the value nevertheless."""
    if planned is None or not planned.tasks:
        return ""
    task = planned.tasks[used_in]
    if planned.tasks[made_in] == task:
        return "; `refactor` makes one task of both sections"
    carriers = {how for one, target, how in planned.comes if (one, target) == (name, task)}
    if not carriers:
        return ""
    return "; `refactor` makes it again here" if carriers & _AGAIN else None


def _is_foreign(made: int, section: int, statements: dict[int, StatementFacts]) -> bool:
    return made in statements and statements[made].section != section
