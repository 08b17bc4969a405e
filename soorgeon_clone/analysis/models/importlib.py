"""Modules that are imported by a call."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments, constant
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.policy import Assumed


def _package(args: Arguments) -> Value:
    return next((value for key, value in args.keywords if key == "package"), args.at(1))


def import_module(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    name, package = constant(args.first), constant(_package(args))
    if isinstance(name, str) and name.startswith(".") and isinstance(package, str):
        rest = name.lstrip(".")
        parts = package.split(".")
        name = ".".join([*parts[: len(parts) + 1 - (len(name) - len(rest))], rest])
    if not isinstance(name, str) or name.startswith("."):
        return _any_module(machine, args, node)
    return machine.import_path(name, node) or frozenset({machine.heap.lib(name)})


def dunder_import(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """``__import__("a.b")`` gives a, unless it is told what is wanted of b."""
    name = constant(args.first)
    if not isinstance(name, str) or name.startswith(".") or any(key == "level" for key, _ in args.keywords):
        return _any_module(machine, args, node)
    found = machine.import_path(name, node) or frozenset({machine.heap.lib(name)})
    wants_parts = len(args.positional) > 3 or any(key == "fromlist" for key, _ in args.keywords)
    return found if wants_parts or "." not in name else frozenset({machine.heap.lib(name.partition(".")[0])})


def _any_module(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """A module whose name is not known is taken to set nothing where it is imported, as others are."""
    if machine.policy is None or machine.believes("sets"):
        return None
    machine.assume(Assumed("sets"))
    return frozenset({machine.heap.atom("builtins.module")})


def _reload(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    if not any(obj.module for obj in args.first):
        return None
    machine.reload(args.first)
    return args.first


FUNCTIONS = {"importlib.import_module": import_module, "importlib.reload": _reload}
