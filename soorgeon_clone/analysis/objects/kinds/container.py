"""Containers: what iterating over them gives is what they hold."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Decorate, Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.keys import ATTACHED
from soorgeon_clone.analysis.objects.kinds.library_object import LibraryObject
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents, mutable
from soorgeon_clone.analysis.objects.using import advance


class Container(LibraryObject):
    types = frozenset(
        (
            *("builtins.set", "builtins.frozenset", "collections.deque"),
            *("builtins.dict_items", "builtins.dict_values", "builtins.dict_keys"),
        )
    )

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        return contents(frozenset({obj}))

    def passed_on(self, machine: Machine, obj: Obj, node: Instruction, *, held: bool) -> Value:
        if obj.immutable:
            return super().passed_on(machine, obj, node, held=held)
        return self.elements(machine, obj, node) | {obj}


class Sequence(Container):
    """Lists and tuples; of a tuple, whose elements stand at known places, each by itself."""

    types = frozenset({"builtins.list", "builtins.tuple"})

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        own = frozenset({obj})
        if index.kind != "slice":
            return machine.element_at(own, index.constant if index.kind == "constant int" else None, node)
        if obj.immutable:
            return own
        return frozenset({machine.heap.make(machine.site(node), obj.type, inside=contents(own))})


class Iterator(Container):
    types = frozenset({"builtins.iterator", "builtins.generator"})

    def decorate(self, machine: Machine, obj: Obj, value: Value, node: Decorate) -> Value:
        """Where a function of ``contextlib.contextmanager`` gave it, it runs around each call of what it decorates."""
        for function in value:
            machine.heap.hold(function, ATTACHED, frozenset({obj}))
        return super().decorate(machine, obj, value, node)

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        if obj.type != "builtins.generator" or name not in ("send", "throw"):
            return super().call_method(machine, obj, name, args, node)
        reason = machine.blame(node, f"{obj.type}.{name}")
        if name == "send":
            machine.send(obj, args.all)
        else:
            machine.raised |= mutable(args.all)
        advance(machine, obj)
        machine.heap.reason = reason
        return contents(frozenset({obj})) or frozenset({machine.heap.atom("builtins.scalar")})

    def enter(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        advance(machine, obj)
        return contents(frozenset({obj}))

    def leave(self, machine: Machine, obj: Obj) -> None:
        """What stands after the ``yield`` of a generator runs."""
        if obj.type == "builtins.generator":
            advance(machine, obj)
