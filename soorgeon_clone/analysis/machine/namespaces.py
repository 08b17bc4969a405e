"""Variables that are named by texts (``globals()["x"]``), and what is looked up in settings (``os.environ["A"]``)."""

from __future__ import annotations

import re
from dataclasses import replace

from soorgeon_clone.analysis.lower.instructions import Attribute, Call, Constant, Instruction, Item, Operate, Read
from soorgeon_clone.analysis.machine import calls
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.models.code_in_texts import are_variables
from soorgeon_clone.analysis.objects.arguments import constant, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, UNBOUND, Value
from soorgeon_clone.analysis.objects.special_methods import implicit, implicit_inside
from soorgeon_clone.analysis.objects.types import LIB

_NAME = re.compile(r"[^\W\d]\w*")
_FILLING = frozenset({"format", "format_map"})  # methods of texts with names in them


def dynamic_name(machine: Run, node: Item) -> str | None:
    """Return x for ``globals()["x"]`` at notebook level or in a function."""
    if not are_variables(machine, node.of):
        return None
    const = constant(machine.evaluate(node.key))
    return machine.qualified(const) if isinstance(const, str) else None


def asked_name(machine: Run, node: Operate) -> str | None:
    """Return x for ``"x" in globals()`` and the like."""
    first = node.first
    if not isinstance(first, Constant) or not isinstance(first.value, str) or len(node.rest) != 1:
        return None
    ((sign, of),) = node.rest
    if sign not in ("in", "not in") or not (are_variables(machine, of) or _are_names(machine, of)):
        return None
    return machine.qualified(first.value)


def _are_names(machine: Run, node: Instruction) -> bool:
    """Whether ``dir()`` stands here, at notebook level."""
    function = node.function if isinstance(node, Call) and not node.arguments else None
    return isinstance(function, Read) and function.name == "dir" and machine.scope.kind == "module"


def looked_up(machine: Run, node: Call) -> Value | None:
    """Return what ``globals().get("x", 0)`` gives; None where something else is called."""
    function = node.function
    if not isinstance(function, Attribute) or function.name != "get" or not are_variables(machine, function.of):
        return None
    args = calls.arguments(machine, node)
    name = constant(args.first)
    if not isinstance(name, str):
        return None
    found = machine.read_global(machine.qualified(name)) - {UNBOUND}
    return found | args.at(1) | {machine.heap.atom("builtins.NoneType")}


def filled(machine: Run, node: Call) -> Value | None:
    """Return what ``"{x}".format(**globals())`` gives, or ``text.format_map(vars())``; None for other calls."""
    function = node.function
    if not isinstance(function, Attribute) or function.name not in _FILLING:
        return None
    spaces = [one for one in node.arguments if one.sign in ("", "**") and are_variables(machine, one.value)]
    if len(spaces) != 1:
        return None
    texts = machine.evaluate(function.of)
    if not texts or any(not isinstance(obj.const, str) for obj in texts):
        return None
    others = tuple(one for one in node.arguments if one is not spaces[0])
    args = calls.arguments(machine, replace(node, arguments=others))
    _fill(machine, texts, node)
    implicit(machine, args.all)
    return frozenset({machine.heap.atom("builtins.str")})


def filled_by_operator(machine: Run, node: Operate) -> Value | None:
    """Return what ``"%(x)s" % globals()`` gives; None for other operations."""
    if len(node.rest) != 1 or node.rest[0][0] != "%" or not are_variables(machine, node.rest[0][1]):
        return None
    texts = machine.evaluate(node.first)
    if not texts or any(not isinstance(obj.const, str) for obj in texts):
        return None
    _fill(machine, texts, node)
    return frozenset({machine.heap.atom("builtins.str")})


def _fill(machine: Run, texts: Value, node: Instruction) -> None:
    """Read the variables that constant texts name, and ask these for their texts."""
    names = {name for obj in texts if isinstance(obj.const, str) for name in _NAME.findall(obj.const)}
    for name in sorted(names):
        if machine.module.state.get(machine.qualified(name)) is not None:
            value = machine.read_global(machine.qualified(name)) - {UNBOUND}
            implicit(machine, value)
            implicit_inside(machine, value)
            machine.show(value)


def read_setting(machine: Run, value: Value, name: str, node: Call | Item) -> Value | None:
    """Return what ``os.environ["A"]`` or ``os.environ.get("A")`` gives: ``node``, of the attribute ``name``.

    None where it is no setting, or where it may be changed or handed on: who has it can change it.
    """
    if len(value) != 1:
        return None
    (obj,) = value
    setting = machine.knowledge.module_attribute(f"{obj.path}.{name}") if obj.type == LIB else None
    if setting is None or not setting.sets or len(setting.returns) != 1 or (obj.path, name) == ("sys", "modules"):
        return None
    kind = setting.returns[0]
    if isinstance(node, Call) and isinstance(node.function, Attribute):
        path = f"{obj.path}.{name}.{node.function.name}"
        own = machine.knowledge.named_function(path)
        if own is not None and not (own.sets or own.changes or own.shares):  # sys.stdout.write("x")
            return machine.apply(own, EMPTY, calls.arguments(machine, node), node, path=path)
    if isinstance(node, Item) and kind == "list(builtins.str)":  # sys.argv[1:]
        machine.looked_into.add(node.of)
        return None
    if isinstance(node, Item):
        effect, path = machine.knowledge.subscript(kind, "*"), f"{kind}[]"
    elif isinstance(node.function, Attribute):
        path = f"{kind}.{node.function.name}"
        effect = machine.knowledge.method(kind, node.function.name, {})
    else:
        return None
    if effect is None or effect.sets or effect.changes or (effect.shares and node not in machine.looked_into):
        return None
    for each in setting.sets:
        machine.note("varies", each)
    if isinstance(node, Item):
        args = passing(machine.evaluate(node.key))
    else:
        args = calls.arguments(machine, node)
    return machine.apply(effect, EMPTY, args, node, path=path)
