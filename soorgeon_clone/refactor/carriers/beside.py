"""Variables of modules beside the notebook -> whoever imports the module has them; what changed them is done again."""

from __future__ import annotations

from soorgeon_clone.analysis.model import OF_MODULE, StatementFacts
from soorgeon_clone.analysis.objects.heap import UNBOUND, Obj, Value
from soorgeon_clone.analysis.objects.state import IMPORTED
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Refused, Taken, Want, about
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.carriers.replay import can_repeat

HOW = "import"
STATE = "state of a module beside the notebook"
_REMEDY = "make it in the notebook, or let the module return a new one at each call"
_MOST_REPEATED = 20  # statements that are done again for one variable


def take(want: Want, ledger: Ledger) -> Taken | Refused | None:
    if not is_of_module(want.name):
        return None
    binding, borders = want.binding, ledger.borders
    if binding is None:
        return Taken(HOW)
    path = want.name.rpartition(OF_MODULE)[0]
    module = borders.facts.modules[path]
    if module.is_noisy:
        made = (module.imported_by,)
        what = f"importing `{path}` does more than to make what is in it"
        if module.unreadable:
            what = f"nobody knows what importing `{path}` does ({module.unreadable})"
        remedy = "import it in one section only, or let a function do what it does when it is imported"
        first = borders.section_of(module.imported_by)
        return Refused(what, first, made, rule="an import that does something", remedy=remedy, final=True)
    again = done_again(want, borders)
    if again is not None:
        return Taken(HOW, repeats=again)
    told = _changes(borders, want)
    parts = [obj for obj in _parts(borders, binding.value) if not obj.changed.isdisjoint(told)]
    first = borders.section_of(min(told))
    what = f"`{want.name}` is kept by a module beside the notebook, and changes"
    facts = about(want.name, parts)
    return Refused(what, first, changed=tuple(sorted(told))[:2], rule=STATE, remedy=_REMEDY, final=True, facts=facts)


def done_again(want: Want, borders: Borders) -> tuple[StatementFacts, ...] | None:
    """Return what must be done again after a module was imported so that it holds what is wanted; None: that is not all
    that there is to it."""
    told = sorted(_changes(borders, want))
    statements = tuple(borders.statements[number] for number in told)
    if len(told) > _MOST_REPEATED or not all(_can_be_done_again(borders, each, want.at) for each in statements):
        return None
    return statements


def part(name: str, border: int, ledger: Ledger) -> None:
    """It is imported: no file carries it."""


def is_of_module(name: str) -> bool:
    """Whether a name is that of a variable of a module beside the notebook."""
    return all(part.isidentifier() for part in name.rstrip("*").split(OF_MODULE) if part) and OF_MODULE in name


def _parts(borders: Borders, value: Value) -> frozenset[Obj]:
    return borders.facts.heap.reach(value - {UNBOUND})


def _changes(borders: Borders, want: Want) -> set[int]:
    """Return the statements before a border that bind a variable of a module, or change what it denotes."""
    assert want.binding is not None
    start = borders.starts[want.at]
    bound = want.binding.defs - IMPORTED if is_of_module(want.name) else frozenset()
    changed = {number for obj in _parts(borders, want.binding.value) for number in obj.changed if number < start}
    return changed | bound


def _can_be_done_again(borders: Borders, statement: StatementFacts, border: int) -> bool:
    """Whether a statement does something to modules only, and would do the same again after they were imported anew."""
    noted = borders.registries & statement.changes
    if noted and noted == statement.changes:
        return can_repeat(borders, statement, border)
    if not all(map(is_of_module, statement.binds)) or statement.sets or statement.kind == "import":
        return False
    if not all(_is_at_hand(borders, name, binding.value) for name, binding in statement.read_bindings.items()):
        return False
    own = frozenset(obj for obj in statement.changes if obj.imported)
    return not statement.files_read and can_repeat(borders, statement, border, changes=own)


def _is_at_hand(borders: Borders, name: str, value: Value) -> bool:
    """Whether what a statement reads is of modules, code or a plain value: with data it may take its time, and objects
    of a module that a variable of the notebook holds are copies in another task."""
    if is_of_module(name) or borders.is_import(name):
        return True
    return all(obj.immutable or obj.type in (FUNCTION, CLASS) for obj in value)
