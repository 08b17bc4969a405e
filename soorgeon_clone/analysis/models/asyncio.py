"""Coroutines that are waited for together."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import ANY, Value
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents


def _gather(w: Machine, args: Arguments, node: Instruction) -> Value:
    """``await asyncio.gather(f(), g())`` gives a list of what the coroutines give."""
    items = w.heap.make((*w.site(node), "items"), "builtins.list")
    for value, starred in args.positional:
        value = w.elements(value, node) if starred else value
        given = frozenset(o for o in value if o.type == "builtins.coroutine")
        w.heap.hold(items, ANY, (value - given) | contents(given))
    made = w.heap.make(w.site(node), "builtins.coroutine")
    w.heap.hold(made, ANY, frozenset({items}))
    return frozenset({made})


FUNCTIONS = {"asyncio.gather": _gather}
