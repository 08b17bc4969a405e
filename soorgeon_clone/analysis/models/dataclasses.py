"""Fields that are made anew for each instance, and instances that differ in some."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.models.collections import make_class
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import EMPTY, Value
from soorgeon_clone.analysis.objects.keys import ANY, FACTORY
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.types import INSTANCE

_FIELD = "dataclasses.Field"


def _field(machine: Machine, args: Arguments, node: Instruction) -> Value:
    made = machine.heap.make(machine.site(node), _FIELD)
    for keyword, value in args.keywords:
        machine.heap.hold(made, keyword or ANY, value)
    return frozenset({made})


def replace(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """``dataclasses.replace(obj, x=1)`` makes another instance of what is in ``obj``, but for x."""
    own = args.first
    if len(args.positional) != 1 or not own or any(obj.type != INSTANCE for obj in own):
        return None
    made = EMPTY
    for obj in own:
        kept = {key: value for key, value in obj.fields.items() if not key.startswith("*")}
        kept[ANY] = obj.fields.get(ANY, EMPTY)
        given = {name for name, _ in args.keywords}
        rest = tuple((name, value) for name, value in kept.items() if name not in given and name != ANY)
        many = ((kept[ANY], True),) if kept[ANY] else ()
        passed = Arguments(many, (*rest, *args.keywords))
        made |= machine.call(obj.classes, passed, node)
    return made


def _make_dataclass(machine: Machine, args: Arguments, node: Instruction) -> Value:
    """Before Python 3.12 the class says that it stands in the module `types`, where pickle does not find it."""
    made = make_class(machine, args, node)
    factories = EMPTY
    for said in contents(contents(args.at(1))):  # [("x", list, field(default_factory=list))]
        if said.type == _FIELD:
            factories |= said.fields.get("default_factory", EMPTY) | said.fields.get(ANY, EMPTY)
    for cls in made:
        cls.is_local = all(keyword != "module" for keyword, _ in args.keywords)
        machine.heap.hold(cls, f"{FACTORY}:{ANY}", factories)  # of a field whose name is not known
    return made


FUNCTIONS = {
    "dataclasses.field": _field,
    "dataclasses.make_dataclass": _make_dataclass,
    "dataclasses.replace": replace,
}
