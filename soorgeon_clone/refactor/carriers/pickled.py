"""Values -> pickle files: whether pickle can take a value, which pickler it needs, which definitions it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from soorgeon_clone.analysis.dataflow import changed_between
from soorgeon_clone.analysis.effects import Knowledge
from soorgeon_clone.analysis.heap import (
    ATTRIBUTES,
    CLASS,
    FUNCTION,
    INSTANCE,
    LIB,
    LOST,
    METHOD,
    NAMED,
    SETS,
    Obj,
    Value,
    holds,
)
from soorgeon_clone.refactor.carriers.program import Program, ancestors, is_module

_NATIVE = {
    "builtins.generator": "a generator",
    "builtins.iterator": "an iterator",
    "builtins.dict_items": "a view of a dictionary",
    "builtins.dict_keys": "a view of a dictionary",
    "builtins.dict_values": "a view of a dictionary",
    "builtins.coroutine": "a coroutine",
    "super": "a super() object",
}


@dataclass(frozen=True)
class Pickled:
    """What pickling a value takes: ``refers`` are the names of definitions that must exist when it is saved and loaded.

    ``obstacle`` says why it cannot be pickled ("an open file"), ``since`` which statement made it so.
    """

    serializer: str = "pickle"
    refers: frozenset[str] = frozenset()
    obstacle: str | None = None
    since: int = 0


def pickled(program: Program, knowledge: Knowledge, value: Value, unit: int, exported: frozenset[str]) -> Pickled:
    """Return what it takes to pickle ``value`` when the units before ``unit`` have run."""
    serializer = "pickle"
    refers: set[str] = set()
    start = program.units[unit].start if unit < len(program.units) else len(program.statements)
    seen: set[Obj] = set()
    stack = list(value)
    while stack:
        obj = stack.pop()
        if obj in seen or obj.made >= start:  # made later: it cannot be in there yet
            continue
        seen.add(obj)
        if is_module(obj) or obj.type == "builtins.module":
            serializer = "cloudpickle"
        obstacle = _obstacle(knowledge, obj) or (_remade_otherwise(obj) if obj.type == INSTANCE else None)
        obstacle = obstacle or _order(obj, start) or _drawing(program, obj) or _found_by_hash(program, obj, exported)
        if obj.finalized:
            obstacle = obstacle or _DOES_SOMETHING
        if obstacle is not None:
            return Pickled(obstacle=obstacle)
        for number, attribute in _numbered(obj, LOST):
            if number < start:
                why = f"an object with the attribute {attribute}, which pickle leaves out"
                return Pickled(obstacle=why, since=number)
        for number, name in _numbered(obj, NAMED):
            if program.before(name, unit) is None:
                continue
            if not _is_as_named(program, name, number, unit):
                return Pickled(obstacle=f"a model whose formula reads {name}, which changes", since=number)
            refers.add(name)
        if obj.immutable:
            # a member of an enumeration has its class, a tuple what is in it
            stack.extend(held for value in obj.fields.values() for held in value)
            continue
        facts = knowledge.type(obj.type) if "." in obj.type else None
        if facts is not None and facts.serializer == "cloudpickle" and not _holds_named_functions(obj):
            serializer = "cloudpickle"
        if obj.type in (FUNCTION, CLASS):
            verdict = _definition(program, obj, unit, exported)
            if verdict.obstacle is not None:
                return verdict
            refers |= verdict.refers
            if verdict.serializer == "pickle":
                continue  # by name: what is in it is not pickled
            serializer = "cloudpickle"
        for held in holds(obj):
            # an instance has a dictionary, which only matters where something else holds it as well
            stack.extend(holds(held) if held in obj.views and held.path == ATTRIBUTES else [held])
    return Pickled(serializer, frozenset(refers))


_DOES_SOMETHING = "an object with which something is done when it goes"
_OF_FUNCTIONS = frozenset({"matplotlib.ticker.FuncFormatter", "numpy.vectorize"})


def _holds_named_functions(obj: Obj) -> bool:
    """Whether an object that needs cloudpickle for what it may hold holds functions only, which say so themselves."""
    held = list(holds(obj))
    return obj.type in _OF_FUNCTIONS and bool(held) and all(part.type in (FUNCTION, LIB) for part in held)


def function_by_value(program: Program, value: Value, exported: frozenset[str]) -> Pickled | None:
    """Return what it takes to pickle functions and modules by value, with defaults and attributes as they are.

    None if that would lose something: a class is not itself any more, a function's globals are not the notebook's.
    """
    refers: set[str] = set()
    seen: set[Obj] = set()
    stack = list(value)
    while stack:
        obj = stack.pop()
        if obj.type == LIB and not obj.path.startswith("sys."):
            continue
        if obj.type != FUNCTION or obj.code.globals or obj.code.decorators:
            return None
        if obj.code.has_class:
            return None  # cloudpickle does not see what the body of a class in a function reads
        if any(part.type == "builtins.cell" and _obstacle(None, part) for part in holds(obj)):
            return None
        free = _outside_names(program, obj) - {obj.path}
        if obj.path in _outside_names(program, obj) or not all(program.is_import(n) or n in exported for n in free):
            return None
        refers |= free
        seen.add(obj)
        stack += _code_inside(obj) - seen
    return Pickled("cloudpickle", frozenset(refers))


def _code_inside(function: Obj) -> set[Obj]:
    """Return the functions, classes and instances of the notebook that a function holds (defaults, a closure's)."""
    found: set[Obj] = set()
    seen = {function}
    stack = [function]
    while stack:
        for part in holds(stack.pop()):
            if part in seen:
                continue
            seen.add(part)
            if part.type in (FUNCTION, CLASS, INSTANCE):
                found.add(part)
            elif not part.immutable:
                stack.append(part)
    return found


def _obstacle(knowledge: Knowledge | None, obj: Obj) -> str | None:
    if obj.type in _NATIVE:
        return _NATIVE[obj.type]
    if obj.path == ATTRIBUTES:
        return "the dictionary of an object"
    if obj.type == "builtins.module":
        return None
    if obj.type == "builtins.cell":
        shared = obj.changed and len(obj.code.ever.get("@made", ())) > 1
        return "functions that share a variable" if shared else None
    if "." not in obj.type or obj.type in (FUNCTION, CLASS, INSTANCE, METHOD, LIB):
        return None
    facts = knowledge.type(obj.type) if knowledge is not None else None
    if facts is not None and not facts.picklable:
        return facts.reason or f"a {obj.type}"
    return None


# functions that belong to a generator: pickle would give them a copy of it, which goes its own way
_DRAWING = {
    "@python_random": re.compile(r"random\.[a-z]\w*"),
    "@numpy_random": re.compile(r"numpy\.random\.[a-z]\w*|scipy\.stats\.[a-z]\w*"),
}


def _drawing(program: Program, obj: Obj) -> str | None:
    for state, functions in _DRAWING.items():
        if state not in program.binders:
            continue
        if obj.type == LIB and functions.fullmatch(obj.path):
            return f"{obj.path}, which draws from a seeded generator"
        if obj.type == "scipy.stats.rv_frozen" and state == "@numpy_random":
            return "a distribution that draws from a seeded generator"
    return None


def _numbered(obj: Obj, key: str) -> Iterator[tuple[int, str]]:
    for said in obj.fields.get(key, ()):
        number, _, name = str(said.const).partition(" ")
        yield int(number), name


def _is_as_named(program: Program, name: str, number: int, unit: int) -> bool:
    """Whether ``name`` denotes, when ``unit`` starts, what it did in statement ``number``; code may be other code."""
    binding = program.before(name, unit)
    if binding is None or all(obj.type in (LIB, FUNCTION, CLASS) for obj in binding.value):
        return True
    start = program.units[unit].start if unit < len(program.units) else len(program.statements)
    parts = program.facts.heap.reach(binding.value)
    return max(binding.defs, default=0) <= number and not changed_between(parts, number, start)


def _order(obj: Obj, start: int) -> str | None:
    if obj.ordered and any(number >= start for number in obj.ordered):
        return "a set whose order matters later, and files do not keep the order of a set"
    return None


# base -> the methods that run when pickle makes an instance again from what is in it
_REMAKING = {
    "builtins.dict": {"__setitem__"},
    "builtins.list": {"append", "extend"},
    "builtins.set": {"__init__", "__new__"},
    "builtins.frozenset": {"__new__"},
    "collections.OrderedDict": {"__init__", "__setitem__"},
    "collections.defaultdict": {"__init__", "__setitem__"},
    "collections.Counter": {"__init__", "__setitem__", "update"},
    "collections.deque": {"__init__", "append", "extend"},
}
# bases whose own way of being pickled forgets what a subclass adds
_LEAVE_OUT = (
    *("numpy.ndarray", "pandas.", "collections.Counter", "collections.defaultdict", "decimal.Decimal", "datetime."),
    *("fractions.Fraction", "pathlib."),
)
_EXCEPTION = re.compile(r"(Error|Exception|Warning|Interrupt|Exit|StopIteration)$")
_OWN_WAYS = {
    *("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__"),
}


def _remade_otherwise(obj: Obj) -> str | None:
    """Say why pickle may not make an instance again as it is: methods of its class would run on the way."""
    classes = ancestors(obj.fields["*class"])
    own = {name for cls in classes if cls.type == CLASS for name in cls.fields}
    if own & _OWN_WAYS:
        return "an object whose class decides what is saved of it"
    if "__del__" in own:
        return _DOES_SOMETHING
    if "__new__" in own and not obj.immutable:
        return "an object of a class with its own __new__"
    if {"__setattr__", "__slots__"} <= own:
        return "an object whose class decides how attributes are set"
    if not own.isdisjoint(("__getattr__", "__getattribute__")):
        return "an object whose class answers for any attribute, also before it has been loaded"
    for base in classes:
        if base.type != LIB:
            continue
        if base.path.startswith(_LEAVE_OUT) and any(name.isidentifier() and name not in own for name in obj.fields):
            return f"a {base.path.rpartition('.')[2]} with attributes, which pickle leaves out"
        run = {"__init__", "__new__"} if _EXCEPTION.search(base.path) else _REMAKING.get(base.path, set())
        if own & run:
            return f"an object of a class that gives {base.path.rpartition('.')[2]} another {min(own & run)}"
    return None


def _found_by_hash(program: Program, obj: Obj, exported: frozenset[str]) -> str | None:
    """Say why a set or a mapping cannot be loaded: ``__hash__`` and ``__eq__`` of what it finds by hash run then."""
    keys = obj.fields.get("*" if obj.type in SETS else "*keys", ())
    for key in keys if obj.type in SETS or "*keys" in obj.fields else ():
        if key.type != INSTANCE or key.immutable:
            continue
        own = [m for cls in ancestors(key.fields["*class"]) for n in _HASHING for m in cls.fields.get(n, ())]
        for member in own:
            if member.type != FUNCTION:
                continue
            names = sorted(n for n in _outside_names(program, member) if not program.is_import(n) and n not in exported)
            if names:
                return f"objects that are found by hash, which reads {', '.join(names)}"
            if obj in program.facts.heap.reach(frozenset({key})):
                return "objects that are found by hash and hold each other"
    return None


_HASHING = ("__hash__", "__eq__")


def _definition(program: Program, obj: Obj, unit: int, exported: frozenset[str]) -> Pickled:
    """A function or class in a value: pickled by name if it has one, with its code by cloudpickle if it has none."""
    name = obj.path
    binding = program.before(name, unit)
    if binding is not None and binding.value == {obj} and len(binding.defs) == 1:
        return Pickled(refers=frozenset({name}))
    if obj.type == FUNCTION and obj.code.owner is not None and not obj.code.is_lambda:
        return Pickled()  # a method: pickled with its class
    if obj.type == CLASS and not name:
        return Pickled()
    if obj.type == FUNCTION and (obj.code.is_lambda or obj.code.is_nested):
        free = _outside_names(program, obj)
        if all(program.is_import(n) or n in exported for n in free):
            return Pickled("cloudpickle", frozenset(free))
        names = ", ".join(sorted(n for n in free if not program.is_import(n) and n not in exported))
        what = "a lambda" if obj.code.is_lambda else f"the nested function {name}"
        return Pickled(obstacle=f"{what} that reads {names}")
    if obj.type == CLASS and obj.is_local:
        return Pickled("cloudpickle")
    return Pickled(obstacle=f"an object of an earlier definition of {name}")


def _outside_names(program: Program, obj: Obj) -> set[str]:
    names = set(obj.code.free)
    scope = obj.scope
    while scope is not None and scope.kind != "module":
        if scope.code is not None:
            names -= scope.code.locals
        scope = scope.parent
    names -= {key[5:] for key in obj.fields if key.startswith("free:")}
    return {name for name in names if name in program.binders}
