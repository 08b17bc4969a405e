"""Objects that using changes (iterators, open files, random generators), and going through what there is in objects."""

from __future__ import annotations

from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.special_methods import implicit
from soorgeon_clone.analysis.objects.types import ITERATORS, UNKNOWN

_ANYTHING = (UNKNOWN, "builtins.object")


def iterate(machine: Machine, value: Value) -> None:
    """Note what iterating over ``value`` does: iterators advance; the notebook's own ``__iter__`` runs."""
    machine.heap.note_order(value)
    advance_all(machine, value)
    ask_for_iterators(machine, value)
    take_from_unknown(machine, value)


def ask_for_iterators(machine: Machine, value: Value) -> None:
    """Do what ``iter`` does with objects of libraries: a sampler draws numbers, a loader calls what it loads from."""
    for obj in value:
        facts = machine.knowledge.type(obj.type) if "." in obj.type and not obj.immutable else None
        if facts is None:
            continue
        if facts.element == "element:self":  # a progress bar passes on what it holds
            held = contents(frozenset({obj}))
            ask_for_iterators(machine, frozenset(other for other in held if other.type != obj.type))
        elif machine.knowledge.names_method(obj.type, "__iter__"):
            effect = machine.knowledge.method(obj.type, "__iter__", {}, obj.made_with)
            if effect is not None and (effect.draws or effect.calls):
                node = machine.heap.reason.node
                assert node is not None
                machine.call_method(frozenset({obj}), "__iter__", NO_ARGUMENTS, node)


def take_from_unknown(machine: Machine, value: Value) -> None:
    """What nobody has described may be an iterator, which files can hold: who takes all of it leaves nothing."""
    unknown = [obj for obj in value if obj.type in _ANYTHING and obj.made < machine.heap.now]
    if unknown:
        reason = machine.blame(machine.heap.reason.node, "iterating over what nobody has described", feared=True)
        for obj in unknown:
            if obj in machine.strangers and not machine.believes("changes"):
                machine.assume_unchanged((obj,))
            else:
                machine.change_one(obj)
        machine.heap.reason = reason


def advance_all(machine: Machine, value: Value) -> None:
    implicit(machine, value)
    for obj in value:
        if is_advancing(machine, obj):
            advance(machine, obj)


def advance(machine: Machine, obj: Obj) -> None:
    """Note that an object that using changes was used."""
    machine.change_one(obj)
    machine.resume(obj)


def is_advancing(machine: Machine, obj: Obj) -> bool:
    """Tell whether using the object changes it: iterators, open files, random generators."""
    return not obj.immutable and advances(machine, obj.type)


def advances(machine: Machine, type_: str) -> bool:
    """Tell whether using an object of this type changes it."""
    if "." not in type_:
        return False
    if type_ in ITERATORS:
        return True
    facts = machine.knowledge.type(type_)
    return facts is not None and facts.advancing
