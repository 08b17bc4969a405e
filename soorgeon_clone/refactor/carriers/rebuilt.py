"""What no file takes (a lock, a logger's handler, a connection) -> the statements that make it again."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.state import Binding
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.carriers.replay import can_repeat, statement_to_repeat

HOW = "rebuilt resource"


def take(want: Want, ledger: Ledger) -> Taken | None:
    if want.binding is None:
        return None
    statement = statement_to_repeat(ledger.borders, want.name, want.binding, want.at)
    if statement is not None:
        return Taken(HOW, repeats=(statement,))
    again = rebuilt(ledger.borders, ledger.knowledge, want.binding, want.at)
    return Taken(HOW, repeats=tuple(again)) if again is not None else None


def part(name: str, border: int, ledger: Ledger) -> None:
    """It is made again: no file carries it."""


def rebuilt(borders: Borders, knowledge: Knowledge, binding: Binding, border: int) -> list[StatementFacts] | None:
    """Return the statements that, repeated at ``border``, make an object and change it as they did.

    None where something else would be done as well. It is of a type that no file takes, so no other file has it, and
    may hold nothing of the notebook, which could change out of sight: parts of its own library only
    (``handler.setFormatter(logging.Formatter(...))``).
    """
    if len(binding.defs) != 1:
        return None
    (number,) = binding.defs
    first, start = borders.statements[number], borders.starts[border]
    own = binding.value
    libraries = {o.type.partition(".")[0] for o in own if "." in o.type}
    parts = borders.facts.heap.reach(own) - own
    types = [knowledge.type(o.type) if "." in o.type and o.made == number else None for o in own]
    if any(facts is None or facts.picklable for facts in types):
        return None
    if any(part.changed or part.type.partition(".")[0] not in libraries for part in parts):
        return None
    changers = [borders.statements[n] for n in sorted({n for o in own for n in o.changed}) if number < n < start]
    if any(changer.binds or changer.seeds for changer in changers):
        return None
    # what sets something is repeated in any case
    if not all(can_repeat(borders, one, border, setting=True, changes=own) for one in (first, *changers)):
        return None
    return [first, *changers]
