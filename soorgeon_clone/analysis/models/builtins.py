"""Builtins: pairs, iterators, dictionaries, attributes by name, code as text."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.models.code_in_texts import own_variables
from soorgeon_clone.analysis.models.collections import make_class, make_mapping
from soorgeon_clone.analysis.models.importlib import dunder_import
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, constant, passing
from soorgeon_clone.analysis.objects.comparing import note_asked_for
from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, SOURCE
from soorgeon_clone.analysis.objects.lineage import lineage, member
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import bind, has_member
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.types import CLASS, INSTANCE, LIB, UNKNOWN
from soorgeon_clone.analysis.objects.using import is_advancing, iterate


def _id(machine: Machine, args: Arguments, node: Instruction) -> None:
    note_asked_for(machine, "`id`", args.first)
    for obj in args.first:
        if not obj.immutable:
            machine.heap.note_identity(obj)


def _hash(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """The hash of a text or number is no number of an object."""
    if not args.first or not all(obj.immutable and not obj.fields for obj in args.first):
        return None
    return frozenset({machine.heap.atom("builtins.int")})


def _type(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    if len(args.positional) == 3:
        return make_class(machine, args, node)
    result: set[Obj] = set()
    for obj in args.first:
        if obj.type == INSTANCE:
            result.update(obj.classes)
        elif "." in obj.type and not obj.type.endswith("*"):
            result.add(machine.heap.lib(obj.type))
        else:
            result.add(machine.heap.atom("builtins.scalar"))
    return frozenset(result)


def _enumerate(machine: Machine, args: Arguments, node: Instruction) -> Value:
    iterate(machine, args.first)
    pair = _tuple(machine, node, [frozenset({machine.heap.atom("builtins.int")}), machine.elements(args.first, node)])
    return _iterator(machine, node, pair, args.first)


def _zip(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    if any(starred for _, starred in args.positional):
        return None
    parts = []
    for value, _ in args.positional:
        iterate(machine, value)
        parts.append(machine.elements(value, node))
    return _iterator(machine, node, _tuple(machine, node, parts), args.all)


def _tuple(machine: Machine, node: Instruction, parts: list[Value]) -> Value:
    made = machine.heap.make((*machine.site(node), "pair"), "builtins.tuple")
    for index, part in enumerate(parts):
        machine.heap.hold(made, str(index), part)
    return frozenset({made})


def _iterator(machine: Machine, node: Instruction, element: Value, sources: Value) -> Value:
    made = machine.heap.make((*machine.site(node), "iterator"), "builtins.iterator", inside=element)
    machine.heap.hold(made, SOURCE, frozenset(o for o in sources if is_advancing(machine, o)))
    return frozenset({made})


def _iter(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    own = args.first
    if len(args.positional) != 1 or not own:
        return None
    if not all(obj.type == INSTANCE and has_member(obj, "__iter__") for obj in own):
        return None
    return machine.call_method(own, "__iter__", NO_ARGUMENTS, node)


def _getattr(machine: Machine, args: Arguments, node: Instruction) -> Value:
    name = constant(args.at(1))
    default = args.at(2)
    if isinstance(name, str):
        return machine.attribute(args.first, name, node) | default
    found = args.first | contents(args.first) | default
    for obj in args.first:
        if obj.type == INSTANCE:
            for cls in lineage(obj.classes):
                for key, members in cls.fields.items():
                    if not key.startswith("*"):
                        for held in members:
                            found |= bind(machine, obj, held, node)
        elif (variables := machine.module_variables(obj)) is not None:
            found |= variables
        elif obj.type == LIB:
            found |= frozenset({machine.heap.make((*machine.site(node), obj), UNKNOWN)})
    return found


def _setattr(machine: Machine, args: Arguments, node: Instruction) -> Value:
    name = constant(args.at(1))
    for obj in args.first:
        machine.store_attribute(obj, name if isinstance(name, str) else ANY, args.at(2), node)
    return frozenset({machine.heap.atom("builtins.NoneType")})


def _vars(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    if not args.all:
        return own_variables(machine, args, node)
    found = [
        machine.attribute(frozenset({obj}), "__dict__", node)
        for obj in args.first
        if obj.type == LIB or not obj.immutable
    ]
    return frozenset().union(*found) if found and len(found) == len(args.first) else None


def _dir(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    """``dir()``: the names of all variables that there are."""
    if args.all:
        return None
    machine.list_variables("dir() shows the variables of the notebook")
    made = machine.heap.make(machine.site(node), "builtins.list", inside=frozenset({machine.heap.atom("builtins.str")}))
    return frozenset({made})


def _is_of(machine: Machine, args: Arguments, node: Instruction) -> None:
    """``isinstance`` and ``issubclass`` may ask the class that they are given."""
    for cls in args.at(1) | contents(args.at(1)):
        if cls.type == CLASS and member((cls,), "__subclasshook__"):
            machine.call_method(frozenset({cls}), "__subclasshook__", passing(args.first), node)


def _float(machine: Machine, args: Arguments, node: Instruction) -> Value | None:
    text = constant(args.first)
    if isinstance(text, str) and text.strip().lower().lstrip("+-") == "nan":
        return frozenset({machine.heap.number("float('nan')")})
    return None


FUNCTIONS = {
    "builtins.id": _id,
    "builtins.hash": _hash,
    "builtins.float": _float,
    "builtins.type": _type,
    "builtins.dir": _dir,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.iter": _iter,
    "builtins.dict": make_mapping,
    "builtins.getattr": _getattr,
    "builtins.object.__getattribute__": _getattr,
    "builtins.type.__getattribute__": _getattr,
    "builtins.setattr": _setattr,
    "builtins.type.__setattr__": _setattr,
    "builtins.object.__setattr__": _setattr,
    "builtins.vars": _vars,
    "builtins.isinstance": _is_of,
    "builtins.issubclass": _is_of,
    "builtins.__import__": dunder_import,
}
