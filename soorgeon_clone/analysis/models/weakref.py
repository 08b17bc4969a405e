"""Code that runs when an object goes."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.machine import Machine


def _watch(machine: Machine, args: Arguments, node: Instruction) -> None:
    """``weakref.finalize(obj, function)`` and the like run code when the object goes."""
    code = args.at(1)
    for obj in args.first:
        machine.finalize(obj, code, node)


FUNCTIONS = dict.fromkeys(("weakref.finalize", "weakref.ref", "weakref.proxy"), _watch)
