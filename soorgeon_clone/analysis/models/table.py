"""The path of a call -> the function that models it: the files of this folder say which they have.

A file has ``FUNCTIONS`` (path -> what a call of it gives and does), ``METHODS`` (type of an object -> the same for its
methods, by name) or ``PARTS`` (path of something in a module -> the same for its methods and those of its parts). Each
gives None for a call that the effect tables describe after all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.types import LIB

Function = Callable[[Machine, Arguments, Instruction], "Value | None"]
Method = Callable[[Machine, Obj, str, Arguments, Instruction], "Value | None"]


@cache
def _all(name: str) -> dict[str, Any]:
    files = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    room = __name__.rpartition(".")[0]
    modules = [import_module(f"{room}.{file}") for file in files if file not in ("__init__", "table")]
    return {path: model for module in modules for path, model in getattr(module, name, {}).items()}


def function(path: str) -> Function | None:
    """Return what models a function or class of a library, by its path."""
    return _all("FUNCTIONS").get(path)


def method(obj: Obj) -> Method | None:
    """Return what models the methods of an object."""
    if obj.type != LIB:
        return _all("METHODS").get(obj.type)
    parts = _all("PARTS").items()
    return next((model for path, model in parts if obj.path == path or obj.path.startswith(f"{path}.")), None)
