"""Copies of all that can be reached."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.models.dataclasses import replace
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.keys import OF_CLASS
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.special_methods import implicit
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE


def _deepcopy(machine: Machine, args: Arguments, node: Instruction) -> Value:
    copies: dict[Obj, Obj] = {}
    reached = machine.heap.reach(args.first)
    for obj in reached:
        machine.heap.note_identity(obj)  # what was one object is one object in the copy
        if obj.type in (FUNCTION, CLASS):
            copies[obj] = obj
            continue
        copy = machine.heap.make((*machine.site(node), obj), obj.type)
        copy.take_from(obj)
        copy.made_with = obj.made_with
        copies[obj] = copy
    for obj, copy in copies.items():
        if copy is not obj:
            for key, held in list(obj.fields.items()):
                if key == OF_CLASS:
                    machine.heap.hold(copy, key, held)
                else:
                    machine.heap.hold(copy, key, frozenset(copies.get(o, o) for o in held))
    implicit(machine, frozenset(obj for obj in reached if obj.type == INSTANCE))
    return frozenset(copies.get(o, o) for o in args.first)


FUNCTIONS = {"copy.deepcopy": _deepcopy, "copy.replace": replace}
