"""Classes that a function fills with what stands in them."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.models.collections import make_class
from soorgeon_clone.analysis.objects.arguments import Arguments, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Value
from soorgeon_clone.analysis.objects.machine import Machine


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


FUNCTIONS = {"types.new_class": _new_class}
