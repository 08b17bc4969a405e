"""Paths as texts."""

from __future__ import annotations

import posixpath

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import path_text


def _join(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    parts = [path_text(next(iter(value))) if len(value) == 1 else None for value, _ in args.positional]
    if not parts or any(part is None for part in parts):
        return None
    return frozenset({machine.heap.atom("builtins.str", posixpath.join(*(p or "" for p in parts)))})


FUNCTIONS = {"os.path.join": _join}
