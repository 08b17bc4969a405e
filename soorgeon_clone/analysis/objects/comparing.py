"""Which object it is: who compares may tell whether two names are one object, and a copy out of a file from it."""

from __future__ import annotations

from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import EQUAL, KEYS
from soorgeon_clone.analysis.objects.lineage import lineage, member
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents, with_elements
from soorgeon_clone.analysis.objects.types import CLASS, CONTAINERS, FUNCTION, INSTANCE, LIB, METHOD, UNKNOWN

BY_IDENTITY = (INSTANCE, "builtins.object")
_FOUND_BY_PARTS = ("builtins.tuple", "builtins.frozenset")
EQUAL_ONLY_THEMSELVES = "equal_only_themselves"  # of types of libraries
# methods that look for what equals, or has the hash of, what they are given
LOOKING = frozenset("index count remove discard add get pop setdefault __contains__ __getitem__ union".split())


def note_identity(machine: Machine, value: Value) -> None:
    """Note that objects of which each equals only itself are compared, also those that containers hold."""
    if not machine.compares_identity():
        return
    if machine.effort.is_exhausted:
        types = [t for t in machine.heap.types if t in BY_IDENTITY or machine.knowledge.has(t, EQUAL_ONLY_THEMSELVES)]
        for obj in (one for type_ in types for one in machine.heap.of_type(type_)):
            obj.compared_by.add(machine.heap.now)
        return
    seen = set(value)
    stack = [obj for obj in value if not obj.immutable]
    while stack:
        obj = stack.pop()
        is_unique = _equals_only_itself(machine, obj)
        if is_unique:
            machine.heap.note_identity(obj)
        is_known = is_unique and not machine.has(obj, "artists")  # which stand for their parts
        if not is_known and (obj.type == METHOD or ("." in obj.type and not obj.immutable)):
            for part in obj.fields.values():
                machine.effort.held += len(part)
                more = part - seen
                seen |= more
                stack += more


def note_same(machine: Machine, sign: str, left: Value, right: Value) -> None:
    """Note that ``left is right`` is asked: of objects that can change, or of values of which files give copies."""
    for obj in left | right:
        if not obj.immutable:
            machine.heap.note_identity(obj)
        elif machine.has(obj, "not_unique"):
            machine.note("tells_copies", f"`{sign} {obj.path}` asks whether two values are the same object")
    if not any(all(obj.immutable for obj in side) for side in (left, right)):
        of_libraries = frozenset(o for o in left | right if not o.immutable and _stands_for_parts(o))
        for obj in machine.heap.reach(of_libraries):
            if _equals_only_itself(machine, obj):
                machine.heap.note_identity(obj)
    if any(_may_be_one(machine, one, other) for one in left for other in right):
        machine.note("tells_copies", f"`{sign}` asks whether two numbers or texts are the same object")


def note_asked_for(machine: Machine, what: str, value: Value) -> None:
    """Note that it is asked which objects these are."""
    if any(is_copied(machine, obj) for obj in value):
        machine.note("tells_copies", f"{what} tells which object a number or text is")


def is_copied(machine: Machine, obj: Obj) -> bool:
    """Whether files give copies of a value that nothing can change; of None, True, small numbers, a letter there is
    one each, and functions, classes and modules are found by name."""
    if not obj.immutable:
        return False
    if obj.type == LIB:
        return _is_value(machine, obj.path)
    if isinstance(obj.const, bool) or not _is_loaded_anew(obj):
        return False
    if isinstance(obj.const, int):
        return not _FIRST_SMALL <= obj.const <= _LAST_SMALL
    return not (isinstance(obj.const, str) and len(obj.const) < 2)


def _is_value(machine: Machine, path: str) -> bool:
    """Whether something in a module may be a number or text. Constants are written in capitals."""
    owner, _, name = path.rpartition(".")
    if not owner or owner == "builtins" or name.isupper():
        return bool(owner) and name.isupper()
    effect = machine.knowledge.module_attribute(path)
    if effect is not None:
        return any((facts := machine.knowledge.type(type_)) is not None and facts.immutable for type_ in effect.returns)
    return not machine.knowledge.describes(path.partition(".")[0]) and not name[:1].isupper()


def _stands_for_parts(obj: Obj) -> bool:
    """Whether an object may stand for parts of it that a library gives: the steps of a pipeline, lines of axes."""
    return obj.type == "builtins.object" or ("." in obj.type and not obj.type.startswith("builtins."))


def _may_be_one(machine: Machine, one: Obj, other: Obj) -> bool:
    if not (is_copied(machine, one) or is_copied(machine, other)):
        return False
    if not (one.immutable and other.immutable):
        return UNKNOWN in (one.type, other.type)
    types = {one.type, other.type}
    return len(types) == 1 or (not types.isdisjoint((_SCALAR, LIB)) and "builtins.NoneType" not in types)


def _is_loaded_anew(obj: Obj) -> bool:
    """Whether an object that nothing can change is of a type of which there are many equal ones, also of libraries."""
    return obj.type in _COPIED or ("." in obj.type and not obj.type.startswith("builtins."))


_SCALAR = "builtins.scalar"
_COPIED = frozenset((_SCALAR, *(f"builtins.{name}" for name in ("str", "bytes", "int", "float", "complex", "tuple"))))
_FIRST_SMALL, _LAST_SMALL = -5, 256  # integers that CPython makes only once


def look_for_number(machine: Machine, value: Value, sought: Value) -> None:
    """A number that equals only itself is looked for (``np.nan in xs``): files keep copies, which are others."""
    held = contents(value).union(*(obj.fields.get(KEYS, EMPTY) for obj in value))
    for obj in sought & held:
        if obj.immutable and obj.type != LIB and "nan" in obj.path.lower():
            machine.note("tells_copies", f"{obj.path} itself is looked for")


def look_up(machine: Machine, value: Value, key: Value) -> None:
    """Note that an object is looked for among the keys of a dictionary."""
    look_for_number(machine, value, key)
    sought = key | with_elements(frozenset(obj for obj in key if obj.type in _FOUND_BY_PARTS))
    if any((obj.type in BY_IDENTITY and not obj.immutable) or _equals_only_itself(machine, obj) for obj in sought):
        keys = (obj.fields.get(KEYS, EMPTY) for obj in value if obj.type in CONTAINERS)
        note_identity(machine, key.union(*keys))


def may_look_for(machine: Machine, path: str, receiver: Value, value: Value) -> bool:
    """Whether a call may look for something that equals what it is given: ``list.index``, ``graph.degree(node)``."""
    if not machine.compares_identity():
        return False
    if path == "builtins.iter":  # up to a sentinel
        return True
    if any(obj.type in CONTAINERS for obj in receiver):
        return path.rpartition(".")[2] in LOOKING
    return bool(receiver and value) and any(_equals_only_itself(machine, obj) for obj in value | contents(value))


def _equals_only_itself(machine: Machine, obj: Obj) -> bool:
    if obj.type == INSTANCE:
        return not _has_own_equality(obj)
    if _is_nameless(obj):
        return True
    if obj.type == "builtins.object":
        return obj.made_with == {}  # object()
    return "." in obj.type and not obj.immutable and machine.has(obj, EQUAL_ONLY_THEMSELVES)


def _is_nameless(obj: Obj) -> bool:
    """Whether this is a function that comes in a file with its code, as another one than its name denotes."""
    return obj.type == FUNCTION and (obj.code.is_lambda or obj.code.is_nested)


def _has_own_equality(obj: Obj) -> bool:
    """Whether the class of an instance says when two are equal, as that of a dataclass or a library's may."""
    classes = obj.classes
    has_base = any(base.type != CLASS for cls in lineage(classes) for base in cls.bases)
    return has_base or any(EQUAL in cls.fields for cls in classes) or bool(member(classes, "__eq__"))
