"""Special methods of the notebook's classes (``__add__``), which operations run, also on what holds instances."""

from __future__ import annotations

import re

from soorgeon_clone.analysis.objects.arguments import any_arguments
from soorgeon_clone.analysis.objects.heap import ANY, EMPTY, FUNCTION, INSTANCE, UNKNOWN, Obj, Value
from soorgeon_clone.analysis.objects.lineage import lineage
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import CONTAINERS

_QUIET = frozenset(
    {"__init__", "__new__", "__post_init__", "__del__", "__init_subclass__", "__class_getitem__", "__call__"}
)
# methods that nothing calls for what a container holds: subscripts, attributes, iteration, `with`, operators in place
_OF_ITSELF = re.compile(
    r"__(get|set|del|i(?!nt|ndex|nvert)|enter|exit|next|missing|contains|delete|aenter|aexit|anext|await)[a-z]*__$"
)
_SEEN_THROUGH = {*CONTAINERS, INSTANCE, "collections.Counter", "types.SimpleNamespace"}


def look_into_unknown(w: Machine, value: Value) -> None:
    """What nobody has described may change when it is looked at (a property, an operator): nobody expects that."""
    if w.policy is None or not w.strangers:
        return
    unknown = [obj for obj in value if obj in w.strangers and obj.made < w.heap.now]
    if unknown:
        reason = w.blame(w.heap.reason.node, "looking at what nobody has described", feared=True)
        if w.believes("changes"):
            w.change(unknown)
        else:
            w.assume_unchanged(unknown)
        w.heap.reason = reason


def implicit(w: Machine, value: Value) -> Value:
    """Run what an operation may call in the notebook's classes (``__add__``, ``__repr__``); return what it gives."""
    look_into_unknown(w, value)
    if INSTANCE not in w.heap.types:
        return EMPTY
    result: set[Obj] = set()
    for obj in value:
        if obj.type == INSTANCE:
            result.update(_run(w, obj))
    return frozenset(result)


def implicit_inside(w: Machine, value: Value) -> None:
    """Run what an operation on containers may call in the notebook's classes for what they hold, however deep.

    ``[a] == [b]`` compares a with b, ``print([a])`` asks for its text, ``set([a])`` for its hash.
    """
    if INSTANCE not in w.heap.types:
        return
    seen = set(value)
    stack = [obj for obj in value if obj.type in _SEEN_THROUGH]
    while stack:
        for held in stack.pop().fields.values():
            more = [obj for obj in held if obj.type in _SEEN_THROUGH and obj not in seen]
            seen.update(more)
            stack += more
    for obj in seen - value:
        if obj.type == INSTANCE:
            _run(w, obj, held=True)


def _run(w: Machine, obj: Obj, *, held: bool = False) -> Value:
    """Run the special methods (``__eq__``, ``__len__``, ...) that an operation on an instance may call.

    ``held``: the operation is one on a container that holds the instance.
    """
    if held and not w.first_time("held in", obj):
        return EMPTY
    if w.effort.is_exhausted:
        return w.exhausted(frozenset({obj}))
    result: set[Obj] = set()
    for cls in lineage(obj.classes):
        for name, members in list(cls.fields.items()):
            if not (name.startswith("__") and name.endswith("__")) or name in _QUIET:
                continue
            if held and _OF_ITSELF.match(name):
                continue
            for member in members:
                if member.type != FUNCTION or (obj, member) in w.running:
                    continue
                w.running.add((obj, member))
                anything = w.heap.make(("operand", obj), UNKNOWN)
                w.heap.hold(anything, ANY, frozenset({obj}))
                passed = any_arguments(member, frozenset({anything}), frozenset({obj}))
                value = w.call_function(member, passed, member.code.place)
                w.running.discard((obj, member))
                result.update(o for o in value if o is not anything)
    return frozenset(result)
