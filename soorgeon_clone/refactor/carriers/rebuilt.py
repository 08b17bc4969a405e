"""What no file takes (a lock, a logger's handler, a set whose order matters) -> the statements that make it again."""

from __future__ import annotations

import re

from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.heap import UNBOUND, Obj, Value
from soorgeon_clone.analysis.objects.state import Binding
from soorgeon_clone.analysis.objects.types import CLASS, FRAME, FUNCTION, LIB, NDARRAY, SERIES
from soorgeon_clone.refactor.carriers import obstacles
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.carriers.replay import can_repeat, statements_to_repeat

HOW = "rebuilt resource"


def take(want: Want, ledger: Ledger) -> Taken | None:
    if want.binding is None:
        return None
    borders, binding = ledger.borders, want.binding
    found = statements_to_repeat(borders, want.name, binding, want.at)
    again = found or rebuilt(borders, ledger.knowledge, binding, want.at)
    if not again:
        return None
    if any(obstacles.order(o, borders.starts[want.at]) for o in borders.facts.heap.reach(binding.value)):
        again = again if all(_makes_equal_values(borders, ledger.knowledge, one) for one in again) else ()
    return Taken(HOW, repeats=tuple(again)) if again else None


def part(name: str, border: int, ledger: Ledger) -> None:
    """It is made again: no file carries it."""


def rebuilt(borders: Borders, knowledge: Knowledge, binding: Binding, border: int) -> list[StatementFacts] | None:
    """Return the statements that, repeated at ``border``, make an object and change it as they did.

    None where something else would be done as well. It is of a type that no file takes (or a set whose order matters,
    which is the same wherever it is made in the same way: all tasks run with one hash seed), so no other file has it,
    and may hold nothing of the notebook, which could change out of sight: parts of its own library only
    (``handler.setFormatter(logging.Formatter(...))``), and data that stay as they are (``iter(rows)``).
    """
    if len(binding.defs) != 1:
        return None
    (number,) = binding.defs
    first, start = borders.statements[number], borders.starts[border]
    own = binding.value
    libraries = {o.type.partition(".")[0] for o in own if "." in o.type}
    parts = borders.facts.heap.reach(own) - own
    if any(o.made != number or not (obstacles.order(o, start) or _is_unpicklable(knowledge, o)) for o in own):
        return None
    goes_through = all(o.type in _ITERATORS for o in own)
    if any(
        part.changed or not (part.type.partition(".")[0] in libraries or (goes_through and _is_data(part)))
        for part in parts
    ):
        return None
    changers = [borders.statements[n] for n in sorted({n for o in own for n in o.changed}) if number < n < start]
    if any(changer.seeds for changer in changers):
        return None
    again = {number, *(changer.index for changer in changers)}
    if not all(_may_bind(borders, name, border, again, own) for changer in changers for name in changer.binds):
        return None
    # other sets like this one, which a statement fills as well, are made again for themselves
    like = frozenset(o for changer in changers for o in changer.changes if obstacles.order(o, start))
    # what sets something is repeated in any case
    if not all(can_repeat(borders, one, border, setting=True, changes=own | like) for one in (first, *changers)):
        return None
    return [first, *changers]


def _is_unpicklable(knowledge: Knowledge, obj: Obj) -> bool:
    facts = knowledge.type(obj.type) if "." in obj.type else None
    return facts is not None and not facts.picklable


_ITERATORS = frozenset({"builtins.iterator", "builtins.generator"})
# what an iterator may go through: a copy of it is as good, unless it is changed or compared
_DATA = ("builtins.list", "builtins.dict", "builtins.tuple", NDARRAY, FRAME, SERIES)


def _is_data(part: Obj) -> bool:
    return part.type in _DATA and not part.compared_by


def _may_bind(borders: Borders, name: str, border: int, again: set[int], own: Value) -> bool:
    """Whether a name that is bound on the way (a loop's variable) may be bound when the statements ``again`` run."""
    binding = borders.before(name, border)
    if binding is None or binding.value & own:
        return False
    earlier = {number for number in borders.binders[name] if number < borders.starts[border]}
    return UNBOUND not in binding.value or earlier <= again


# modules of Python that give the same for the same, whenever and wherever they are asked; tables say it of libraries
_STEADY = frozenset(
    {
        *("builtins", "calendar", "collections", "copy", "dataclasses", "decimal", "enum", "fractions", "functools"),
        *("html", "itertools", "json", "keyword", "math", "operator", "re", "statistics", "string", "textwrap"),
        *("typing", "unicodedata"),
    }
)
_CLOCK = re.compile(r"\b(now|today|id)\b")


def _makes_equal_values(borders: Borders, knowledge: Knowledge, statement: StatementFacts) -> bool:
    """Whether a statement makes equal values when it is repeated: no clock, no chance, no file that may be another."""
    if statement.files_read and any(other.files_written for other in borders.statements):
        return False
    read = {o for binding in statement.read_bindings.values() for o in binding.value if o.type == LIB}
    if any(obj.path.partition(".")[0] not in _STEADY and not knowledge.has(obj.path, "steady") for obj in read):
        return False
    texts = [borders.source(statement)]
    texts += [borders.source(borders.statements[o.made]) for o in _code_in(borders, statement)]
    return not any(map(_CLOCK.search, texts))


def _code_in(borders: Borders, statement: StatementFacts) -> set[Obj]:
    values = frozenset(o for binding in statement.read_bindings.values() for o in binding.value)
    return {o for o in borders.facts.heap.reach(values) if o.type in (FUNCTION, CLASS) and o.made >= 0}
