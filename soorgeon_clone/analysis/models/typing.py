"""Calls that make classes, or only say what something is."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.models.collections import make_class
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.machine import Machine


def _cast(w: Machine, args: Arguments, node: Instruction) -> Value:
    return args.at(1)


FUNCTIONS = {
    "typing.cast": _cast,
    **dict.fromkeys(("typing.NamedTuple", "typing.TypeVar", "typing.NewType", "typing.ParamSpec"), make_class),
}
