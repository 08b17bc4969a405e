"""What an object answers when something is done with it: here, one of which nothing is known. Python's data model.

A kind of objects is a class in a file of its own in `kinds/`, which says for which types it answers, and what it
answers otherwise than the kind that it derives from. `machine` is who asks; answers are sets of objects.
"""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Decorate, Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.policy import DECORATOR, MEMORY, Assumed
from soorgeon_clone.analysis.objects.special_methods import look_into_unknown
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, NDARRAY, UNKNOWN
from soorgeon_clone.analysis.objects.using import iterate


class Kind:
    """Objects that nobody knows, and values that nothing changes.

    ``types``: those of its objects, ``prefix``: how all of them begin. ``depth``: what changes with an object:
    ``all`` that it holds, the ``parts`` that are none of the data that it was given, or ``none``.
    """

    types: frozenset[str] = frozenset()
    prefix: str = ""

    def depth(self, machine: Machine, obj: Obj) -> str:
        return "all"

    # -- parts -------------------------------------------------------------------------------------------------

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        """Return what ``obj.name`` gives."""
        if obj.immutable:
            return frozenset({machine.heap.atom("builtins.scalar")})
        look_into_unknown(machine, frozenset({obj}))
        found = frozenset({obj})
        for held in obj.fields.values():
            for part in held:
                if part.type in _WITH_MEMBERS:
                    found |= machine.attribute(frozenset({part}), name, node)
        return found | obj.fields.get(name, EMPTY) | (_view(machine, obj, node) if obj.type == UNKNOWN else EMPTY)

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        """Return what ``obj[index]`` gives."""
        if obj.immutable:
            is_text = obj.type in ("builtins.str", "builtins.bytes")
            return frozenset({machine.heap.atom(obj.type if is_text else "builtins.scalar")})
        found = frozenset({obj}) | contents(frozenset({obj}))
        return found | _view(machine, obj, node) if obj.type == UNKNOWN and index.kind not in _COPYING else found

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        """Return what iterating over ``obj`` gives."""
        if obj.immutable:
            return frozenset({machine.heap.atom("builtins.str" if obj.type == "builtins.str" else "builtins.scalar")})
        return (
            frozenset({obj})
            | contents(frozenset({obj}))
            | (_view(machine, obj, node) if obj.type == UNKNOWN else EMPTY)
        )

    def store_attribute(self, machine: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
        """Do ``obj.name = value``."""
        if not obj.immutable:
            self.change(machine, obj, "attribute")
            self.hold_attribute(machine, obj, name, value)

    def hold_attribute(self, machine: Machine, obj: Obj, name: str, value: Value) -> None:
        if obj.made_with is not None:  # what it was made with is often an attribute: model.random_state = 0
            machine.heap.made_with_others(obj, {**obj.made_with, name: None})
        machine.heap.hold(obj, name, value)

    def store_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        """Do ``obj[index] = value``."""
        if not obj.immutable:
            self.change(machine, obj, index.stored)
            self.hold_item(machine, obj, index, value, node)

    def hold_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        if any(o.type == "builtins.slice" for o in index.value):
            iterate(machine, value)
            machine.heap.hold(obj, ANY, machine.elements(value, node))
        else:
            machine.heap.hold_item(obj, index.value, value)

    def delete_attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> None:
        """Do ``del obj.name``."""
        self.change(machine, obj, "attribute")

    def delete_item(self, machine: Machine, obj: Obj, node: Instruction) -> None:
        """Do ``del obj[...]``."""
        self.change(machine, obj, "labels")

    def change(self, machine: Machine, obj: Obj, stored: str) -> None:
        """Note that something is stored into ``obj``: ``attribute``, or a kind of index."""
        machine.change((obj,))

    # -- calls -------------------------------------------------------------------------------------------------

    def call(self, machine: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        """Return what ``obj(...)`` gives."""
        if obj.immutable:
            return frozenset({machine.heap.atom("builtins.scalar")})
        return machine.unknown(frozenset({obj}), args, node, obj.type)

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        """Return what ``obj.name(...)`` gives."""
        stored = obj.fields.get(name, EMPTY) if obj.type == UNKNOWN else EMPTY
        given = machine.call(stored, args, node) if stored else EMPTY
        return given | machine.unknown(frozenset({obj}), args, node, name)

    def decorate(self, machine: Machine, obj: Obj, value: Value, node: Decorate) -> Value:
        """Return what ``obj`` makes of a definition that it stands before: of a library, that in other clothes."""
        if obj.type == UNKNOWN and obj.fields:
            return value | machine.unknown(frozenset({obj}), Arguments(((value, False),)), node, DECORATOR)
        dress(obj.path or obj.type, value)
        machine.decorated(value, node)
        classes = frozenset(other for other in value if other.type == CLASS)
        if classes and machine.knowledge.has(obj.path or obj.type, "caches"):  # a call gives the same instance again
            return (value - classes) | machine.call(frozenset({obj}), passing(classes), node)
        return value

    def passed_on(self, machine: Machine, obj: Obj, node: Instruction, *, held: bool) -> Value:
        """Return what a library passes of ``obj`` to a function that it calls back; ``held``: that an object holds."""
        if obj.immutable:
            return frozenset({machine.heap.atom("builtins.scalar")})
        return frozenset({obj}) | contents(frozenset({obj}))

    # -- with, copies ------------------------------------------------------------------------------------------

    def enter(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        """Return what ``with obj as x`` binds."""
        return frozenset({obj})

    def leave(self, machine: Machine, obj: Obj) -> None:
        """Do what the end of the ``with`` does."""

    def copy(self, machine: Machine, obj: Obj, node: Instruction, viewed: Obj | None) -> Obj:
        """Return a new object like ``obj``, holding the same things; ``viewed``: an array is a view of that."""
        if obj.immutable:
            return machine.heap.atom(obj.type)
        made = self.make_copy(machine, obj, node, viewed)
        made.made_with = made.made_with or obj.made_with
        for key, value in obj.fields.items():
            machine.heap.hold(made, key, value)
        return made

    def make_copy(self, machine: Machine, obj: Obj, node: Instruction, viewed: Obj | None) -> Obj:
        return machine.heap.make((*machine.site(node), obj.type), obj.type)


def dress(path: str, value: Value) -> None:
    """Note which decorator functions were given to."""
    for obj in value:
        if obj.type == FUNCTION:
            obj.code.dressed.add(path)


_WITH_MEMBERS = (INSTANCE, CLASS)
_COPYING = frozenset({"lists", "list", "list of texts", "array"})  # an array that is asked for several gives a copy


def _view(machine: Machine, obj: Obj, node: Instruction) -> Value:
    """Return what else a part of an unknown object is, if that is an array: files keep nothing of what it shares."""
    reason = machine.blame(node, "a part of what nobody knows", feared=True)
    found = EMPTY
    if machine.policy is not None and machine.believes("shares"):
        view = machine.heap.make((*machine.site(node), "view", obj), NDARRAY)
        machine.heap.view(view, obj)
        found = frozenset({view})
    else:
        machine.assume(Assumed("shares", frozenset({obj}), MEMORY))
    machine.heap.reason = reason
    return found
