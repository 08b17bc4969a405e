"""Paths that are put together out of constants."""

from __future__ import annotations

import posixpath

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import path_text


def _path(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    parts = [path_text(next(iter(value))) if len(value) == 1 else None for value, _ in args.positional]
    if any(part is None for part in parts):
        return None
    return frozenset(
        {machine.heap.atom("pathlib.Path", posixpath.join(*(p or "" for p in parts), "").rstrip("/") or ".")}
    )


def _method(machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value | None:
    return _path(machine, Arguments(args.positional).after(frozenset({obj})), node) if name == "joinpath" else None


FUNCTIONS = {"pathlib.Path": _path, "pathlib.PurePath": _path}
METHODS = {"pathlib.Path": _method}
