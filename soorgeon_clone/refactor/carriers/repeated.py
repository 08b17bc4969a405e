"""Imports, definitions, and what notes definitions -> the statement, repeated in each task that needs it."""

from __future__ import annotations

from dataclasses import replace

from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND
from soorgeon_clone.analysis.objects.state import IMPORTED, Binding
from soorgeon_clone.analysis.objects.types import UNKNOWN
from soorgeon_clone.refactor.carriers import beside
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Fact, Refused, Taken, Want, about
from soorgeon_clone.refactor.carriers.ledger import Ledger
from soorgeon_clone.refactor.carriers.replay import can_repeat, is_code, statements_to_repeat

HOW = "repeated statement"

_REGISTRY = "a registry of definitions"


def take(want: Want, ledger: Ledger) -> Taken | Refused | None:
    """Code is repeated, and so is what notes definitions as they are made."""
    binding, borders = want.binding, ledger.borders
    if binding is None:
        return None
    value = binding.value - {UNBOUND}
    notes = not value.isdisjoint(borders.registries)
    imported = all(borders.statements[number].kind == "import" for number in binding.defs)
    if not is_code(value) and not notes and not imported:
        return None
    if found := statements_to_repeat(borders, want.name, binding, want.at):
        return Taken(HOW, repeats=found)
    # what is done to a module beside the notebook after it was imported is done again with the import
    certain = len(binding.defs) == 1 and UNBOUND not in binding.value
    if (
        imported
        and certain
        and not _is_bound_anew(want, borders)
        and (again := beside.done_again(want, borders)) is not None
    ):
        return Taken(HOW, repeats=(*(borders.statements[number] for number in binding.defs), *again))
    if not is_code(value) and not notes:
        # what a module beside the notebook holds, which was changed: a value like any other if it is known
        unknown = any(obj.type == UNKNOWN and obj.imported for obj in value)
        return replace(_why_not(want, ledger, binding), final=True) if unknown else None
    return noted_elsewhere(want, ledger) if not is_code(value) else _why_not(want, ledger, binding)


def _is_bound_anew(want: Want, borders: Borders) -> bool:
    """Whether what a name is imported from a module as is bound by something else than the module's own import."""
    assert want.binding is not None
    paths = {
        each.path
        for number in want.binding.defs
        for each in borders.statements[number].lowered.imports
        if each.name == want.name and each.is_from
    }
    return any((held := borders.before(path, want.at)) is not None and held.defs != IMPORTED for path in paths)


def part(name: str, border: int, ledger: Ledger) -> None:
    """It is repeated: no file carries it."""


def first_section(want: Want, ledger: Ledger) -> int:
    """Return the earliest section that binds what is wanted here, so that all of it runs in one process."""
    defs = want.binding.defs if want.binding is not None else ()
    return min(map(ledger.borders.section_of, defs), default=want.at - 1)


def noted_elsewhere(want: Want, ledger: Ledger) -> Refused:
    """Refuse what cannot be made again together with the definitions that it notes."""
    made = tuple(sorted(want.binding.defs)) if want.binding is not None else ()
    what = f"`{want.name}` notes definitions as they are made"
    remedy = "put it and all that it notes into one section, before the others"
    first, facts = first_section(want, ledger), about(want.name)
    return Refused(what, first, made, rule=_REGISTRY, remedy=remedy, final=True, facts=facts)


def _why_not(want: Want, ledger: Ledger, binding: Binding) -> Refused:
    made = tuple(sorted(binding.defs))
    first, rule = first_section(want, ledger), "a definition that cannot be repeated"
    if len(made) > 1:
        what = f"`{want.name}` may be any of several definitions"
        return Refused(what, first, made, rule=rule, remedy="give each its own name", facts=about(want.name))
    what = f"`{want.name}` is changed after its definition, or what its definition reads is"
    remedy = "make the change before the definition, or in the section of the definition only"
    number, facts = _changed(want, ledger, binding)
    changed = (number,) if number is not None else ()
    borders = ledger.borders
    if number is not None and borders.statements[made[-1]].kind == "import":
        first = borders.section_of(number)  # up to there, importing it anew gives what it was
    return Refused(what, first, made, changed, rule, remedy, facts=(*facts, *about(want.name)))


def _changed(want: Want, ledger: Ledger, binding: Binding) -> tuple[int | None, tuple[Fact, ...]]:
    """Return a statement that changes a definition, or what it reads, or binds that anew, with the facts of it."""
    borders, last = ledger.borders, max(binding.defs, default=-1)
    since = -1 if last >= 0 and borders.statements[last].kind == "import" else last
    values = {want.name: binding.value}
    for name, then in sorted(borders.statements[last].read_bindings.items()) if last >= 0 else ():
        now = borders.before(name, want.at)
        if now is not None and now.defs != then.defs and max(now.defs, default=-1) > last:
            return max(now.defs), about(name)
        values[name] = now.value if now is not None else EMPTY
    stop = borders.starts[want.at]
    for name, value in values.items():
        for obj in sorted(borders.facts.heap.reach(value), key=lambda obj: obj.serial):
            if numbers := [number for number in obj.changed if since < number < stop]:
                return min(numbers), about(name, [obj])
    return None, ()


def besides(statement: StatementFacts, want: Want, ledger: Ledger) -> list[StatementFacts] | Refused:
    """Return the definitions that are repeated with ``statement``, since it makes or changes what notes them."""
    borders = ledger.borders
    noted = borders.noting(statement, want.at)
    for other in noted:
        if not can_repeat(borders, other, want.at):
            names = " and ".join(f"`{name}`" for name in sorted(other.binds)[:2])
            what = f"the definition of {names}, which is noted as it is made, cannot be repeated"
            first = min(statement.section, other.section)
            made = tuple(sorted({statement.index, other.index}))
            remedy = "put what is noted and what notes it into one section"
            return Refused(what, first, made, rule=_REGISTRY, remedy=remedy)
    return noted
