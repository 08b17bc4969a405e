"""Objects that using changes (iterators, open files, random generators), and going through what there is in objects."""

from __future__ import annotations

from soorgeon_clone.analysis.objects.heap import UNKNOWN, Obj, Value
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import ITERATORS
from soorgeon_clone.analysis.objects.special_methods import implicit

_ANYTHING = (UNKNOWN, "builtins.object")


def iterate(w: Machine, value: Value) -> None:
    """Note what iterating over ``value`` does: iterators advance; the notebook's own ``__iter__`` runs."""
    w.heap.note_order(value)
    advance_all(w, value)
    take_from_unknown(w, value)


def take_from_unknown(w: Machine, value: Value) -> None:
    """What nobody has described may be an iterator, which files can hold: who takes all of it leaves nothing."""
    unknown = [obj for obj in value if obj.type in _ANYTHING and obj.made < w.heap.now]
    if unknown:
        reason = w.blame(w.heap.reason.node, "iterating over what nobody has described", feared=True)
        for obj in unknown:
            if obj in w.strangers and not w.believes("changes"):
                w.assume_unchanged((obj,))
            else:
                w.change_one(obj)
        w.heap.reason = reason


def advance_all(w: Machine, value: Value) -> None:
    implicit(w, value)
    for obj in value:
        if is_advancing(w, obj):
            advance(w, obj)


def advance(w: Machine, obj: Obj) -> None:
    """Note that an object that using changes was used."""
    w.change_one(obj)
    w.resume(obj)


def is_advancing(w: Machine, obj: Obj) -> bool:
    """Tell whether using the object changes it: iterators, open files, random generators."""
    return not obj.immutable and advances(w, obj.type)


def advances(w: Machine, type_: str) -> bool:
    """Tell whether using an object of this type changes it."""
    if "." not in type_:
        return False
    if type_ in ITERATORS:
        return True
    facts = w.facts_of(type_)
    return facts is not None and facts.advancing
