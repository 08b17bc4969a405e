"""Variables that are named by texts (``globals()["x"]``), and what is looked up in settings (``os.environ["A"]``)."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Attribute, Call, Constant, Item, Operate, Read
from soorgeon_clone.analysis.machine import calls
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.arguments import constant, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, LIB, Value

_NAMESPACES = ("globals", "locals", "vars")


def dynamic_name(machine: Run, node: Item) -> str | None:
    """Return x for ``globals()["x"]`` at notebook level or in a function."""
    of = node.of
    if not isinstance(of, Call) or of.arguments or not isinstance(of.function, Read):
        return None
    name = of.function.name
    if name not in _NAMESPACES or (name != "globals" and machine.scope.kind != "module"):
        return None
    const = constant(machine.evaluate(node.key))
    return machine.qualified(const) if isinstance(const, str) else None


def asked_name(machine: Run, node: Operate) -> str | None:
    """Return x for ``"x" in globals()`` and the like."""
    first = node.first
    if not isinstance(first, Constant) or not isinstance(first.value, str) or len(node.rest) != 1:
        return None
    ((sign, of),) = node.rest
    if sign not in ("in", "not in") or not isinstance(of, Call) or of.arguments or not isinstance(of.function, Read):
        return None
    name = of.function.name
    if name not in (*_NAMESPACES, "dir") or (name != "globals" and machine.scope.kind != "module"):
        return None
    return machine.qualified(first.value)


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
    if isinstance(node, Item):
        effect, path = machine.knowledge.subscript(kind, "*"), f"{kind}[]"
    elif isinstance(node.function, Attribute):
        path = f"{kind}.{node.function.name}"
        effect = machine.knowledge.method(kind, node.function.name, {})
    else:
        return None
    if effect is None or effect.sets or effect.changes or effect.shares:
        return None
    for each in setting.sets:
        machine.note("varies", each)
    if isinstance(node, Item):
        args = passing(machine.evaluate(node.key))
    else:
        args = calls.arguments(machine, node)
    return machine.apply(effect, EMPTY, args, node, path=path)
