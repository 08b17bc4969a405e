"""Classes that a function fills with what stands in them; functions that are bound to an object by hand."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.models.collections import make_class
from soorgeon_clone.analysis.objects.arguments import Arguments, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Value
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import bind_by_hand
from soorgeon_clone.analysis.objects.types import FUNCTION, METHOD


def _new_class(machine: Machine, args: Arguments, node: Instruction) -> Value:
    """``types.new_class(name, bases, kwds, exec_body)``: the class says that it stands in the module `types`."""
    named = dict(args.keywords)
    namespace = machine.heap.make((*machine.site(node), "namespace"), "builtins.dict")
    machine.call(args.at(3) | named.get("exec_body", EMPTY), passing(frozenset({namespace})), node)
    bases = args.at(1) | named.get("bases", EMPTY)
    made = make_class(machine, passing(args.first, bases, frozenset({namespace})), node)
    for cls in made:
        cls.is_local = True
    return made


def _method(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """``types.MethodType(function, obj)``."""
    functions = [obj for obj in args.first if obj.type == FUNCTION]
    if not functions or len(functions) < len(args.first):
        return None
    made = ((machine.heap.make((*machine.site(node), function), METHOD), function) for function in functions)
    return EMPTY.union(*(bind_by_hand(machine, method, function, args.at(1)) for method, function in made))


FUNCTIONS = {"types.new_class": _new_class, "types.MethodType": _method}
