"""Wiring -> the sections that must be one since a statement tells a value from the copy that a file would give of it.

``x is y`` for two texts or numbers, ``sys.getsizeof(xs)``: the answer depends on where the values come from, so that
statement belongs to whatever they were made of, through any number of steps.
"""

from __future__ import annotations

from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.types import LIB
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Refused
from soorgeon_clone.refactor.carriers.replay import is_code
from soorgeon_clone.refactor.wiring import Wiring

_REMEDY = "ask in the section that makes it"


def refuse_told_copies(wiring: Wiring) -> None:
    """Let no unit tell a copy of a value from the value itself."""
    for unit in wiring.cut.units:
        for statement in unit.statements if unit.begin else ():
            if not statement.tells_copies:
                continue
            origins = _origins(wiring.borders, statement)
            first = min(map(wiring.borders.section_of, origins), default=unit.begin)
            if first < unit.begin:
                how = min(statement.tells_copies)
                what = f"{how}, and files keep copies"
                made = tuple(sorted(origins))
                refused = Refused(what, first, made, rule=how, remedy=_REMEDY, facts=(("tells_copies", how),))
                wiring.refuse(refused, unit, unit.begin, statement.index)


_REPEATED = frozenset({"import", "function", "class"})


def _is_as_made(value: Value) -> bool:
    """Whether repeating an import or definition gives the same."""
    return is_code(value) and all(obj.type == LIB or not obj.changed for obj in value)


def _origins(borders: Borders, asking: StatementFacts) -> set[int]:
    """Return the statements that made or changed what a statement reads, and what those have read."""
    found: set[int] = set()
    waiting = [asking]
    while waiting:
        statement = waiting.pop()
        for binding in statement.read_bindings.values():
            numbers = {number for number in binding.defs if number >= 0}
            if all(borders.statements[number].kind in _REPEATED for number in numbers) and _is_as_made(binding.value):
                continue
            reached = borders.facts.heap.reach(binding.value)
            numbers.update(number for obj in reached for number in obj.changed if number < asking.index)
            fresh = {number for number in numbers if number < asking.index} - found
            found |= fresh
            waiting += [borders.statements[number] for number in fresh]
    return found
