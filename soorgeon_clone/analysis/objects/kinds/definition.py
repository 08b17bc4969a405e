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

    def call_method(self, w: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        return w.call(self.attribute(w, obj, name, node), args, node)

    def decorate(self, w: Machine, obj: Obj, value: Value, node: Decorate) -> Value:
        return w.call_one(obj, passing(value), node)

    def copy(self, w: Machine, obj: Obj, node: Instruction, viewed: Obj | None) -> Obj:
        return obj if obj.immutable else super().copy(w, obj, node, viewed)

    def make_copy(self, w: Machine, obj: Obj, node: Instruction, viewed: Obj | None) -> Obj:
        """A copy of a copy is one of the same object: a loop that copies comes to an end."""
        first = w.copied.get(obj, obj)
        made = w.heap.make((*w.site(node), first), obj.type)
        w.copied.setdefault(made, first)
        made.take_from(obj)
        return made


class Definition(OwnCode):
    """A function or class: part of nothing that changes; what it is given by name is kept apart from it."""

    def depth(self, w: Machine, obj: Obj) -> str:
        return "none"

    def store_attribute(self, w: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
        if name == "*":
            return super().store_attribute(w, obj, name, value, node)
        amendments = w.heap.amendments(obj)
        amendments.fields.setdefault(name, EMPTY)
        w.change_one(amendments)
        self.hold_attribute(w, obj, name, value)


class Cell(LibraryObject):
    """The variables that functions share: they are not copied with a function."""

    types = frozenset({"builtins.cell"})

    def copy(self, w: Machine, obj: Obj, node: Instruction, viewed: Obj | None) -> Obj:
        return obj
