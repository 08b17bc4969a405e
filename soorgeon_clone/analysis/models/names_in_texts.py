"""Texts that name variables of the notebook: ``df.query("a > @limit")``, the formula of a model."""

from __future__ import annotations

import re
from collections.abc import Iterable

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, NAMED
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.state import Scope
from soorgeon_clone.analysis.objects.types import FUNCTION, METHOD

_NAME = re.compile(r"[^\W\d]\w*")


def read_named(machine: Machine, texts: Value, receiver: Value, args: Arguments, node: Instruction) -> None:
    """Use the variables that a text may name, and call the functions; all variables if the text is not constant."""
    known = {name for name in machine.module.state.all_names() if not name.startswith("@")}
    found = EMPTY
    for obj in texts:
        if isinstance(obj.const, str):
            for name in _NAME.findall(obj.const):
                found |= _read_anywhere(machine, name, known)
        elif obj.type != "builtins.NoneType":
            for name in sorted(known):
                found |= _read_anywhere(machine, name, known)
    functions = frozenset(o for o in found if o.type in (FUNCTION, METHOD))
    if functions:
        machine.call_back(functions, receiver, args, node)


def _read_anywhere(machine: Machine, name: str, known: set[str]) -> Value:
    if name not in known or machine.scope.local(name) is not None:
        return EMPTY
    note_named(machine, name)
    machine.note("named", name)
    return machine.read_global(name)


def note_named(machine: Machine, text: str) -> None:
    """Let the functions that run know what a text in them names: their code does not."""
    scope: Scope | None = machine.scope
    while scope is not None:
        if scope.code is not None:
            scope.code.named.update(_NAME.findall(text))
        scope = scope.parent


def keep_named(machine: Machine, made: Iterable[Obj], texts: Value) -> None:
    """Note what a model's formula names: it is evaluated again when the model is loaded, and when it predicts.

    A name that the notebook also uses as that of a column is taken for one.
    """
    if all(isinstance(obj.const, str) for obj in texts):
        names = {name for obj in texts for name in _NAME.findall(obj.const) if not _is_column(machine, name)}
    else:
        names = {name for name in machine.module.state.all_names() if not name.startswith("@")}
    stack = sorted(names)
    while stack:
        name = stack.pop()
        binding = machine.module.state.get(name)
        if binding is None:
            continue
        functions = frozenset(o for o in binding.value if o.type == FUNCTION)
        for obj in made:
            machine.heap.hold_words(obj, NAMED, name)
            machine.heap.hold(obj, ANY, functions)
        for function in functions:
            stack += function.code.free - names
            names |= function.code.free


def _is_column(machine: Machine, name: str) -> bool:
    used = re.compile(rf"\.{name}\b(?!\()|\[\s*['\"]{name}['\"]|['\"]{name}['\"]\s*:")
    return machine.hints.say(used)
