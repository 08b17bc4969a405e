"""What the analysis knows about values that cross from one section to the next, as findings need it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from soorgeon_clone.analysis.model import NotebookFacts, StatementFacts
from soorgeon_clone.analysis.objects.heap import Obj
from soorgeon_clone.lint.model import Finding
from soorgeon_clone.lint.subject import Subject


@dataclass(frozen=True)
class ForeignChange:
    """A statement changes an object that an earlier section made.

    ``names`` are the variables that are this object (those that hold it, if none is), ``sharing`` all that lead to it.
    """

    statement: StatementFacts
    obj: Obj
    made_in: int
    names: tuple[str, ...]
    sharing: tuple[str, ...]


def foreign_changes(facts: NotebookFacts) -> Iterator[ForeignChange]:
    """Yield known changes of objects across sections, one for each statement and set of names."""
    statements = facts.statements
    seen: set[tuple[int, tuple[str, ...]]] = set()
    for statement in statements:
        if statement.unknown_calls:  # what nobody has described may change anything: nothing is known here
            continue
        for obj in sorted(statement.changes, key=lambda o: (o.made, o.type)):
            if not 0 <= obj.made < len(statements) or statements[obj.made].section == statement.section:
                continue
            own, leading = _names(facts, obj, statement.section)
            names = tuple(sorted(own or leading))
            if names and (statement.index, names) not in seen:
                seen.add((statement.index, names))
                made_in = statements[obj.made].section
                yield ForeignChange(statement, obj, made_in, names, tuple(sorted(leading)))


def _names(facts: NotebookFacts, obj: Obj, section: int) -> tuple[set[str], set[str]]:
    """Return the variables that may be an object when a section begins, and all through which it can be reached."""
    bound = {name: b.value for one in facts.sections[:section] for name, b in one.after.items() if name[0] != "@"}
    own = {name for name, value in bound.items() if obj in value}
    return own, own | {name for name, value in bound.items() if obj in facts.heap.reach(value)}


def at_statement(statement: StatementFacts, message: str, hint: str = "") -> Finding:
    """Return a finding about a statement's first row."""
    return Finding(message, statement.cell, statement.first, 1, statement.last, hint=hint)


def beside(facts: NotebookFacts, statement: StatementFacts, kind: str, item: Hashable) -> str:
    """Return where in a module beside the notebook a statement does something, for the end of a sentence."""
    because = facts.because(statement, kind, item)
    inside = [frame for frame in because.within if ".py, row " in frame] if because is not None else []
    return f", by {inside[-1]}" if inside else ""


def title(subject: Subject, section: int) -> str:
    """Return a section's name for messages."""
    return f"section {subject.sections[section].title!r}"


def quoted(names: tuple[str, ...]) -> str:
    """Return names for a sentence: `` `a`, `b` and `c` ``."""
    shown = [f"`{name}`" for name in names[:5]]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
