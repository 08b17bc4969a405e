"""Classes of the notebook, and those that calls make."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effects import sets_by_name
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects import records
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, any_arguments, given, passing
from soorgeon_clone.analysis.objects.heap import (
    ANY,
    CLASS,
    EMPTY,
    FACTORY,
    FIELD,
    FUNCTION,
    INSTANCE,
    LIB,
    OF_CLASS,
    Obj,
    Value,
)
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.kinds.definition import Definition
from soorgeon_clone.analysis.objects.lineage import lineage, member
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import bind, enum_member, enum_members, library_bases, metaclasses
from soorgeon_clone.analysis.objects.parts import contents

_TEXTS = frozenset({"__name__", "__qualname__", "__module__", "__doc__"})


class NotebookClass(Definition):
    types = frozenset({CLASS})

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        own = frozenset({obj})
        if name == "__dict__":
            made = machine.heap.attributes(obj)
            machine.heap.hold(made, ANY, contents(own))
            return frozenset({made})
        found = enum_member(machine, obj, name)
        if found:
            return found
        for held in member(own, name):
            found |= bind(machine, obj, held, node) if held.type in (FUNCTION, INSTANCE) else frozenset({held})
        for held in member(metaclasses(obj), name) if not found else ():
            found |= bind(machine, obj, held, node, of_metaclass=True) if held.type == FUNCTION else frozenset({held})
        if not found and name in _TEXTS:
            return frozenset({machine.heap.atom("builtins.str")})
        return found | obj.fields.get(ANY, EMPTY) or own

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        items = enum_members(machine, obj)
        own = frozenset({obj})
        for function in member(own, "__class_getitem__"):
            items |= machine.call_one(function, passing(own, index.value), node)
        return items or own

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        return enum_members(machine, obj) or super().elements(machine, obj, node)

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        own = frozenset({obj})
        if member(own, name) or name in obj.fields or member(metaclasses(obj), name):
            return super().call_method(machine, obj, name, args, node)
        if name == "_make":  # of a named tuple: an instance with what an iterable gives
            return self.call(machine, obj, Arguments(((machine.elements(args.first, node), True),)), node)
        if sets_by_name(name):
            machine.change_one(obj)  # abc's register()
        return machine.unknown(own, args, node, name)

    def call(self, machine: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        """Return a new instance; ``__init__`` and the like run."""
        cls = frozenset({obj})
        if members := enum_members(machine, obj):
            for function in member(cls, "_missing_"):
                members |= machine.call(bind(machine, obj, function, node), args, node)
            return members
        made = machine.heap.make((*machine.site(node), obj), INSTANCE)
        machine.heap.hold(made, OF_CLASS, cls)
        _make_fields(machine, obj, made, node)
        has_init = _run_constructors(machine, obj, made, args, node)
        if not has_init:
            _keep_arguments(machine, obj, made, args)
        own = frozenset({made})
        for function in member(cls, "__del__"):
            machine.finalize(made, bind(machine, made, function, node), node)
        for name in ("__post_init__", "__attrs_post_init__"):
            for function in member(cls, name):
                if function.type == FUNCTION:
                    # its parameters, if it has any, get what was given for fields that are only for it (InitVar)
                    machine.call_function(function, any_arguments(function, args.all, own), node)
        for function in member(metaclasses(obj), "__call__"):
            machine.opaque("a metaclass decides what calling a class gives")
            machine.call_function(function, args.after(cls), node)
        for base in library_bases(cls) if not has_init else ():
            if base.type == LIB:
                effect = machine.knowledge.function(base.path, given(args, machine.knowledge.parameters(base.path)))
                for resource in effect.draws if effect is not None else ():
                    machine.draw(resource)
        return own


def _make_fields(machine: Machine, cls: Obj, made: Obj, node: Instruction) -> None:
    """Let an instance have what its bases keep, and what the factories of its class make."""
    for part in lineage(frozenset({cls})):
        for key, factory in list(part.fields.items()):
            if key.startswith(f"{FACTORY}:"):
                value = machine.call(factory, NO_ARGUMENTS, node)
                name = key.partition(":")[2]
                machine.heap.hold(made, name, frozenset(o for o in value if o.type != LIB) or factory)


def _run_constructors(machine: Machine, cls: Obj, made: Obj, args: Arguments, node: Instruction) -> bool:
    """Run ``__new__`` and ``__init__``; return whether there is an ``__init__``."""
    found = False
    for name, first in (("__new__", cls), ("__init__", made)):
        for function in member(frozenset({cls}), name):
            if function.type == FUNCTION:
                found = found or name == "__init__"
                value = machine.call_function(function, args.after(frozenset({first})), node)
                for obj in value if name == "__new__" else ():
                    if obj.type != INSTANCE and not obj.immutable:
                        machine.heap.hold(made, ANY, frozenset({obj}))
    return found


def _keep_arguments(machine: Machine, cls: Obj, made: Obj, args: Arguments) -> None:
    """Let an instance keep what it was given if its class has no ``__init__`` (dataclass, named tuple)."""
    fields = {key for part in lineage(frozenset({cls})) for key in part.fields}
    names = records.fields(cls)
    for place, (value, is_unpacked) in enumerate(args.positional):
        names = () if is_unpacked else names
        machine.heap.hold(made, names[place] if place < len(names) else ANY, value)
    for keyword, value in args.keywords:
        if keyword is None:
            machine.heap.hold(made, ANY, contents(value))
        else:
            machine.heap.hold(
                made, keyword if keyword in names or keyword in fields or f"{FIELD}{keyword}" in fields else ANY, value
            )
