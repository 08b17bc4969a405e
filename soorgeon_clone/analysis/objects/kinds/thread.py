"""Threads: one that is given no name gets one with its number, of all that the process has made so far."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.kinds.library_object import LibraryObject
from soorgeon_clone.analysis.objects.machine import Machine

_MADE = ("threading.Thread", "threading.Timer")
_NAME = "name"


class Thread(LibraryObject):
    types = frozenset({*_MADE, "threading._Current"})

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        if name == _NAME:
            _tell_number(machine)
        return super().attribute(machine, obj, name, node)

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        if name == "getName":
            _tell_number(machine)
        return super().call_method(machine, obj, name, args, node)


def _tell_number(machine: Machine) -> None:
    made = [obj for type_ in _MADE for obj in machine.heap.of_type(type_)]
    if any(obj.made_with is None or _NAME not in obj.made_with for obj in made):
        machine.opaque("names of threads count those before")
