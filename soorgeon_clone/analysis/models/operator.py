"""Functions that call a method of what they are given, or do what an operator does."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments, constant
from soorgeon_clone.analysis.objects.comparing import note_same
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.kinds.method import ATTRIBUTE_GETTER, METHOD_CALLER
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.types import METHOD


def _methodcaller(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    name = constant(args.first)
    if not isinstance(name, str):
        return None
    made = machine.heap.make(machine.site(node), METHOD)
    made.name = METHOD_CALLER
    made.bound = args
    machine.heap.hold(made, ANY, Arguments(args.positional[1:], args.keywords).all)
    return frozenset({made})


def _attrgetter(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    if not args.positional or any(not isinstance(constant(name), str) for name, _ in args.positional):
        return None
    made = machine.heap.make(machine.site(node), METHOD)
    made.name = ATTRIBUTE_GETTER
    made.bound = args
    return frozenset({made})


def _is(machine: Machine, args: Arguments, node: Instruction) -> None:
    note_same(machine, "is", args.first, args.at(1))


FUNCTIONS = {
    METHOD_CALLER: _methodcaller,
    ATTRIBUTE_GETTER: _attrgetter,
    "operator.is_": _is,
    "operator.is_not": _is,
}
