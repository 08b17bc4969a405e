"""Values -> pickle files: whether pickle can take a value, which pickler it needs, which definitions it refers to."""

from __future__ import annotations

from collections.abc import Container, Iterator

from soorgeon_clone.analysis.dataflow import changed_between
from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Obj, Value, holds
from soorgeon_clone.analysis.objects.keys import AMENDED, LOST, NAMED
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, LIB
from soorgeon_clone.refactor.carriers import obstacles
from soorgeon_clone.refactor.carriers.borders import Borders, is_module
from soorgeon_clone.refactor.carriers.by_value import function_by_value, outside_names
from soorgeon_clone.refactor.carriers.carrier import Refused, Taken, Want, about
from soorgeon_clone.refactor.carriers.ledger import Ledger, Pickled
from soorgeon_clone.refactor.carriers.repeated import first_section, noted_elsewhere
from soorgeon_clone.refactor.carriers.replay import is_code
from soorgeon_clone.refactor.model import Part

HOW = "pickle"

_MAY_BE_FRAME = frozenset({"?", "pandas.DataFrame", "pandas.*"})


def take(want: Want, ledger: Ledger) -> Taken | Refused | None:
    if want.binding is None:
        return None
    value = want.binding.value - {UNBOUND}
    if is_code(value):
        by_value = function_by_value(ledger.borders, value, ledger.exported)
        if ledger.amended_as(value) is not None or by_value is None:
            return None
        ledger.by_value.add(value)
    refused = refusal(want, ledger)
    if refused is not None:
        return refused
    return Taken(HOW, loads=True, needs=tuple(sorted(verdict(ledger, want.name, value, want.at).refers)))


def part(name: str, border: int, ledger: Ledger) -> Part | None:
    """Return the part that carries a variable."""
    value = ledger.borders.value(name, border)
    types = {obj.type for obj in value if obj is not UNBOUND}
    frame = True if types == {"pandas.DataFrame"} else None if types & _MAY_BE_FRAME else False
    return Part(name, name, f"{name} = {{value}}", maybe_unbound=UNBOUND in value, frame=frame)


def refusal(want: Want, ledger: Ledger) -> Refused | None:
    """Say why no file can take what is wanted, if none can."""
    if want.binding is None:
        return None
    value = want.binding.value - {UNBOUND}
    if not value.isdisjoint(ledger.borders.registries):
        return noted_elsewhere(want, ledger)
    found = verdict(ledger, want.name, value, want.at)
    if found.obstacle is None:
        return None
    first = max(first_section(want, ledger), ledger.borders.section_of(found.since))
    changed = (found.since,) if found.since else ()
    return cannot_save(want.name, found.obstacle, first, tuple(sorted(want.binding.defs)), changed)


def cannot_save(name: str, obstacle: str, first: int, made: tuple[int, ...], changed: tuple[int, ...] = ()) -> Refused:
    """Return the refusal to save ``name`` for what it holds."""
    what = f"`{name}` cannot be saved: it holds {obstacle}"
    remedy = obstacles.remedy(obstacle, name)
    return Refused(what, first, made, changed, rule=obstacle, remedy=remedy, facts=about(name))


def verdict(ledger: Ledger, name: str, value: Value, border: int) -> Pickled:
    """Return what it takes to pickle ``value``, which ``name`` is at ``border``: the same whenever it is asked for."""
    key = (name, border)
    if key not in ledger.verdicts:
        by_value = None
        if (repeated := ledger.amended_as(value)) is not None:
            value = repeated.state
        elif is_code(value):
            by_value = function_by_value(ledger.borders, value, ledger.exported)
        ledger.verdicts[key] = by_value or _pickled_once(ledger, value, border)
    return ledger.verdicts[key]


def _pickled_once(ledger: Ledger, value: Value, border: int) -> Pickled:
    if (value, border) not in ledger.pickles:
        ledger.pickles[value, border] = pickled(ledger.borders, ledger.knowledge, value, border, ledger.exported)
    return ledger.pickles[value, border]


def pickled(borders: Borders, knowledge: Knowledge, value: Value, border: int, exported: Container[str]) -> Pickled:
    """Return what it takes to pickle ``value`` at ``border``.

    What is in it is looked at layer by layer: of several obstacles the outermost is named, whatever order sets have.
    """
    start = borders.starts[border]
    found: list[Pickled] = []
    seen: set[Obj] = set()
    layer = set(value)
    while layer:
        inside: set[Obj] = set()
        for obj in layer:
            if obj.made >= start:  # made later: it cannot be in there yet
                continue
            why = obstacles.obstacle(borders, knowledge, obj, start, exported)
            taken = [Pickled(obstacle=why)] if why else list(_own(borders, knowledge, obj, border, exported))
            found += taken
            if not any(one.obstacle for one in taken):
                inside.update(_inside(obj, by_name=obj.type in (FUNCTION, CLASS) and taken[-1].serializer == "pickle"))
        if refused := [one for one in found if one.obstacle is not None]:
            return max(refused, key=lambda one: (one.since, one.obstacle))
        seen |= layer
        layer = inside - seen
    serializers = {one.serializer for one in found}
    own = sorted(serializers - {"pickle", "cloudpickle"})
    if len(own) > 1:
        return Pickled(obstacle=f"objects of {' and of '.join(own)}, which are saved in different ways")
    serializer = own[0] if own else "cloudpickle" if "cloudpickle" in serializers else "pickle"
    return Pickled(serializer, frozenset().union(*(one.refers for one in found)))


def _own(borders: Borders, knowledge: Knowledge, obj: Obj, border: int, exported: Container[str]) -> Iterator[Pickled]:
    """Yield what one object takes, what it holds aside; for a definition, its own verdict last."""
    if is_module(obj) or obj.type == "builtins.module":
        yield Pickled("cloudpickle")
    for number, attribute in _numbered(obj, LOST):
        if number < borders.starts[border]:
            yield Pickled(obstacle=f"an object with the attribute {attribute}, which pickle leaves out", since=number)
    for number, name in _numbered(obj, NAMED):
        if borders.before(name, border) is None:
            continue
        if not _is_as_named(borders, name, number, border):
            yield Pickled(obstacle=f"a model whose formula reads {name}, which changes", since=number)
        yield Pickled(refers=frozenset({name}))
    if obj.immutable:
        return
    facts = knowledge.type(obj.type) if "." in obj.type else None
    if facts is not None and facts.serializer != "pickle" and not _holds_named_functions(knowledge, obj):
        yield Pickled(facts.serializer)
    if obj.type in (FUNCTION, CLASS):
        yield _definition(borders, obj, border, exported)


def _inside(obj: Obj, *, by_name: bool) -> Iterator[Obj]:
    """Yield what is pickled with an object; with a definition that is pickled by its name, nothing."""
    if obj.immutable:
        # a member of an enumeration has its class, a tuple what is in it
        for value in obj.fields.values():
            yield from value
    elif not by_name:
        for held in holds(obj):
            # an instance has a dictionary, which only matters where something else holds it as well
            yield from holds(held) if held in obj.views and held.is_attributes else [held]


def _holds_named_functions(knowledge: Knowledge, obj: Obj) -> bool:
    """Whether an object that needs cloudpickle for what it may hold holds functions only, which say so themselves."""
    held = list(holds(obj))
    return knowledge.has(obj.type, "of_functions") and bool(held) and all(part.type in (FUNCTION, LIB) for part in held)


def _numbered(obj: Obj, key: str) -> Iterator[tuple[int, str]]:
    for said in obj.fields.get(key, ()):
        number, _, name = str(said.const).partition(" ")
        yield int(number), name


def _is_what_it_says(borders: Borders, obj: Obj, exported: Container[str]) -> bool:
    """Whether a function at the top is as good as a copy of its code, in all tasks alike: it has no default that calls
    change, or that others share."""
    if obj.type != FUNCTION or obj.code.is_lambda or obj.code.is_nested or obj.code.owner is not None:
        return False
    if any(not part.immutable for part in holds(obj)):
        return False
    code = obj.code
    if code.decorators or code.globals or code.has_class or obj.compared_by or obj.changed or AMENDED in obj.fields:
        return False
    return all(borders.is_import(name) or name in exported for name in outside_names(borders, obj))


def _is_as_named(borders: Borders, name: str, number: int, border: int) -> bool:
    """Whether ``name`` denotes, at ``border``, what it did in statement ``number``; code may be other code."""
    binding = borders.before(name, border)
    if binding is None or all(obj.type in (LIB, FUNCTION, CLASS) for obj in binding.value):
        return True
    start = borders.starts[border]
    parts = borders.facts.heap.reach(binding.value)
    return max(binding.defs, default=0) <= number and not changed_between(parts, number, start)


def set_later(definition: Obj) -> set[str]:
    """Return the attributes that a definition was given after it was made."""
    return {name for given in definition.fields.get(AMENDED, EMPTY) for name in given.fields}


def _of_module(borders: Borders, obj: Obj, border: int) -> Pickled:
    """A definition in a module beside the notebook: pickled by the name that it has there, if it stands at its top."""
    if obj.imported and not obj.is_local and not (obj.type == FUNCTION and (obj.code.is_lambda or obj.code.is_nested)):
        name = f"{obj.module}.{obj.name}"
        return Pickled(refers=frozenset({name} if borders.before(name, border) is not None else ()))
    if obj.type == FUNCTION and obj.code.owner is not None and not obj.code.is_lambda:
        return Pickled()
    return Pickled(obstacle=f"{obj.name or 'a lambda'}, which a function of {obj.module} makes")


def _has_name(borders: Borders, obj: Obj, border: int) -> bool:
    """Whether a variable may denote a definition itself, so that its statement is repeated."""
    return any(obj in b.value for name in borders.binders if (b := borders.before(name, border)) is not None)


def _local_class(borders: Borders, cls: Obj, border: int, exported: Container[str]) -> Pickled:
    """A class that a call makes, in what is an object of it: pickled with its code, unless that would be a second one.

    Where a variable denotes the class, it is made anew by its statement, and the object would be of another class.
    """
    if _has_name(borders, cls, border):
        return Pickled(obstacle=f"an object of {cls.name or 'a class'}, which a call makes as another class each time")
    methods = frozenset(part for part in holds(cls) if part.type == FUNCTION)
    free = {name for method in methods for name in outside_names(borders, method) if not borders.is_import(name)}
    if names := ", ".join(sorted(name for name in free if name not in exported)):
        return Pickled(obstacle=f"an object of {cls.name}, a class in a function, which reads {names}")
    return Pickled("cloudpickle", frozenset(free))


def _method_left_over(borders: Borders, obj: Obj, exported: Container[str]) -> Pickled:
    """A method whose class has another one by its name: no name leads to it, and its class is not copied with it."""
    free = outside_names(borders, obj)
    knows_class = obj.code.has_class or not obj.code.mentioned.isdisjoint(_OWN_CLASS)
    if knows_class or not all(borders.is_import(name) or name in exported for name in free):
        return Pickled(obstacle=f"the method {obj.name}, in whose place its class has another one")
    return Pickled("cloudpickle", frozenset(free))


_OWN_CLASS = frozenset({"super", "__class__"})


def _definition(borders: Borders, obj: Obj, border: int, exported: Container[str]) -> Pickled:
    """A function or class in a value: pickled by name if it has one, with its code by cloudpickle if it has none."""
    name = obj.name
    if obj.module:
        return _of_module(borders, obj, border)
    if obj.type == CLASS and obj.is_local:
        return _local_class(borders, obj, border, exported)
    is_inner = obj.type == FUNCTION and obj.code.is_nested  # no name leads to it: `make.<locals>.step`
    if len(borders.binders.get(name, ())) > 1 and _is_what_it_says(borders, obj, exported):
        return Pickled("cloudpickle", frozenset(outside_names(borders, obj)))  # its name leads to another one elsewhere
    binding = borders.before(name, border)
    if binding is not None and binding.value == {obj} and len(binding.defs) == 1 and not is_inner:
        return Pickled(refers=frozenset({name}))
    is_method = obj.type == FUNCTION and obj.code.owner is not None and not obj.code.is_lambda
    if is_method and name not in set_later(obj.code.owner):
        return Pickled()  # pickled with its class
    if obj.type == CLASS and not name:
        return Pickled()
    if is_method:
        return _method_left_over(borders, obj, exported)
    if obj.type == FUNCTION and (obj.code.is_lambda or obj.code.is_nested):
        free = outside_names(borders, obj)
        what = "a lambda" if obj.code.is_lambda else f"the nested function {name}"
        start = borders.starts[border]
        if any(number >= start for number in obj.compared_by) and _has_name(borders, obj, border):
            return Pickled(obstacle=f"{what} that is compared with itself")
        if all(borders.is_import(n) or n in exported for n in free):
            return Pickled("cloudpickle", frozenset(free))
        names = ", ".join(sorted(n for n in free if not borders.is_import(n) and n not in exported))
        return Pickled(obstacle=f"{what} that reads {names}")
    return Pickled(obstacle=f"an object of an earlier definition of {name}")
