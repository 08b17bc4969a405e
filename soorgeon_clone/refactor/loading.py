"""Wiring -> whether what each unit loads and repeats can be had in some order, without anything living twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from soorgeon_clone.analysis.dataflow import Unit
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value, holds
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION
from soorgeon_clone.refactor.carriers import ambient, beside, kept
from soorgeon_clone.refactor.carriers.carrier import Refused, about
from soorgeon_clone.refactor.carriers.replay import needed_to_repeat, only_named
from soorgeon_clone.refactor.sharing import Sharing, matters, referred
from soorgeon_clone.refactor.wiring import Group, Wiring

Files = Mapping[str, tuple[Unit, Group]]

_TOGETHER = "put the definition and what is made of it into one section"


def refuse_rings(wiring: Wiring) -> None:
    """A definition that values in a file refer to must stand before they are loaded: it cannot need one of them."""
    for unit, files in wiring.providers():
        loads = {name: files[name] for name in wiring.loads[unit.begin] if name in files}
        for provider, group in sorted(set(loads.values()), key=lambda file: (file[0].begin, file[1])):
            needed = _needed_before(wiring, unit, loads, provider, group)
            if (name := next((name for name in needed if loads[name] == (provider, group)), None)) is not None:
                listed = " and ".join(f"`{n}`" for n in group[:2])
                what = f"{listed} belong to a class or function that is made of `{name}`"
                made = _defs(wiring, name, unit)
                refused = Refused(
                    what, provider.begin, made, rule="a ring of definitions", remedy=_TOGETHER, facts=about(name)
                )
                wiring.refuse(refused, unit, unit.begin, wiring.askers[name, unit.begin])


def _needed_before(wiring: Wiring, unit: Unit, loads: Files, provider: Unit, group: Group) -> Iterator[str]:
    """Yield what is loaded that must be there before a file is."""
    loaded = {name for name in loads if loads[name] == (provider, group)}
    again = {name for name in loaded if _is_amended(wiring, name, unit)}
    names = sorted((name, True) for name in referred(wiring, provider, group) | again)
    for number in sorted(wiring.repeats[unit.begin]):
        statement = wiring.borders.statements[number]
        variables = {name for name in statement.binds if not ambient.is_ambient(name)}
        if not loaded.isdisjoint(variables):  # it would bind anew what was loaded
            names += _asked_by(wiring, statement)
    seen: set[tuple[str, bool]] = set()
    while names:
        name, as_it_is = names.pop()
        if (name, as_it_is) in seen:
            continue
        seen.add((name, as_it_is))
        if name in loads and not (as_it_is and _is_amended(wiring, name, unit)):
            yield name
            names += [(other, True) for other in sorted(referred(wiring, *loads[name]))]
        for number in sorted(wiring.repeats[unit.begin].intersection(_defs(wiring, name, unit))):
            names += _asked_by(wiring, wiring.borders.statements[number])


def refuse_two_lives(wiring: Wiring, sharing: Sharing) -> None:
    """What a class that is made again holds must not come in a file as well, if it can be told from that."""
    for unit in wiring.cut.units:
        loaded = _loaded(wiring, unit)
        if loaded:
            _refuse_registries(wiring, unit, loaded)
            _refuse_classes(wiring, sharing, unit, loaded)
            _refuse_modules(wiring, sharing, unit, loaded)


def _loaded(wiring: Wiring, unit: Unit) -> dict[Obj, str]:
    """Return what comes to a unit in files and can be told from its like, with the last name that it comes under."""
    return {
        obj: name
        for name in sorted(wiring.loads[unit.begin])
        for obj in _reach_by_value(wiring.borders.value(name, unit.begin))
        if matters(obj, unit.start)
    }


def _refuse_registries(wiring: Wiring, unit: Unit, loaded: Mapping[Obj, str]) -> None:
    for obj in wiring.borders.registries & loaded.keys():
        if obj.made in wiring.repeats[unit.begin]:
            what = f"`{loaded[obj]}` holds what notes definitions as they are made"
            rule = "a registry of definitions"
            first = wiring.borders.section_of(obj.made)
            asker = wiring.askers[loaded[obj], unit.begin]
            wiring.refuse(Refused(what, first, (obj.made,), rule=rule, remedy=_TOGETHER), unit, unit.begin, asker)


def _refuse_modules(wiring: Wiring, sharing: Sharing, unit: Unit, loaded: Mapping[Obj, str]) -> None:
    """What a module beside the notebook holds must not come in a file as well: that would be another object.

    If the module is given what is in the file, that is the same file.
    """
    of_modules = {obj for obj in loaded if obj.imported or any(other.imported for other in obj.memory or ())}
    for name, begin in list(wiring.askers) if of_modules else ():
        if begin != unit.begin or not beside.is_of_module(name) or name in wiring.loads[begin]:
            continue
        reach = sharing.reach(wiring.borders.value(name, unit.begin))
        for other in sorted({loaded[obj] for obj in reach & of_modules})[:1]:
            what = f"`{other}` and `{name}`, of a module beside the notebook, share something that changes later"
            made = tuple(n for n in _defs(wiring, other, unit) if n >= 0)
            first = min(map(wiring.borders.section_of, made), default=0)
            refused = Refused(what, first, made, rule="shared state", remedy=_TOGETHER, facts=about(other))
            wiring.refuse(refused, unit, unit.begin, wiring.askers[other, unit.begin])


def _refuse_classes(wiring: Wiring, sharing: Sharing, unit: Unit, loaded: Mapping[Obj, str]) -> None:
    for number in sorted(wiring.repeats[unit.begin]):
        for name in sorted(wiring.borders.statements[number].binds):
            binding = wiring.borders.before(name, unit.begin)
            made = binding.value if binding is not None and number in binding.defs else EMPTY
            if name in wiring.loads[unit.begin] and wiring.ledger.amended_as(made) is not None:
                continue  # its attributes come in the file
            if kept.imported_again(wiring.borders, name, unit.begin, wiring.loads[unit.begin]) is not None:
                continue  # it is imported from the module after that was given what is in the file
            is_held = any(obj.type == CLASS or obj.imported for obj in made)
            reach = sharing.reach(made) if is_held else frozenset()
            for other in sorted({loaded[obj] for obj in reach & loaded.keys()})[:1]:
                what = f"`{other}` and `{name}` share something that a later section changes or compares"
                refused = Refused(
                    what, wiring.borders.section_of(number), (number,), rule="shared state", remedy=_TOGETHER
                )
                wiring.refuse(refused, unit, unit.begin, wiring.askers[other, unit.begin])


def _asked_by(wiring: Wiring, statement: StatementFacts) -> list[tuple[str, bool]]:
    """Return the names that a statement reads and has not bound itself, and whether it only names them."""
    return [(name, only_named(wiring.borders, statement, name)) for name in needed_to_repeat(statement)]


def _defs(wiring: Wiring, name: str, unit: Unit) -> tuple[int, ...]:
    binding = wiring.borders.before(name, unit.begin)
    return tuple(sorted(binding.defs)) if binding is not None else ()


def _is_amended(wiring: Wiring, name: str, unit: Unit) -> bool:
    return wiring.ledger.amended_as(wiring.borders.value(name, unit.begin)) is not None


def _reach_by_value(value: Value) -> Iterable[Obj]:
    """Return what is in a file with ``value``: all that can be reached but what definitions hold."""
    seen: set[Obj] = set()
    stack = [obj for obj in value if not obj.immutable and obj.type != CLASS]
    while stack:
        obj = stack.pop()
        if obj not in seen:
            seen.add(obj)
            stack.extend(held for held in holds(obj) if not held.immutable and held.type not in (CLASS, FUNCTION))
    return seen
