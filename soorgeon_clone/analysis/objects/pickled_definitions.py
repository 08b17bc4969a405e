"""What files keep of the notebook's definitions: a pickle names classes and functions, which its reader must have."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effect_rules import Effect
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, FUNC, OF_CLASS
from soorgeon_clone.analysis.objects.lineage import lineage
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, METHOD, UNKNOWN

_ANYTHING = ("load", "read_pickle")  # even in what is an array or a frame, there may be objects


def note_written(machine: Machine, effect: Effect, path: str, given: Value) -> None:
    """Note the definitions that what is written to a file refers to."""
    if not (effect.writes or machine.knowledge.has(path, "pickles")) or not machine.anything_runs():
        return
    found: set[Obj] = set()
    for obj in machine.heap.reach(given):
        if obj.type == INSTANCE:
            found.update(lineage(obj.classes))
        elif obj.type in (FUNCTION, CLASS, METHOD):
            found.update({obj} if obj.type != METHOD else obj.fields.get(FUNC, EMPTY))
    if not found <= machine.filed:
        machine.filed |= found
        machine.heap.version += 1


def read_back(machine: Machine, effect: Effect, path: str, made: list[Obj], node: Instruction) -> None:
    """Let what a call read from a file be any of the objects written before, if it may be anything at all."""
    if not machine.filed or not (effect.reads or machine.knowledge.has(path, "unpickles")):
        return
    is_known = not path.endswith(_ANYTHING)
    anything = [obj for obj in made if not is_known or obj.type in ("builtins.object", UNKNOWN)]
    for definition in sorted(machine.filed, key=lambda obj: obj.name) if anything else ():
        binding = machine.module.state.get(definition.name)
        if binding is not None and definition in binding.value:
            machine.read_global(definition.name)
        value = frozenset({definition})
        if definition.type == CLASS:
            instance = machine.heap.make((*machine.site(node), definition), INSTANCE)
            machine.heap.hold(instance, OF_CLASS, value)
            value |= {instance}
        for obj in anything:
            machine.heap.hold(obj, ANY, value)
            for part in value - {definition}:
                machine.heap.hold(part, ANY, frozenset({obj}))
