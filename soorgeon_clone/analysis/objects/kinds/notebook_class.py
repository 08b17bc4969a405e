"""Classes of the notebook, and those that calls make."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effects import sets_by_name
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects import records
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, any_arguments, given, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.keys import ANY, FACTORY, FIELD, OF_CLASS
from soorgeon_clone.analysis.objects.kinds.definition import Definition
from soorgeon_clone.analysis.objects.lineage import lineage, member
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import (
    bare_instance,
    bind,
    enum_member,
    enum_members,
    library_bases,
    metaclasses,
)
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, LIB

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
        if name == "__new__" and any(each.type == CLASS for each in args.first):
            return bare_instance(machine, args, node)
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
        own = _created(machine, obj, args, node)
        has_init = False
        for made in own:
            has_init = _initialize(machine, obj, made, args, node) or has_init
        for function in member(metaclasses(obj), "__call__"):
            machine.opaque("a metaclass decides what calling a class gives")
            machine.call_function(function, args.after(cls), node)
        for base in library_bases(cls) if not has_init else ():
            if base.type == LIB:
                effect = machine.knowledge.function(base.path, given(args, machine.knowledge.parameters(base.path)))
                for resource in effect.draws if effect is not None else ():
                    machine.draw(resource)
        return own


def _make_fields(machine: Machine, cls: Obj, made: Obj, args: Arguments, node: Instruction) -> None:
    """Let an instance have what its bases keep, the defaults of its class, and what the factories of that make."""
    at, unpacked = records.fields(cls)[: len(args.positional)], any(is_unpacked for _, is_unpacked in args.positional)
    given = {*(() if unpacked else at), *(keyword for keyword, _ in args.keywords)}
    for name, default in records.defaults(cls):
        if name not in given:
            machine.heap.hold(made, name, default)
    for part in lineage(frozenset({cls})):
        for key, factory in list(part.fields.items()):
            if key.startswith(f"{FACTORY}:"):
                value = machine.call(factory, NO_ARGUMENTS, node)
                name = key.partition(":")[2]
                machine.heap.hold(made, name, frozenset(o for o in value if o.type != LIB) or factory)


def _created(machine: Machine, cls: Obj, args: Arguments, node: Instruction) -> Value:
    """Return what ``__new__`` gives: a new instance where the class does not say otherwise, of nothing yet."""
    made = machine.heap.make((*machine.site(node), cls), INSTANCE)
    machine.heap.hold(made, OF_CLASS, frozenset({cls}))
    given = EMPTY
    for function in member(frozenset({cls}), "__new__"):
        if function.type == FUNCTION:
            given |= machine.call_function(function, args.after(frozenset({cls})), node)
    instances = frozenset(obj for obj in given if obj.type == INSTANCE and not obj.immutable)
    if instances and len(instances) == len(given):
        return instances
    machine.heap.hold(made, ANY, frozenset(obj for obj in given - instances if not obj.immutable))
    return instances | {made}


def _initialize(machine: Machine, cls: Obj, made: Obj, args: Arguments, node: Instruction) -> bool:
    """Let an instance have its fields, by ``__init__`` and the like; return whether there is an ``__init__``."""
    own, of_class = frozenset({made}), frozenset({cls})
    _make_fields(machine, cls, made, args, node)
    has_init = False
    for function in member(of_class, "__init__"):
        if function.type == FUNCTION:
            has_init = True
            machine.call_function(function, args.after(own), node)
    if not has_init:
        _keep_arguments(machine, cls, made, args)
    for function in member(of_class, "__del__"):
        machine.finalize(made, bind(machine, made, function, node), node)
    for name in ("__post_init__", "__attrs_post_init__"):
        for function in member(of_class, name):
            if function.type == FUNCTION:
                # its parameters, if it has any, get what was given for fields that are only for it (InitVar)
                machine.call_function(function, any_arguments(function, args.all, own), node)
    return has_init


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
