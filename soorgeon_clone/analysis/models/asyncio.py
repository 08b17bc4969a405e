"""Coroutines that are waited for together."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents


def _gather(machine: Machine, args: Arguments, node: Instruction) -> Value:
    """``await asyncio.gather(f(), g())`` gives a list of what the coroutines give."""
    items = machine.heap.make((*machine.site(node), "items"), "builtins.list")
    for value, starred in args.positional:
        value = machine.elements(value, node) if starred else value
        given = frozenset(o for o in value if o.type == "builtins.coroutine")
        machine.heap.hold(items, ANY, (value - given) | contents(given))
    return frozenset({machine.heap.make(machine.site(node), "builtins.coroutine", inside=frozenset({items}))})


FUNCTIONS = {"asyncio.gather": _gather}
