"""Definitions that are given something after they were made -> repeated, then brought up to date from a file.

`Agent.count += 1`, a registry in a class, `f.calls = 0`, a default that a function fills: the definition is repeated
in each task that needs it, and what its attributes hold crosses like a variable under its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.analysis.objects import records
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Obj, Value, holds
from soorgeon_clone.analysis.objects.keys import AMENDED, BASE, BASES, DEFAULT, FACTORY, FIELD, KEYWORDS
from soorgeon_clone.analysis.objects.lineage import lineage
from soorgeon_clone.analysis.objects.state import Binding
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.carrier import Refused, Taken, Want
from soorgeon_clone.refactor.carriers.ledger import Amended, Ledger
from soorgeon_clone.refactor.carriers.pickled import refusal, set_later, verdict
from soorgeon_clone.refactor.carriers.replay import can_repeat, is_code, needed_to_repeat, only_named, own_parts
from soorgeon_clone.refactor.model import Part

# what of a class is no attribute that it was given: how it was made
_MADE_WITH = frozenset({BASES, KEYWORDS, AMENDED})
_MADE_WITH_EACH = (BASE, FIELD, FACTORY)
# methods that run when an object of the class comes out of a file or is let go of, and may ask for the attributes
_WHEN_LOADED = frozenset({"__new__", "__del__", "__init_subclass__", "__set_name__", "__slots__"})
_OUR_WORDS = frozenset({"setattr", "getattr", "hasattr", "vars"})
_MAY_BE_SET = frozenset({"__defaults__", "__kwdefaults__", "__doc__", "__hash__"})


HOW = "amended definition"


def take(want: Want, ledger: Ledger) -> Taken | Refused | None:
    if want.binding is None:
        return None
    value = want.binding.value - {UNBOUND}
    if not is_code(value) or value in ledger.by_value:
        return None
    found = amended(ledger, want.binding, want.at)
    if found is None:
        return None
    ledger.amended[found.obj] = found
    refused = refusal(want, ledger)
    if refused is not None:
        return replace(refused, final=True)
    state = verdict(ledger, want.name, value, want.at)
    return Taken(HOW, repeats=(found.statement,), loads=True, needs=tuple(sorted(state.refers)))


def part(name: str, border: int, ledger: Ledger) -> Part | None:
    """Return the part that carries the attributes of the definition called ``name``."""
    amended = ledger.amended_as(ledger.borders.value(name, border))
    if amended is None:
        return None
    names = "[" + ", ".join(f'"{attribute}"' for attribute in amended.attributes) + "]"
    if amended.obj.type == CLASS:
        save = f"{{name: vars({name})[name] for name in {names} if name in vars({name})}}"
    else:
        save = f"{{name: getattr({name}, name) for name in {names} if hasattr({name}, name)}}"
    return Part(name, save, f"[setattr({name}, *item) for item in {{value}}.items()]")


def amended(ledger: Ledger, binding: Binding, border: int) -> Amended | None:
    """Return how a definition crosses ``border``, None if repeating it and setting attributes does not give it."""
    borders = ledger.borders
    if len(binding.value) != 1 or len(binding.defs) != 1 or not _OUR_WORDS.isdisjoint(borders.binders):
        return None
    (obj,), (number,) = binding.value, binding.defs
    statement = borders.statements[number]
    if statement.kind not in ("class", "function") or not can_repeat(borders, statement, border):
        return None
    if obj.module or obj.type not in (CLASS, FUNCTION) or obj.changed or not _takes_attributes(ledger.knowledge, obj):
        return None
    if any(_has_life(borders, part, number) for part in _asked(borders, statement)):
        return None  # it would hold a copy of what another variable holds
    names = _given(borders, obj, number)
    state = frozenset(part for name in names for part in _held(obj, name))
    if any(_has_life(borders, part, number) for part in own_parts(_closed_over(obj), obj)):
        return None  # an attribute that comes in a file is not what the code has closed over, or the constructor keeps
    if not names or any(_has_life(borders, part, number) for part in _kept(obj, state)):
        return None
    attributes = [attribute for name in sorted(names) for attribute in _in_python(borders, obj, name)]
    return Amended(obj, statement, tuple(attributes), state) if all(map(_can_be_set, attributes)) else None


def _takes_attributes(knowledge: Knowledge, obj: Obj) -> bool:
    """Whether setting an attribute does that and nothing else."""
    if obj.type == FUNCTION:
        return not obj.code.is_cached
    for cls in lineage([obj]):
        if not _WHEN_LOADED.isdisjoint(cls.fields) or cls.is_local:
            return False
        made_with = (*cls.bases, *cls.fields.get(KEYWORDS, EMPTY))
        if not all(other.type == CLASS or knowledge.has(other.path, "plain_classes") for other in made_with):
            return False
        if any(other.type == CLASS for other in cls.fields.get(KEYWORDS, EMPTY)):
            return False  # a metaclass of the notebook
    return True


def _given(borders: Borders, obj: Obj, number: int) -> set[str]:
    """Return the attributes that may not hold what the definition, statement ``number``, gives them when repeated."""
    names = set_later(obj)
    if obj.type == FUNCTION:
        return names | (
            {"__defaults__"} if any(_has_life(borders, p, number) for p in own_parts(_defaults(obj), obj)) else set()
        )
    for name, value in obj.fields.items():
        code = all(o.immutable or o.type in (FUNCTION, CLASS) for o in value)
        if code or name in _MADE_WITH or name.startswith(_MADE_WITH_EACH):
            continue
        if any(_has_life(borders, part, number) for part in own_parts(value, obj)):
            names.add(name)
    return names


def _asked(borders: Borders, statement: StatementFacts) -> Iterable[Obj]:
    """Yield what the definition takes from variables when it runs."""
    for name in needed_to_repeat(statement):
        if not only_named(borders, statement, name):
            yield from borders.facts.heap.reach(statement.read_bindings[name].value)


def _has_life(borders: Borders, obj: Obj, number: int) -> bool:
    """Whether it can be told, later than statement ``number``, from what that statement makes if it is repeated."""
    if obj in borders.registries:
        return False
    return any(n > number for n in obj.changed) or any(n > number for n in obj.compared_by)


def _held(obj: Obj, name: str) -> Value:
    return _defaults(obj) if name == "__defaults__" else obj.fields.get(name, EMPTY)


def _defaults(function: Obj) -> Value:
    return frozenset(o for key, value in function.fields.items() if key.startswith(DEFAULT) for o in value)


def _kept(obj: Obj, state: Value) -> Iterator[Obj]:
    """Yield what belongs to a definition besides its attributes: what its functions hold."""
    amendments = obj.fields.get(AMENDED, EMPTY)
    return own_parts((held for held in holds(obj) if held not in state and held not in amendments), obj)


def _closed_over(obj: Obj) -> Value:
    if obj.type == CLASS:
        return frozenset(part for _, default in records.defaults(obj) for part in default)
    return frozenset(obj.scope.captured(obj)) if obj.scope is not None else EMPTY


def _in_python(borders: Borders, obj: Obj, name: str) -> Iterator[str]:
    """Yield what Python calls an attribute: ``__x`` has the name of the class in it whose code mentions it."""
    if name == "__defaults__":
        yield from ("__defaults__", "__kwdefaults__")
    elif obj.type == CLASS and name.startswith("__") and not name.endswith("__"):
        yield from sorted({f"_{cls.name.lstrip('_')}{name}" for cls in borders.facts.heap.of_type(CLASS)} | {name})
    else:
        yield name


def _can_be_set(attribute: str) -> bool:
    special = attribute.startswith("__") and attribute.endswith("__")
    return attribute.isidentifier() and (not special or attribute in _MAY_BE_SET)
