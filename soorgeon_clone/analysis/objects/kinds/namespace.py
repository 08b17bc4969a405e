"""Namespaces: their attributes are what they were given."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.kinds.library_object import LibraryObject
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import attributes
from soorgeon_clone.analysis.objects.parts import contents


class Namespace(LibraryObject):
    types = frozenset({"types.SimpleNamespace", "argparse.Namespace"})

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        if name == "__dict__":
            return attributes(machine, obj)
        return contents(frozenset({obj})) | {machine.heap.atom("builtins.scalar")}
