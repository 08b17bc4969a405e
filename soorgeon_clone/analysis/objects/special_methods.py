"""Special methods of the notebook's classes (``__add__``), which operations run, also on what holds instances.

Those by which Jupyter shows an object (``_repr_html_``, ``_ipython_display_``) are among them.
"""

from __future__ import annotations

import re

from soorgeon_clone.analysis.objects.arguments import any_arguments
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.lineage import lineage
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import metaclasses
from soorgeon_clone.analysis.objects.types import CLASS, CONTAINERS, FUNCTION, INSTANCE, UNKNOWN

_WITH_METHODS = frozenset({INSTANCE, CLASS})  # of a class, those of its metaclass
_QUIET = frozenset(
    {"__init__", "__new__", "__post_init__", "__del__", "__init_subclass__", "__class_getitem__", "__call__"}
)
# methods that nothing calls for what a container holds: subscripts, attributes, iteration, `with`, operators in place
_OF_ITSELF = re.compile(
    r"__(get|set|del|i(?!nt|ndex|nvert)|enter|exit|next|missing|contains|delete|aenter|aexit|anext|await)[a-z]*__$"
)
_SPECIAL = re.compile(r"__.*__$|_(repr_[a-z0-9]+|ipython_display)_$")
_ARITHMETIC = {
    **{"+": "add", "-": "sub", "*": "mul", "@": "matmul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow"},
    **{"<<": "lshift", ">>": "rshift", "&": "and", "|": "or", "^": "xor"},
}
_COMPARING = frozenset(f"__{name}__" for name in ("eq", "ne", "lt", "le", "gt", "ge"))  # one may be made of others
_COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})
_NUMBERS = frozenset(f"builtins.{name}" for name in ("int", "float", "complex", "bool", "NoneType"))
_SEEN_THROUGH = {*CONTAINERS, INSTANCE, "collections.Counter", "types.SimpleNamespace"}


def look_into_unknown(machine: Machine, value: Value) -> None:
    """What nobody has described may change when it is looked at (a property, an operator): nobody expects that."""
    if machine.policy is None or not machine.strangers:
        return
    unknown = [obj for obj in value if obj in machine.strangers and obj.made < machine.heap.now]
    if unknown:
        reason = machine.blame(machine.heap.reason.node, "looking at what nobody has described", feared=True)
        if machine.believes("changes"):
            machine.change(unknown)
        else:
            machine.assume_unchanged(unknown)
        machine.heap.reason = reason


def implicit(machine: Machine, value: Value) -> Value:
    """Run what an operation may call in the notebook's classes (``__add__``, ``__repr__``); return what it gives."""
    look_into_unknown(machine, value)
    if machine.heap.types.isdisjoint(_WITH_METHODS):
        return EMPTY
    result: set[Obj] = set()
    for obj in value:
        if obj.type == INSTANCE or (obj.type == CLASS and metaclasses(obj)):
            result.update(_run(machine, obj))
    return frozenset(result)


def operate(machine: Machine, left: Value, sign: str, right: Value, *, in_place: bool) -> Value | None:
    """Run what ``left <sign> right`` may call in the notebook's classes; return what it gives if nothing else is given.

    None where one is no instance, or no number: what a library has may ask for other methods than those of the
    operator (numpy looks whether something is a sequence).
    """
    if (
        INSTANCE not in machine.heap.types
        or not (left and right)
        or not all(map(asks_only_for_operators, left | right))
    ):
        return None
    if any(obj.type != INSTANCE for obj in left) and any(obj.type != INSTANCE for obj in right):
        return None
    result: set[Obj] = set()
    if sign in _ARITHMETIC:
        name = _ARITHMETIC[sign]
        ahead = frozenset({f"__{name}__", f"__i{name}__"} if in_place else {f"__{name}__"})
        back = frozenset({f"__r{name}__"})
    elif sign in _COMPARISONS:
        ahead = back = _COMPARING
        result.add(machine.heap.atom("builtins.bool"))
    else:
        return None
    for value, names, operand in ((left, ahead, right), (right, back, left)):
        for obj in value:
            if obj.type == INSTANCE:
                result.update(_run(machine, obj, names=names, operand=operand))
    return frozenset(result)


def asks_only_for_operators(obj: Obj) -> bool:
    """Whether an operator runs only methods of that operator for it: a number, or what has only the notebook's own."""
    if obj.type != INSTANCE:
        return obj.type in _NUMBERS
    return all(base.type == CLASS for cls in lineage(obj.classes) for base in cls.bases)


def implicit_inside(machine: Machine, value: Value) -> None:
    """Run what an operation on containers may call in the notebook's classes for what they hold, however deep.

    ``[a] == [b]`` compares a with b, ``print([a])`` asks for its text, ``set([a])`` for its hash.
    """
    if machine.heap.types.isdisjoint(_WITH_METHODS):
        return
    seen = set(value)
    stack = [obj for obj in value if obj.type in _SEEN_THROUGH]
    while stack:
        for held in stack.pop().fields.values():
            more = [obj for obj in held if (obj.type in _SEEN_THROUGH or obj.type == CLASS) and obj not in seen]
            seen.update(more)
            stack += [obj for obj in more if obj.type != CLASS]
    for obj in seen - value:
        if obj.type == INSTANCE or (obj.type == CLASS and metaclasses(obj)):
            _run(machine, obj, held=True)


def _run(
    machine: Machine, obj: Obj, *, held: bool = False, names: frozenset[str] | None = None, operand: Value = EMPTY
) -> Value:
    """Run the special methods (``__eq__``, ``__len__``, ...) that an operation on an instance may call.

    ``held``: the operation is one on a container that holds the instance. ``names``: those that it may call, with
    ``operand``; without them any may be called, with anything.
    """
    if held and not machine.first_time("held in", obj):
        return EMPTY
    if machine.effort.is_exhausted:
        return machine.exhausted(frozenset({obj}))
    result: set[Obj] = set()
    for cls in lineage(obj.classes if obj.type == INSTANCE else metaclasses(obj)):
        for name, members in list(cls.fields.items()):
            if not _SPECIAL.match(name) or name in _QUIET:
                continue
            if (held and _OF_ITSELF.match(name)) or (names is not None and name not in names):
                continue
            for member in members:
                if member.type != FUNCTION:
                    continue
                if (obj, member) in machine.running:
                    if names is not None:
                        result.add(_anything(machine, obj))
                    continue
                machine.running.add((obj, member))
                given = operand or frozenset({_anything(machine, obj)})
                passed = any_arguments(member, given, frozenset({obj}))
                value = machine.call_function(member, passed, member.code.place)
                machine.running.discard((obj, member))
                result.update(value - given if not operand else value)
    return frozenset(result)


def _anything(machine: Machine, obj: Obj) -> Obj:
    """Return an operand of which nothing is known: it may hold the instance itself."""
    made = machine.heap.make(("operand", obj), UNKNOWN, inside=frozenset({obj}))
    return made
