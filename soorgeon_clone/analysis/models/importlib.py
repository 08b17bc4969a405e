"""Modules that are imported by a call."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments, constant
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.machine import Machine


def import_module(w: Machine, args: Arguments, node: Instruction) -> Value | None:
    name = constant(args.first)
    if not isinstance(name, str) or len(args.positional) != 1 or name.startswith("."):
        return None
    return w.import_path(name, node) or frozenset({w.heap.lib(name)})


def _reload(w: Machine, args: Arguments, node: Instruction) -> Value | None:
    if not any(obj.module for obj in args.first):
        return None
    w.reload(args.first)
    return args.first


FUNCTIONS = {"importlib.import_module": import_module, "importlib.reload": _reload}
