"""Dictionaries and their relatives."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.keys import ANY, FACTORY, KEYS
from soorgeon_clone.analysis.objects.kinds.container import Container
from soorgeon_clone.analysis.objects.kinds.library_object import LibraryObject
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents


class Mapping(Container):
    types = frozenset({"builtins.dict", "collections.OrderedDict"})

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        constant = index.constant
        if constant is None:
            return contents(frozenset({obj}))
        return obj.fields.get(f"[{constant!r}]", EMPTY) | obj.fields.get(ANY, EMPTY)

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        return obj.fields.get(KEYS, EMPTY) | {machine.heap.atom("builtins.scalar")}


class DefaultDict(Mapping):
    types = frozenset({"collections.defaultdict"})

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        reason = machine.blame(node, "a missing key of a collections.defaultdict")
        machine.change_one(obj)
        machine.heap.reason = reason
        machine.heap.hold(obj, ANY, machine.call(obj.fields.get(FACTORY, EMPTY), NO_ARGUMENTS, node))
        return super().item(machine, obj, index, node)


class Counter(LibraryObject):
    """Its keys are what it was given to count."""

    types = frozenset({"collections.Counter"})

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        own = contents(frozenset({obj}))
        return obj.fields.get(KEYS, EMPTY) | {machine.heap.atom("builtins.scalar")} | own


class ChainMap(LibraryObject):
    types = frozenset({"collections.ChainMap"})

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        return machine.item_of(contents(frozenset({obj})), index, node)
