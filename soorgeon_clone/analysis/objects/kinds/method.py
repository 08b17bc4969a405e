"""What is bound to an object: methods, and what `functools.partial` and the like make."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Decorate, Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments, constant
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import FUNC, SELF
from soorgeon_clone.analysis.objects.kind import dress
from soorgeon_clone.analysis.objects.kinds.definition import OwnCode
from soorgeon_clone.analysis.objects.kinds.instance import inherited_method
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.types import CODE_TYPES, INSTANCE, LIB, METHOD

PARTIAL = "functools.partial"
ARGUMENTS, KEYWORDS = PARTS_OF_PARTIAL = ("args", "keywords")
METHOD_CALLER = "operator.methodcaller"
ATTRIBUTE_GETTER = "operator.attrgetter"


def _part_of_partial(obj: Obj, name: str) -> Value:
    """Return the function, the arguments, or the dictionary of keywords, which whoever has it may change."""
    if name == "func":
        return obj.fields.get("partial", EMPTY)
    return obj.fields.get(name, EMPTY) if name in PARTS_OF_PARTIAL else EMPTY


def _holds_code(machine: Machine, value: Value) -> bool:
    return any(obj.type in CODE_TYPES for obj in machine.heap.reach(value))


class Method(OwnCode):
    types = frozenset({METHOD})

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        if name == "__call__":
            return frozenset({obj})
        if obj.name == PARTIAL:
            return _part_of_partial(obj, name)
        return obj.fields.get(SELF, EMPTY)

    def decorate(self, machine: Machine, obj: Obj, value: Value, node: Decorate) -> Value:
        """With options, a function of a library does what it does without them: ``@partial(jit, inline=True)``."""
        functions = obj.fields.get("partial", EMPTY) if obj.name == PARTIAL else EMPTY
        has_options = functions and not obj.bound.positional and not _holds_code(machine, obj.bound.all)
        if not has_options or any(function.type != LIB for function in functions):
            return super().decorate(machine, obj, value, node)
        for function in functions:
            dress(function.path, value)
        machine.decorated(value, node)
        return value

    def change(self, machine: Machine, obj: Obj, stored: str) -> None:
        machine.change_one(obj)

    def call(self, machine: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        if obj.name == PARTIAL:
            later = {name for name, _ in args.keywords}
            put = contents(obj.fields.get(KEYWORDS, EMPTY))  # into its dictionary of them, since
            kept = tuple((name, value | put) for name, value in obj.bound.keywords if name not in later)
            whole = Arguments((*obj.bound.positional, *args.positional), (*kept, *args.keywords))
            return machine.call(obj.fields.get("partial", EMPTY), whole, node)
        if obj.name == METHOD_CALLER:
            name, *rest = obj.bound.positional
            return machine.call_method(args.first, constant(name[0]), Arguments(tuple(rest), obj.bound.keywords), node)
        if obj.name == ATTRIBUTE_GETTER:
            return _attributes(machine, obj, args.first, node)
        own = obj.fields.get(SELF, EMPTY)
        functions = obj.fields.get(FUNC, EMPTY)
        if functions:
            return machine.call(functions, args.after(own), node)
        return machine.unless_running(obj, obj, lambda: _call_by_name(machine, own, obj.name, args, node))


def _call_by_name(machine: Machine, own: Value, name: str, args: Arguments, node: Instruction) -> Value:
    result = machine.call_method(frozenset(o for o in own if o.type != INSTANCE), name, args, node)
    for instance in own:
        if instance.type == INSTANCE:
            result |= inherited_method(machine, instance, name, args, node)
    return result


def _attributes(machine: Machine, getter: Obj, value: Value, node: Instruction) -> Value:
    """Return what ``attrgetter("a.b", "c")`` gives of an object: properties run."""
    found = []
    for name, _ in getter.bound.positional:
        part = value
        for each in str(constant(name)).split("."):
            part = machine.attribute(part, each, node)
        found.append(part)
    if len(found) == 1:
        return found[0]
    made = machine.heap.make((*machine.site(node), getter), "builtins.tuple")
    for place, part in enumerate(found):
        machine.heap.hold(made, str(place), part)
    return frozenset({made})
