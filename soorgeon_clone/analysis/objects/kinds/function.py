"""Functions, methods and lambdas of the notebook."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.keys import ANY, ATTACHED, SELF
from soorgeon_clone.analysis.objects.kinds.definition import Definition
from soorgeon_clone.analysis.objects.machine import BY_NAME, Machine
from soorgeon_clone.analysis.objects.members import attributes, bind_by_hand
from soorgeon_clone.analysis.objects.parts import contents, mutable
from soorgeon_clone.analysis.objects.types import FUNCTION, METHOD, UNKNOWN


class Function(Definition):
    types = frozenset({FUNCTION})

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        if name == "__globals__":
            machine.opaque(BY_NAME)
        if name == "__call__":
            return frozenset({obj})
        if name == "__closure__":
            return _closure(machine, obj)
        if name == "__dict__":
            return attributes(machine, obj)
        if name == "__annotations__":
            return _annotations(machine, obj)
        if name.startswith("__") and name not in ("__defaults__", "__kwdefaults__", "__wrapped__"):
            return frozenset({machine.heap.atom("builtins.str")})
        stored = obj.fields.get(name, EMPTY) | obj.fields.get(ANY, EMPTY)
        stored |= contents(frozenset(view for view in obj.views if view.is_attributes))
        if stored or name.startswith("__"):
            return stored or frozenset({obj})
        if not _may_have(machine, obj, name):  # something else was meant
            return EMPTY
        attached = machine.heap.make(("attached", obj, name), METHOD)  # what a decorator put there: show.register
        attached.name = name
        machine.heap.hold(attached, SELF, frozenset({obj}))
        return frozenset({attached})

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        return super().item(machine, obj, index, node) if _may_hold(machine, obj) else EMPTY

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        if not _may_hold(machine, obj):
            return EMPTY
        return frozenset({machine.heap.make((*machine.site(node), obj.name), UNKNOWN)})

    def store_item(self, machine: Machine, obj: Obj, index: Index, value: Value, node: Instruction) -> None:
        if _may_hold(machine, obj):
            super().store_item(machine, obj, index, value, node)

    def delete_item(self, machine: Machine, obj: Obj, node: Instruction) -> None:
        if _may_hold(machine, obj):
            super().delete_item(machine, obj, node)

    def call(self, machine: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        result = machine.call_function(obj, args, node)
        for other in obj.fields.get(ATTACHED, EMPTY):
            result |= _call_instead(machine, obj, other, args, node)
        plans = _plans(machine, obj, args, node)
        return plans if plans and len(obj.code.dressed) == len(obj.code.decorators) else result | plans

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        if name == "__get__" and args.first:
            return bind_by_hand(machine, machine.heap.make((*machine.site(node), obj), METHOD), obj, args.first)
        if name in obj.fields or name.startswith("__"):
            return super().call_method(machine, obj, name, args, node)
        if not _may_have(machine, obj, name):
            return EMPTY
        # what a decorator put there: show.register, slow.cache_clear
        reason = machine.blame(node, f"{obj.name}.{name}")
        machine.change_one(obj)
        machine.heap.hold(obj, ATTACHED, args.all)
        machine.heap.reason = reason
        return args.all | {obj}


def _annotations(machine: Machine, function: Obj) -> Value:
    """Return the dictionary of annotations, which a function has from the start."""
    made = machine.heap.make(("annotations", function), "builtins.dict")
    made.made = function.made
    machine.heap.hold(function, "__annotations__", frozenset({made}))
    return frozenset({made})


def _may_have(machine: Machine, function: Obj, name: str) -> bool:
    """Whether decorators may have given a function an attribute: those of what only calls it are known."""
    code = function.code
    if len(code.dressed) < len(code.decorators):
        return True
    return any(
        not machine.knowledge.has(type_, "dresses") or machine.knowledge.method(type_, name, {})
        for type_ in _made_of(machine, function)
    )


def _may_hold(machine: Machine, function: Obj) -> bool:
    """Whether a function may have items: what decorators made of it (``kernel[1, 32]``), or its defaults, for which it
    stands itself."""
    return bool(function.code.decorators or function.code.dressed) or machine.hints.mention("defaults__")


def _made_of(machine: Machine, function: Obj) -> list[str]:
    """Return the types of what decorators make of a function."""
    made = {path: machine.knowledge.function(path, {}) for path in function.code.dressed}
    return sorted({one for path, effect in made.items() for one in (effect.returns if effect is not None else (path,))})


def _plans(machine: Machine, function: Obj, args: Arguments, node: Instruction) -> Value:
    """Return what a call gives where decorators make plans of calls (``@dask.delayed``): one of this call.

    What the function does is done in the call as well: the plan may do it at once, and does it later in any case.
    """
    types = [type_ for type_ in _made_of(machine, function) if machine.knowledge.has(type_, "plans")]
    plans = frozenset(machine.heap.make((*machine.site(node), function, type_), type_) for type_ in types)
    for plan in plans:
        machine.heap.hold(plan, ANY, args.all | {function})
    return plans


def _closure(machine: Machine, function: Obj) -> Value:
    """Return the cells of a function, through which the variables that it shares with others may be changed."""
    made = machine.heap.make(("closure", function), UNKNOWN)
    if function.scope is not None:
        machine.note_closure_change(function.scope)
        machine.heap.hold(made, ANY, mutable(frozenset(function.scope.captured(function))))
    return frozenset({made})


def _call_instead(machine: Machine, obj: Obj, other: Obj, args: Arguments, node: Instruction) -> Value:
    """A function may call one that was registered with it (``functools.singledispatch``), or run in a context."""
    if other.type == "builtins.generator":
        machine.resume(other)
        return EMPTY
    if other.type != FUNCTION or other is obj:
        return EMPTY
    results: list[Value] = [EMPTY]

    def run() -> Value:
        machine.perhaps(lambda: results.append(machine.call_function(other, args, node)))
        return results[-1]

    return machine.unless_running(obj, other, run)
