"""Instances of the notebook's classes, members of its enumerations, and what ``super()`` gives."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects import records
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, given
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.keys import ANY, KEPT, LOST, OF_CLASS, SELF
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.kinds.definition import OwnCode
from soorgeon_clone.analysis.objects.lineage import member
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import (
    PLAIN_BASES,
    attributes,
    bind,
    call_members,
    delete_property,
    has_library_base,
    has_member,
    hold_in_member,
    library_bases,
    set_property,
)
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, LIB, METHOD, SUPER, UNKNOWN

_ANY_ONE = Arguments(((frozenset(), False),))
# bases whose methods are in no table, and do nothing with an instance
_QUIET_BASES = PLAIN_BASES | {"enum.Enum", "enum.IntEnum", "typing.NamedTuple"}


class Instance(OwnCode):
    types = frozenset({INSTANCE})

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        if obj.immutable and name in ("name", "value"):
            return contents(frozenset({obj})) if name == "value" else frozenset({machine.heap.atom("builtins.str")})
        if name == "__dict__":
            return attributes(machine, obj)
        if name == "__class__":
            return obj.classes
        stored = obj.fields.get(name, EMPTY)
        found = _held_as(obj, name) | call_members(machine, obj, "__getattribute__", _ANY_ONE, node)
        found |= contents(frozenset(view for view in obj.views if view.is_attributes))
        members = member(obj.classes, name)
        for held in members:
            found |= bind(machine, obj, held, node)
        if not found or (not stored and not members and has_library_base(obj)):
            is_there = records.has_field(obj, name)
            found |= (
                frozenset({machine.heap.atom("builtins.scalar")})
                if is_there
                else _missing_attribute(machine, obj, node)
            )
        return found

    def item(self, machine: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        if obj.immutable:
            return super().item(machine, obj, index, node)
        if isinstance(index.constant, int) and (field := records.field_at(obj, index.constant)) is not None:
            return field
        has_own = member(obj.classes, "__getitem__")
        return EMPTY if has_own and not has_library_base(obj) else contents(frozenset({obj}))

    def elements(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        result: set[Obj] = set()
        for name in ("__iter__", "__next__", "__getitem__"):
            value = call_members(machine, obj, name, _ANY_ONE, node)
            if name == "__iter__":
                value = machine.elements(value - {obj}, node)
            result.update(value)
        if not result or has_library_base(obj):
            result.update(contents(frozenset({obj})))
        return frozenset(result)

    def store_attribute(self, machine: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
        if obj.immutable:
            hold_in_member(machine, obj, name, value)
            for cls in obj.classes:  # pickle finds the member of an enumeration by its class
                machine.change_one(cls)
            return
        set_property(machine, obj, name, value, node)
        if name == "__class__":
            machine.heap.hold(obj, OF_CLASS, value)
        elif name == "__dict__":
            _take_attributes(machine, obj, value)
        super().store_attribute(machine, obj, name, value, node)

    def delete_attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> None:
        delete_property(machine, obj, name, node)
        super().delete_attribute(machine, obj, name, node)

    def change(self, machine: Machine, obj: Obj, stored: str) -> None:
        machine.change_one(obj)

    def call(self, machine: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        result = call_members(machine, obj, "__call__", args, node)
        if not result or has_library_base(obj):
            result |= inherited_method(machine, obj, "__call__", args, node)
        return result

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        if not has_member(obj, name):
            if name in _BY_NAME:
                return machine.call_library(_BY_NAME[name], args.after(frozenset({obj})), node)
            return inherited_method(machine, obj, name, args, node)
        return super().call_method(machine, obj, name, args, node)

    def enter(self, machine: Machine, obj: Obj, node: Instruction) -> Value:
        made = call_members(machine, obj, "__aenter__", NO_ARGUMENTS, node)
        waited_for = contents(frozenset(o for o in made if o.type == "builtins.coroutine"))
        return call_members(machine, obj, "__enter__", NO_ARGUMENTS, node) | waited_for


# methods that every object has -> functions that do the same
_BY_NAME = {f"__{name}__": f"builtins.{name.removesuffix('ibute')}" for name in ("getattribute", "setattr", "delattr")}


def _take_attributes(machine: Machine, obj: Obj, value: Value) -> None:
    """``self.__dict__ = shared``: the attributes of an object are those of another, which pickle does not know."""
    machine.heap.hold_words(obj, LOST, "__dict__")
    for other in value:
        if not other.immutable:
            machine.heap.hold(obj, ANY, contents(frozenset({other})))
            machine.heap.view(obj, other)


def _missing_attribute(machine: Machine, obj: Obj, node: Instruction) -> Value:
    """Return what an attribute that an instance's own class does not have may be."""
    found = call_members(machine, obj, "__getattr__", _ANY_ONE, node)
    if has_library_base(obj):
        part = machine.heap.make(("inherited", obj), UNKNOWN, inside=frozenset({obj}))
        found |= {part}
    return found or frozenset({machine.heap.atom("builtins.scalar")})


def _held_as(obj: Obj, name: str) -> Value:
    """Return what an instance may hold as an attribute: what was assigned to it, else also what its base keeps."""
    stored = obj.fields.get(name, EMPTY)
    return stored | obj.fields.get(ANY, EMPTY) | (EMPTY if stored else obj.fields.get(KEPT, EMPTY))


def inherited_method(machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
    """Call a method that an instance has from elsewhere than its class: a library base, ``__getattr__``, a field."""
    fields = _held_as(obj, name)
    result = EMPTY
    callables = frozenset(o for o in fields if o.type in (FUNCTION, CLASS, METHOD, LIB, UNKNOWN))
    if callables:
        result |= machine.call(callables, args, node)
    bases = library_bases(obj.classes)
    for function in member(obj.classes, "__getattr__"):
        result |= machine.call(machine.call(bind(machine, obj, function, node), _ANY_ONE, node), args, node)
    own = frozenset({obj})
    for base in bases:
        if base.type != LIB or base.path in _QUIET_BASES:
            continue
        path = f"{base.path}.{name}"
        names = machine.knowledge.parameters(path)
        effect = machine.knowledge.method(base.path, name, given(args, names))
        reason = machine.blame(node, f"{UNDESCRIBED}: {path}" if effect is None else path, feared=effect is None)
        machine.run_all_methods(obj, args.all, node)
        machine.heap.reason = reason
        if effect is not None and machine.knowledge.type(base.path) is not None:
            result |= machine.apply(effect, own, args, node, path=path, names=names)
            machine.change(own if "self" in effect.changes else EMPTY)
        else:
            result |= machine.unknown(own, args, node, path)
    if name in ("_replace", "_asdict") and not result:
        return _named_tuple_method(machine, obj, name, args, node)
    if not bases and not result:
        result = fields or frozenset({machine.heap.atom("builtins.scalar")})
    return result


def _named_tuple_method(machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
    own = frozenset({obj})
    made = (
        machine.like(own, node)
        if name == "_replace"
        else frozenset({machine.heap.make(machine.site(node), "builtins.dict")})
    )
    for copy in made:
        if name == "_asdict":
            machine.heap.hold(copy, ANY, contents(own))
        for keyword, value in args.keywords:
            machine.heap.hold(copy, keyword if keyword and records.has_field(obj, keyword) else ANY, value)
    return made


def _bases_of_class(view: Obj) -> Value:
    """Return what a class, seen as one of its bases, is derived from."""
    is_class = all(own.type == CLASS for own in view.fields[SELF])
    return EMPTY.union(*(cls.bases for cls in view.classes)) if is_class else EMPTY


class Super(Kind):
    """An instance, or a class, seen as one of the bases."""

    types = frozenset({SUPER})

    def attribute(self, machine: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        """Return a member of the bases, bound to the instance itself."""
        found = EMPTY
        for held in member(obj.classes, name):
            for own in obj.fields[SELF]:
                found |= bind(machine, own, held, node)
        return found or machine.attribute(_bases_of_class(obj), name, node)

    def call_method(self, machine: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        found = self.attribute(machine, obj, name, node) if member(obj.classes, name) else EMPTY
        if found:
            return machine.call(found, args, node)
        if bases := _bases_of_class(obj):
            return machine.call_method(bases, name, args, node)
        own = obj.fields[SELF]
        if not (name.startswith("__") and name.endswith("__")):
            return EMPTY.union(*(inherited_method(machine, each, name, args, node) for each in own))
        for each in own:
            machine.heap.hold(each, ANY, args.all)
            if name not in ("__init__", "__new__", "__post_init__"):
                machine.change_one(each)
        return frozenset({machine.heap.atom("builtins.scalar")}) if name != "__new__" else own
