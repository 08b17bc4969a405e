"""What binds arguments to functions: partial, partialmethod; and what only dresses functions."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Value
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.kinds.method import ARGUMENTS, KEYWORDS, PARTIAL
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import PARTIAL_METHOD
from soorgeon_clone.analysis.objects.parts import mutable
from soorgeon_clone.analysis.objects.types import METHOD
from soorgeon_clone.analysis.objects.using import iterate


def _partial(machine: Machine, args: Arguments, node: Instruction) -> Value:
    made = machine.heap.make(machine.site(node), METHOD)
    made.name = PARTIAL
    machine.heap.hold(made, "partial", args.first)
    positional = machine.heap.make((*machine.site(node), ARGUMENTS), "builtins.tuple")
    for index, (value, _) in enumerate(args.positional[1:]):
        machine.heap.hold(positional, str(index), value)
    keywords = machine.heap.make((*machine.site(node), KEYWORDS), "builtins.dict")
    for keyword, value in args.keywords:
        machine.heap.hold(keywords, f"[{keyword!r}]" if keyword is not None else ANY, value)
    machine.heap.hold(made, ARGUMENTS, frozenset({positional}))
    machine.heap.hold(made, KEYWORDS, frozenset({keywords}))
    # remembered although immutable values are not held
    made.bound = Arguments(args.positional[1:], args.keywords)
    return frozenset({made})


def _partialmethod(machine: Machine, args: Arguments, node: Instruction) -> Value:
    (made,) = _partial(machine, args, node)
    made.name = PARTIAL_METHOD
    return frozenset({made})


def _reduce(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """``reduce(getitem, ["a", "b"], nested)``: what the function gives is what it is given next, to any depth."""
    if len(args.positional) < 2:
        return None
    iterate(machine, args.at(1))
    items = machine.elements(args.at(1), node)
    named = dict(args.keywords)
    initial = args.at(2) | named.get("initial", EMPTY)
    found = initial or items

    def once() -> None:
        nonlocal found
        found |= machine.call(args.first, passing(found, items), node)

    known = None
    while known != mutable(found):  # sums and texts could be new ones for ever
        known = mutable(found)
        machine.perhaps(once)
    return found


def _wraps(machine: Machine, args: Arguments, node: Instruction) -> Value:
    return frozenset({machine.heap.lib("functools.wraps.decorator")})


def _identity(machine: Machine, args: Arguments, node: Instruction) -> Value:
    return args.first


FUNCTIONS = {
    "functools.reduce": _reduce,
    PARTIAL: _partial,
    PARTIAL_METHOD: _partialmethod,
    "functools.wraps": _wraps,
    "functools.wraps.decorator": _identity,
}
