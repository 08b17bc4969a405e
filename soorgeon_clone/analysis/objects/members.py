"""Classes of the notebook and their members: which there are, and what reading one through an object gives."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments, any_arguments, arity, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, CACHED, FUNC, KEYWORDS, MEMBERS, OF_CLASS, SELF
from soorgeon_clone.analysis.objects.lineage import lineage, member
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents, mutable
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, METHOD

PARTIAL_METHOD = "functools.partialmethod"
PLAIN_BASES = frozenset({"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"})


def library_bases(classes: Value) -> list[Obj]:
    """Return the bases that are not classes of the notebook."""
    return [base for cls in lineage(classes) for base in cls.bases if base.type != CLASS]


def has_library_base(obj: Obj) -> bool:
    return any(base.path not in PLAIN_BASES for base in library_bases(obj.classes))


def has_member(obj: Obj, name: str) -> bool:
    return bool(obj.fields.get(name)) or bool(member(obj.classes, name))


def metaclasses(cls: Obj) -> Value:
    """Return the metaclasses of the notebook that a class has, of its own or from its bases."""
    given = (part.fields.get(KEYWORDS, EMPTY) for part in lineage((cls,)))
    return frozenset(obj for value in given for obj in value if obj.type == CLASS)


def bind(machine: Machine, obj: Obj, held: Obj, node: Instruction, *, of_metaclass: bool = False) -> Value:
    """Return what reading a class's member through an instance gives; ``of_metaclass``: its instance is a class."""
    if held.type == METHOD and held.name == PARTIAL_METHOD:
        return _bind_partial(machine, held, obj)
    if held.type == INSTANCE:
        own = frozenset({obj})
        return frozenset({held}) | run_descriptor(machine, held, "__get__", (own, obj.classes or own), node)
    if held.type != FUNCTION:
        return frozenset({held})
    decorators = {d.rpartition(".")[2] for d in held.code.decorators}
    if decorators & {"property", "cached_property", "getter"}:
        value = machine.call_function(held, passing(frozenset({obj})), node)
        if "cached_property" in decorators:
            machine.heap.hold(obj, CACHED, value)
            machine.change_one(obj)
        return value
    if "staticmethod" in decorators:
        return frozenset({held})
    if obj.type == CLASS and "classmethod" not in decorators and not of_metaclass:
        return frozenset({held})
    made = machine.heap.make(("bound", obj, held), METHOD)
    is_of_class = "classmethod" in decorators and obj.type == INSTANCE
    return bind_by_hand(machine, made, held, obj.classes if is_of_class else frozenset({obj}))


def call_members(machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
    """Return what the methods of a name give that the classes of an instance have."""
    return EMPTY.union(
        *(machine.call(bind(machine, obj, held, node), args, node) for held in member(obj.classes, name))
    )


def bind_by_hand(machine: Machine, made: Obj, function: Obj, own: Value) -> Value:
    """Let ``made`` be the method that a function is with ``own`` as its first argument, and return it."""
    made.name = function.name
    machine.heap.hold(made, FUNC, frozenset({function}))
    machine.heap.hold(made, SELF, own)
    return frozenset({made})


def _bind_partial(machine: Machine, held: Obj, own: Obj) -> Value:
    """Return the method of an instance that ``functools.partialmethod`` in its class stands for."""
    made = machine.heap.make(("bound", own, held), METHOD)
    made.name = "functools.partial"
    for key, value in held.fields.items():
        machine.heap.hold(made, key, value)
    machine.heap.hold(made, "argument:self", frozenset({own}))
    made.bound = held.bound.after(frozenset({own}))
    return frozenset({made})


def run_descriptor(machine: Machine, obj: Obj, name: str, values: tuple[Value, ...], node: Instruction) -> Value:
    """Run ``__get__`` and the like of an instance that is an attribute of a class; return what it gives."""
    result = EMPTY
    for each in member(obj.classes, name):
        if each.type == FUNCTION:
            result |= _run_once(machine, obj, each, passing(frozenset({obj}), *values), node)
    return result


def _run_once(machine: Machine, obj: Obj, method: Obj, args: Arguments, node: Instruction) -> Value:
    """Return what a method gives, unless it is followed already."""
    return machine.unless_running(obj, method, lambda: machine.call_function(method, args, node))


def bare_instance(machine: Machine, args: Arguments, node: Instruction) -> Value:
    """Return the instance of a class of the notebook that ``object.__new__(cls, ...)`` gives, before ``__init__``."""
    made = machine.heap.make((*machine.site(node), "new"), INSTANCE)
    machine.heap.hold(made, OF_CLASS, frozenset(obj for obj in args.first if obj.type == CLASS))
    machine.heap.hold(made, ANY, mutable(args.all - args.first))
    return frozenset({made})


def set_property(machine: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
    """Run a property's setter or ``__setattr__`` where a class of the notebook has one."""
    _run_property(machine, obj, name, (value, value), ("__setattr__", f"{name}.setter", "__set__"), node)


def delete_property(machine: Machine, obj: Obj, name: str, node: Instruction) -> None:
    """Run a property's deleter or ``__delattr__`` where a class of the notebook has one."""
    _run_property(machine, obj, name, (EMPTY,), ("__delattr__", f"{name}.deleter", "__delete__"), node)


def _run_property(
    machine: Machine, obj: Obj, name: str, values: tuple[Value, ...], words: tuple[str, str, str], node: Instruction
) -> None:
    special, decorator, of_descriptor = words
    own = frozenset({obj})
    for key in (special, name):
        for each in member(obj.classes, key):
            if each.type == INSTANCE:
                run_descriptor(machine, each, of_descriptor, (own, *values[1:]), node)
            elif each.type == FUNCTION and (key == special or decorator in each.code.decorators):
                _run_once(machine, obj, each, passing(*(own, *values)[: arity(each)]), node)


def enum_member(machine: Machine, cls: Obj, name: str) -> Value:
    """Return the member of an enumeration: one object for good, which pickle finds by its class."""
    value = cls.fields.get(name, EMPTY)
    if not value or name.startswith(("_", "*")) or any(o.type == FUNCTION for o in value):
        return EMPTY
    if not any(base.path.startswith("enum.") for base in library_bases(frozenset({cls}))):
        return EMPTY
    made = machine.heap.make(("member", cls, name), INSTANCE, immutable=True)
    made.fields = {**made.fields, OF_CLASS: frozenset({cls}), "value": value}
    return frozenset({made})


def enum_members(machine: Machine, cls: Obj) -> Value:
    """Return all members of an enumeration; nothing for other classes."""
    return EMPTY.union(*(enum_member(machine, cls, name) for name in list(cls.fields)))


def make_enum_members(machine: Machine, cls: Obj, node: Instruction) -> None:
    """Run what an enumeration makes its members with, when it is defined."""
    for constructor in ("__new__", "__init__"):
        for function in member(frozenset({cls}), constructor):
            for one in enum_members(machine, cls) if function.type == FUNCTION else ():
                given = one.fields["value"] | contents(one.fields["value"])
                first = cls if constructor == "__new__" else one
                passed = any_arguments(function, given, frozenset({first}))
                for made in machine.call_function(function, passed, node):
                    for key, value in list(made.fields.items()) if made.type == INSTANCE else ():
                        if not key.startswith("*"):
                            hold_in_member(machine, one, key, value)


def hold_in_member(machine: Machine, obj: Obj, name: str, value: Value) -> None:
    """Let the member of an enumeration have an attribute; its class holds what that is, for pickle never takes it."""
    if not value <= obj.fields.get(name, EMPTY):
        obj.fields[name] = obj.fields.get(name, EMPTY) | value
        machine.heap.grew(obj)
    for cls in obj.classes:
        machine.heap.hold(cls, MEMBERS, value)


def attributes(machine: Machine, obj: Obj) -> Value:
    """Return the dictionary of an object (``vars(x)``): what changes one changes the other."""
    made = machine.heap.attributes(obj)
    machine.heap.hold(made, ANY, contents(frozenset({obj})))
    machine.heap.view(made, obj)
    return frozenset({made})
