"""What files keep of the notebook's definitions: a pickle names classes and functions, which its reader must have."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effects import Effect
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.heap import (
    ANY,
    CLASS,
    EMPTY,
    FUNC,
    FUNCTION,
    INSTANCE,
    METHOD,
    OF_CLASS,
    UNKNOWN,
    Obj,
    Value,
)
from soorgeon_clone.analysis.objects.lineage import lineage
from soorgeon_clone.analysis.objects.machine import Machine

_ANYTHING = ("load", "read_pickle")  # even in what is an array or a frame, there may be objects


def note_written(w: Machine, effect: Effect, path: str, given: Value) -> None:
    """Note the definitions that what is written to a file refers to."""
    if not (effect.writes or w.knowledge.has(path, "pickles")) or not w.anything_runs():
        return
    found: set[Obj] = set()
    for obj in w.heap.reach(given):
        if obj.type == INSTANCE:
            found.update(lineage(obj.classes))
        elif obj.type in (FUNCTION, CLASS, METHOD):
            found.update({obj} if obj.type != METHOD else obj.fields.get(FUNC, EMPTY))
    if not found <= w.filed:
        w.filed |= found
        w.heap.version += 1


def read_back(w: Machine, effect: Effect, path: str, made: list[Obj], node: Instruction) -> None:
    """Let what a call read from a file be any of the objects written before, if it may be anything at all."""
    if not w.filed or not (effect.reads or w.knowledge.has(path, "unpickles")):
        return
    is_known = not path.endswith(_ANYTHING)
    anything = [obj for obj in made if not is_known or obj.type in ("builtins.object", UNKNOWN)]
    for definition in sorted(w.filed, key=lambda obj: obj.name) if anything else ():
        binding = w.module.state.get(definition.name)
        if binding is not None and definition in binding.value:
            w.read_global(definition.name)
        value = frozenset({definition})
        if definition.type == CLASS:
            instance = w.heap.make((*w.site(node), definition), INSTANCE)
            w.heap.hold(instance, OF_CLASS, value)
            value |= {instance}
        for obj in anything:
            w.heap.hold(obj, ANY, value)
            for part in value - {definition}:
                w.heap.hold(part, ANY, frozenset({obj}))
