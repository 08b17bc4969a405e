"""Instances of the notebook's classes, members of its enumerations, and what ``super()`` gives."""

from __future__ import annotations

from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects import records
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, given
from soorgeon_clone.analysis.objects.heap import (
    ANY,
    CLASS,
    EMPTY,
    FUNCTION,
    INSTANCE,
    LIB,
    LOST,
    METHOD,
    OF_CLASS,
    SELF,
    SUPER,
    UNKNOWN,
    Obj,
    Value,
)
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.kinds.definition import OwnCode
from soorgeon_clone.analysis.objects.lineage import member
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import (
    PLAIN_BASES,
    attributes,
    bind,
    delete_property,
    has_library_base,
    has_member,
    library_bases,
    set_property,
)
from soorgeon_clone.analysis.objects.parts import contents

_ANY_ONE = Arguments(((frozenset(), False),))
# bases whose methods are in no table, and do nothing with an instance
_QUIET_BASES = PLAIN_BASES | {"enum.Enum", "enum.IntEnum", "typing.NamedTuple"}


class Instance(OwnCode):
    types = frozenset({INSTANCE})

    def attribute(self, w: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        if obj.immutable and name in ("name", "value"):
            return contents(frozenset({obj})) if name == "value" else frozenset({w.heap.atom("builtins.str")})
        if name == "__dict__":
            return attributes(w, obj)
        if name == "__class__":
            return obj.classes
        found = obj.fields.get(name, EMPTY) | obj.fields.get(ANY, EMPTY)
        for function in member(obj.classes, "__getattribute__"):
            found |= w.call(bind(w, obj, function, node), _ANY_ONE, node)
        found |= contents(frozenset(view for view in obj.views if view.is_attributes))
        members = member(obj.classes, name)
        for held in members:
            found |= bind(w, obj, held, node)
        if not found or (not members and has_library_base(obj)):
            is_there = records.has_field(obj, name)
            found |= frozenset({w.heap.atom("builtins.scalar")}) if is_there else _missing_attribute(w, obj, node)
        return found

    def item(self, w: Machine, obj: Obj, index: Index, node: Instruction) -> Value:
        if obj.immutable:
            return super().item(w, obj, index, node)
        if isinstance(index.constant, int) and (field := records.field_at(obj, index.constant)) is not None:
            return field
        has_own = member(obj.classes, "__getitem__")
        return EMPTY if has_own and not has_library_base(obj) else contents(frozenset({obj}))

    def elements(self, w: Machine, obj: Obj, node: Instruction) -> Value:
        result: set[Obj] = set()
        for name in ("__iter__", "__next__", "__getitem__"):
            for held in member(obj.classes, name):
                value = w.call(bind(w, obj, held, node), _ANY_ONE, node)
                if name == "__iter__":
                    value = w.elements(frozenset(o for o in value if o is not obj), node)
                result.update(value)
        if not result or has_library_base(obj):
            result.update(contents(frozenset({obj})))
        return frozenset(result)

    def store_attribute(self, w: Machine, obj: Obj, name: str, value: Value, node: Instruction) -> None:
        if obj.immutable:
            for cls in obj.classes:  # pickle finds the member of an enumeration by its class
                w.change_one(cls)
            return
        set_property(w, obj, name, value, node)
        if name == "__class__":
            w.heap.hold(obj, OF_CLASS, value)
        elif name == "__dict__":
            _take_attributes(w, obj, value)
        super().store_attribute(w, obj, name, value, node)

    def delete_attribute(self, w: Machine, obj: Obj, name: str, node: Instruction) -> None:
        delete_property(w, obj, name, node)
        super().delete_attribute(w, obj, name, node)

    def change(self, w: Machine, obj: Obj, stored: str) -> None:
        w.change_one(obj)

    def call(self, w: Machine, obj: Obj, args: Arguments, node: Instruction) -> Value:
        result = EMPTY
        for function in member(obj.classes, "__call__"):
            result |= w.call(bind(w, obj, function, node), args, node)
        if not result or has_library_base(obj):
            result |= inherited_method(w, obj, "__call__", args, node)
        return result

    def call_method(self, w: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        if not has_member(obj, name):
            return inherited_method(w, obj, name, args, node)
        return super().call_method(w, obj, name, args, node)

    def enter(self, w: Machine, obj: Obj, node: Instruction) -> Value:
        result: set[Obj] = set()
        for function in member(obj.classes, "__enter__"):
            result.update(w.call(bind(w, obj, function, node), NO_ARGUMENTS, node))
        for function in member(obj.classes, "__aenter__"):
            made = w.call(bind(w, obj, function, node), NO_ARGUMENTS, node)
            result.update(contents(frozenset(o for o in made if o.type == "builtins.coroutine")))
        return frozenset(result)


def _take_attributes(w: Machine, obj: Obj, value: Value) -> None:
    """``self.__dict__ = shared``: the attributes of an object are those of another, which pickle does not know."""
    w.heap.hold_words(obj, LOST, "__dict__")
    for other in value:
        if not other.immutable:
            w.heap.hold(obj, ANY, contents(frozenset({other})))
            w.heap.view(obj, other)


def _missing_attribute(w: Machine, obj: Obj, node: Instruction) -> Value:
    """Return what an attribute that an instance's own class does not have may be."""
    found = EMPTY
    for function in member(obj.classes, "__getattr__"):
        found |= w.call(bind(w, obj, function, node), _ANY_ONE, node)
    if has_library_base(obj):
        part = w.heap.make(("inherited", obj), UNKNOWN)
        w.heap.hold(part, ANY, frozenset({obj}))
        found |= {part}
    return found or frozenset({w.heap.atom("builtins.scalar")})


def inherited_method(w: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
    """Call a method that an instance has from elsewhere than its class: a library base, ``__getattr__``, a field."""
    fields = obj.fields.get(name, EMPTY) | obj.fields.get(ANY, EMPTY)
    result = EMPTY
    callables = frozenset(o for o in fields if o.type in (FUNCTION, CLASS, METHOD, LIB, UNKNOWN))
    if callables:
        result |= w.call(callables, args, node)
    bases = library_bases(obj.classes)
    for function in member(obj.classes, "__getattr__"):
        result |= w.call(w.call(bind(w, obj, function, node), _ANY_ONE, node), args, node)
    own = frozenset({obj})
    for base in bases:
        if base.type != LIB or base.path in _QUIET_BASES:
            continue
        path = f"{base.path}.{name}"
        names = w.knowledge.parameters(path)
        effect = w.knowledge.method(base.path, name, given(args, names))
        reason = w.blame(node, f"{UNDESCRIBED}: {path}" if effect is None else path, feared=effect is None)
        w.run_all_methods(obj, args.all, node)
        w.heap.reason = reason
        if effect is not None and w.facts_of(base.path) is not None:
            result |= w.apply(effect, own, args, node, path=path, names=names)
            w.change(own if "self" in effect.changes else EMPTY)
        else:
            result |= w.unknown(own, args, node, path)
    if name in ("_replace", "_asdict") and not result:
        return _named_tuple_method(w, obj, name, args, node)
    if not bases and not result:
        result = fields or frozenset({w.heap.atom("builtins.scalar")})
    return result


def _named_tuple_method(w: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
    own = frozenset({obj})
    made = w.like(own, node) if name == "_replace" else frozenset({w.heap.make(w.site(node), "builtins.dict")})
    for copy in made:
        if name == "_asdict":
            w.heap.hold(copy, ANY, contents(own))
        for keyword, value in args.keywords:
            w.heap.hold(copy, keyword if keyword and records.has_field(obj, keyword) else ANY, value)
    return made


class Super(Kind):
    """An instance, seen as one of the bases."""

    types = frozenset({SUPER})

    def attribute(self, w: Machine, obj: Obj, name: str, node: Instruction) -> Value:
        """Return a member of the bases, bound to the instance itself."""
        found = EMPTY
        for held in member(obj.classes, name):
            for own in obj.fields[SELF]:
                found |= bind(w, own, held, node)
        return found

    def call_method(self, w: Machine, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
        found = self.attribute(w, obj, name, node)
        if found:
            return w.call(found, args, node)
        own = obj.fields[SELF]
        if not (name.startswith("__") and name.endswith("__")):
            return EMPTY.union(*(inherited_method(w, each, name, args, node) for each in own))
        for each in own:
            w.heap.hold(each, ANY, args.all)
            if name not in ("__init__", "__new__", "__post_init__"):
                w.change_one(each)
        return frozenset({w.heap.atom("builtins.scalar")}) if name != "__new__" else own
