"""What the notebook's own code is in: functions, classes, their instances, methods."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Decorate, Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.kinds.library_object import LibraryObject
from soorgeon_clone.analysis.objects.machine import Machine


class OwnCode(Kind):
    """Calling a method of it is calling what its attribute is."""

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        return machine.call(self.attribute(machine, obj, name, node), args, node)

    def decorate(self, machine: Machine, obj: Obj, value: Value, node: Decorate) -> Value:
        return machine.call_one(obj, passing(value), node)

    def copy(self, machine: Machine, obj: Obj, node: Instruction, viewed: Obj | None) -> Obj:
        return obj if obj.immutable else super().copy(machine, obj, node, viewed)

    def make_copy(self, machine: Machine, obj: Obj, node: Instruction, viewed: Obj | None) -> Obj:
        """A copy of a copy is one of the same object: a loop that copies comes to an end."""
        first = machine.copied.get(obj, obj)
        made = machine.heap.make((*machine.site(node), first), obj.type)
        machine.copied.setdefault(made, first)
        made.take_from(obj)
        return made


class Definition(OwnCode):
    """A function or class: part of nothing that changes; what it is given by name is kept apart from it."""

    def depth(self, machine: Machine, obj: Obj) -> str:
        return "none"

    def store_attribute(self, machine: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
        if name == "*":
            return super().store_attribute(machine, obj, name, value, node)
        amendments = machine.heap.amendments(obj)
        amendments.fields.setdefault(name, EMPTY)
        machine.change_one(amendments)
        self.hold_attribute(machine, obj, name, value)


class Cell(LibraryObject):
    """The variables that functions share: they are not copied with a function."""

    types = frozenset({"builtins.cell"})

    def copy(self, machine: Machine, obj: Obj, node: Instruction, viewed: Obj | None) -> Obj:
        return obj
