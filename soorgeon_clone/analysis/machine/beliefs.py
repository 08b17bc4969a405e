"""A call that nobody has described -> what of it is believed; the rest is assumed not to happen, and noted so."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from soorgeon_clone.analysis.knowledge.effect_rules import FIGURES
from soorgeon_clone.analysis.knowledge.effects import seeds_by_name
from soorgeon_clone.analysis.lower.instructions import Call, Constant, Instruction
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.parts import path_text
from soorgeon_clone.analysis.objects.policy import BELIEFS, Assumed, Belief, Fear, Policy
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, METHOD

_FILES: Belief = "touches files"


def believed(machine: Run, receiver: Value, args: Arguments, node: Instruction, what: str) -> frozenset[Belief]:
    """Return what a call is taken to do with what it is given."""
    found = set((machine.policy or Policy()).believed(_looks(machine, receiver, args, node, what)))
    if machine.policy is None:
        return frozenset(BELIEFS) if _FILES in found else frozenset(BELIEFS) - {_FILES}
    if machine.believes("changes"):
        found |= {"receiver changes", "arguments change"}
    if machine.believes("shares"):
        found |= {"receiver keeps", "result is receiver's", "result is arguments'"}
    return frozenset(found)


def _looks(machine: Run, receiver: Value, args: Arguments, node: Instruction, what: str) -> Fear:
    """Return a call as it looks to a reader."""
    given = node.arguments if isinstance(node, Call) else ()
    keywords = {item.name: _source(item.value) for item in given if item.name is not None}
    is_method = any(obj not in machine.in_modules for obj in receiver)
    wraps = bool(args.all) and all(obj.type in (CLASS, FUNCTION, METHOD) for obj in args.all)
    names_files = any(_may_name_file(obj) for obj in args.all)
    return Fear(what.rpartition(".")[2], is_method, node in machine.dropped, keywords, wraps, names_files)


def _may_name_file(obj: Obj) -> bool:
    if isinstance(obj.const, str):
        return "://" not in obj.const
    return obj.type == "builtins.str" or path_text(obj) is not None


def _source(node: Instruction) -> str | None:
    return str(node.value) if isinstance(node, Constant) else None


def chosen(
    machine: Run, receiver: Value, given: Value, believed: frozenset[Belief], of_receiver: Belief, of_arguments: Belief
) -> Value:
    """Return the objects for which one of two beliefs holds; what modules beside the notebook keep is never waived."""
    chosen = (receiver | given) & machine.in_modules
    if of_receiver in believed:
        chosen |= receiver
    if of_arguments in believed:
        chosen |= given
    return chosen


def draw(machine: Run, what: str) -> None:
    if machine.policy is not None and seeds_by_name(what):
        for resource in _generators(machine):
            machine.seed(resource)
        return
    for resource in sorted(machine.seeded):
        if machine.believes("draws") or resource in FIGURES:
            machine.draw(resource)
            if machine.policy is not None:
                machine.seed(resource)  # it may have been seeded as well
        else:
            machine.assume(Assumed("draws", item=resource))


def _generators(machine: Run) -> Iterator[str]:
    """Yield the generators that libraries draw from: also in code that nobody knows, where a run looks for it."""
    yield from ("python_random", "numpy_random", "torch_random")
    yield from (f"{top}_random" for top in _imported(machine) if machine.knowledge.has(top, "generator"))


def _imported(machine: Run) -> set[str]:
    """Return the libraries that the notebook imports anywhere."""
    return {each.path.partition(".")[0] for s in machine.statements for each in s.all_imports}


def only_seeds(machine: Run, path: str) -> bool:
    """Whether a call that nobody described is taken to seed generators whose states cross, and to set nothing else.

    A run looks whether that is so.
    """
    if machine.policy is None or not seeds_by_name(path):
        return False
    return not any(machine.knowledge.has(top, "generator_stays") for top in _imported(machine))


def set_settings(machine: Run, receiver: Value, what: str) -> None:
    if machine.policy is None:
        return
    if machine.believes("sets"):
        machine.note("sets", "modules")
    else:
        paths = (what, *(obj.path for obj in receiver))
        tops = {path.partition(".")[0] for path in paths if "." in path and path[0] not in "?%"}
        for top in sorted(tops - sys.stdlib_module_names) if tops else [""]:
            machine.assume(Assumed("sets", item=top))


_SETTING = frozenset("activate configure disable enable init register set use".split())


def is_setting(machine: Run, receiver: Value, args: Arguments, node: Instruction, what: str) -> bool:
    """Whether a call looks like a setting of the library that can be made again: ``lib.set_theme("dark")``."""
    looks = _looks(machine, receiver, args, node, what)
    if receiver or looks.verb not in _SETTING or seeds_by_name(what) or node not in machine.record.lowered.block:
        return False
    return all(obj.immutable and (obj.const is not None or "." in obj.type) for obj in args.all)
