"""Objects that pickle cannot take, or would make again otherwise: why, in words, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Container

from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.lower.instructions import Attribute
from soorgeon_clone.analysis.lower.parts import inside
from soorgeon_clone.analysis.model import AMBIENT
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, EQUAL, FUNC, KEYS, SELF
from soorgeon_clone.analysis.objects.lineage import member
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, LIB, METHOD, SETS
from soorgeon_clone.refactor.carriers.borders import Borders, ancestors
from soorgeon_clone.refactor.carriers.by_value import is_shared, outside_names

_NATIVE = {
    "builtins.generator": "a generator",
    "builtins.iterator": "an iterator",
    "builtins.coroutine": "a coroutine",
    "super": "a super() object",
    "builtins._id": "the number of an object (`id`), which is another one in each process",
}
_VIEWS = {"builtins.dict_items": KEYS, "builtins.dict_keys": ANY, "builtins.dict_values": KEYS}  # where they hold it
_STREAMS = frozenset(f"sys.{end}" for name in ("stdin", "stdout", "stderr") for end in (name, f"__{name}__"))
_FINALIZED = "an object with a finalizer"


def obstacle(borders: Borders, knowledge: Knowledge, obj: Obj, start: int, exported: Container[str]) -> str | None:
    """Say why a file cannot take ``obj`` (what it holds aside) before statement ``start`` runs, None if it can."""
    return (
        _no_file_takes(knowledge, obj)
        or (_remade_otherwise(knowledge, obj) if obj.type == INSTANCE else None)
        or _following(obj, start)
        or order(obj, start)
        or (_bound_by_hand(obj) if obj.type == METHOD else None)
        or _drawing(borders, knowledge, obj)
        or _found_by_hash(borders, obj, start, exported)
        or (_FINALIZED if obj.finalized else None)
        or _traced(borders, obj)
    )


# words in an obstacle -> what to do about it
_REMEDIES = (
    (re.compile(r"generator$|iterator$"), "make a list of it, or count with a number if it does not end"),
    (re.compile(r"view of a dictionary"), "make a list of it"),
    (re.compile(r"a stream of the process"), "let it ask for `sys.stdout` when it writes"),
    (re.compile(r"draws from a seeded generator"), "draw from a generator that is a variable of its own"),
    (re.compile(r"order matters"), "sort it where the order matters"),
    (re.compile(r"\ba lambda that|the nested function"), "define a function by `def`, outside of others"),
    (re.compile(r"compared with itself"), "define it by `def`, outside of others"),
    (re.compile(r"another class each time"), "define the class by `class`, outside of functions"),
    (re.compile(r"earlier definition"), "make the object again after the second definition"),
    (re.compile(r"which pickle leaves out"), "keep that in a variable of its own"),
)


def remedy(obstacle: str, name: str) -> str:
    """Return what a person can do so that ``name`` need not be saved with what is in its way."""
    return next((text for words, text in _REMEDIES if words.search(obstacle)), f"make `{name}` where it is used")


_TRACES = re.compile(r"__traceback__|__context__|__cause__|\btraceback\b|\bexc_info\b|\braise\s+\w+\s*$", re.MULTILINE)


# before Python 3.12 an AttributeError, and in all a NameError, is pickled without these
_NAMELESS, _NAMES = re.compile(r"\b(AttributeError|NameError|Exception)\b"), re.compile(r"\.(name|obj)\b")


def _traced(borders: Borders, obj: Obj) -> str | None:
    """Say that an exception loses where it was raised, and from what, if the notebook may ask for that."""
    if obj.type != "builtins.Exception":
        return None
    sources = [cell.source for cell in borders.cells.values()]
    if any(map(_TRACES.search, sources)):
        return "an exception, whose traceback pickle leaves out"
    if any(map(_NAMELESS.search, sources)) and any(map(_NAMES.search, sources)):
        return "an exception, whose attribute `name` pickle leaves out"
    return None


def _no_file_takes(knowledge: Knowledge, obj: Obj) -> str | None:
    if obj.type in _NATIVE:
        return _NATIVE[obj.type]
    if obj.is_attributes:
        return "the dictionary of an object"
    if obj.type == "builtins.module":
        return None
    if obj.type == LIB and obj.path in _STREAMS:
        return "a stream of the process"
    if obj.type == "builtins.cell":
        return "functions that share a variable" if is_shared(obj) else None
    if "." not in obj.type or obj.type in (FUNCTION, CLASS, INSTANCE, METHOD, LIB):
        return None
    facts = knowledge.type(obj.type)
    if facts is not None and not facts.picklable:
        return facts.reason or f"a {obj.type}"
    return None


def _bound_by_hand(method: Obj) -> str | None:
    """Say that pickle looks for a method in its object by the name of its function, where there is none, or another."""
    for function in method.fields.get(FUNC, ()):
        name = function.name
        if name.startswith("__") and not name.endswith("__"):
            return f"the method {name}, of which only its class knows the name"
        if any("wraps" in decorator for decorator in function.code.decorators):
            continue  # it has the name of another
        for own in method.fields.get(SELF, ()):
            classes = own.classes if own.type == INSTANCE else (own,)
            if function not in member(classes, name):
                return f"the function {name}, bound to an object that has no such method"
    return None


def _drawing(borders: Borders, knowledge: Knowledge, obj: Obj) -> str | None:
    """Functions that belong to a generator: pickle would give them a copy of it, which goes its own way."""
    for state in ("python_random", "numpy_random") if obj.type == LIB else ():
        if f"{AMBIENT}{state}" in borders.binders and knowledge.has(obj.path, f"of_{state}"):
            return f"{obj.path}, which draws from a seeded generator"
    bases = [base.path for base in ancestors(obj.classes) if base.type == LIB] if obj.type == INSTANCE else [obj.type]
    for path in bases:
        facts = knowledge.type(path) if "." in path else None
        if facts is not None and facts.bound_to is not None and f"{AMBIENT}{facts.bound_to}" in borders.binders:
            return "a distribution that draws from a seeded generator"
    return None


def order(obj: Obj, start: int) -> str | None:
    """Say that a set cannot be saved before statement ``start``, since its order matters later; None if it can."""
    if obj.order_seen_by and any(number >= start for number in obj.order_seen_by):
        return "a set whose order matters later, and files do not keep the order of a set"
    return None


def _following(obj: Obj, start: int) -> str | None:
    """Say that a view of a dictionary shows what it gets from statement ``start`` on: a file has it as it is before."""
    shown = obj.fields.get(_VIEWS[obj.type], ()) if obj.type in _VIEWS else ()
    if any(number >= start for dictionary in shown for number in dictionary.changed):
        return "a view of a dictionary, which changes later"
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
_EXCEPTION = re.compile(r"(Error|Exception|Warning|Interrupt|Exit|StopIteration)$")
_OWN_WAYS = {
    *("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__"),
}


def _remade_otherwise(knowledge: Knowledge, obj: Obj) -> str | None:
    """Say why pickle may not make an instance again as it is: methods of its class would run on the way."""
    classes = ancestors(obj.classes)
    own = {name for cls in classes if cls.type == CLASS for name in cls.fields}
    if own & _OWN_WAYS:
        return "an object whose class decides what is saved of it"
    if "__del__" in own:
        return _FINALIZED
    if "__new__" in own and not obj.immutable:
        return "an object of a class with its own __new__"
    if {"__setattr__", "__slots__"} <= own:
        return "an object whose class decides how attributes are set"
    if not own.isdisjoint(("__getattr__", "__getattribute__")):
        return "an object whose class answers for any attribute, also before it has been loaded"
    for base in classes:
        if base.type != LIB:
            continue
        facts = knowledge.type(base.path)
        if facts is not None and not facts.picklable:
            return facts.reason or f"a {base.path}"
        if knowledge.has(base.path, "forgets_subclasses"):
            return f"an object of a class derived from {base.path.rpartition('.')[2]}, which pickle forgets"
        added = any(name.isidentifier() and not _is_code(obj.fields[name]) for name in obj.fields)
        if added and knowledge.has(base.path, "own_pickling"):
            return f"a {base.path.rpartition('.')[2]} with attributes, which pickle leaves out"
        run = {"__init__", "__new__"} if _EXCEPTION.search(base.path) else _REMAKING.get(base.path, set())
        if own & run:
            return f"an object of a class that gives {base.path.rpartition('.')[2]} another {min(own & run)}"
    return None


def _is_code(value: Value) -> bool:
    """Whether an attribute is a method or the like, which its class has."""
    return all(part.type in (FUNCTION, METHOD, CLASS) for part in value)


def _found_by_hash(borders: Borders, obj: Obj, start: int, exported: Container[str]) -> str | None:
    """Say why a set or a mapping cannot be loaded: ``__hash__`` and ``__eq__`` of what it finds by hash run then."""
    keys = obj.fields.get(ANY if obj.type in SETS else KEYS, ())
    for key in keys if obj.type in SETS or KEYS in obj.fields else ():
        if key.type != INSTANCE or key.immutable:
            continue
        if any(EQUAL in cls.fields for cls in ancestors(key.classes)) and any(n < start for n in key.changed):
            return _HASHED_ANEW  # a dataclass whose fields are its hash
        own = [m for cls in ancestors(key.classes) for n in _HASHING for m in cls.fields.get(n, ())]
        for method in own:
            if method.type != FUNCTION:
                continue
            names = sorted(n for n in outside_names(borders, method) if not borders.is_import(n) and n not in exported)
            if names:
                return f"objects that are found by hash, which reads {', '.join(names)}"
            if obj in borders.facts.heap.reach(frozenset({key})):
                return "objects that are found by hash and hold each other"
            asked = _attributes_in(method) if method.name == "__hash__" else set()
            if any(_may_be_another(borders, key, name, start) for name in asked):
                return _HASHED_ANEW
    return None


def _attributes_in(function: Obj) -> set[str]:
    """Return the names of attributes that a function reads."""
    instructions = (part for item in function.code.body for part in inside(item))
    return {part.name for part in instructions if isinstance(part, Attribute)}


def _may_be_another(borders: Borders, obj: Obj, attribute: str, start: int) -> bool:
    """Whether an attribute may have got another value, or what it holds have changed, before statement ``start``."""
    held = obj.fields.get(attribute, ())
    if any(number < start for part in held for number in part.changed):
        return True
    if not held or not any(number < start for number in obj.changed):
        return False
    stores = re.compile(rf"\.{attribute}\s*([-+*/%@&|^]|//|\*\*|<<|>>)?=(?!=)|\bsetattr\b|__dict__|\bvars\b")
    return sum(len(stores.findall(cell.source)) for cell in borders.cells.values()) > 1  # one is its __init__'s


_HASHING = ("__hash__", "__eq__")
_HASHED_ANEW = "objects that are found by hash, which may be another one by now"
