"""Classes of the notebook: instances, members, special methods, properties, super()."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from soorgeon_clone.analysis import access, bodies, calls, library, lineage, structures, undescribed
from soorgeon_clone.analysis.effects import UNDESCRIBED, Effect
from soorgeon_clone.analysis.heap import CLASS, EMPTY, FUNCTION, INSTANCE, LIB, METHOD, UNKNOWN, Obj, Value
from soorgeon_clone.analysis.lower.instructions import Call, Decorate, Instruction
from soorgeon_clone.analysis.state import Scope

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker


PROPERTY_PARTS = ("setter", "getter", "deleter")

_PLAIN_BASES = frozenset({"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"})


def library_bases(w: Walker, classes: Value) -> list[Obj]:
    """Return the bases that are not classes of the notebook."""
    return [b for c in lineage.lineage(classes) for b in c.fields.get("*bases", EMPTY) if b.type != CLASS]


def class_member(w: Walker, classes: Value, name: str) -> Value:
    """Return what the nearest class that has ``name`` holds under it."""
    return lineage.member(classes, name)


def has_member(w: Walker, obj: Obj, name: str) -> bool:
    return bool(obj.fields.get(name)) or bool(class_member(w, obj.fields["*class"], name))


def has_library_base(w: Walker, obj: Obj) -> bool:
    return any(b.path not in _PLAIN_BASES for b in library_bases(w, obj.fields["*class"]))


def bind_method(w: Walker, obj: Obj, member: Obj, node: Instruction) -> Value:
    """Return what reading a class's member through an instance gives."""
    if member.type == METHOD and member.path == "functools.partialmethod":
        return structures.bind_partialmethod(w, member, obj)
    if member.type == INSTANCE:
        own = frozenset({obj})
        return frozenset({member}) | run_descriptor(w, member, "__get__", (own, obj.fields.get("*class", own)), node)
    if member.type != FUNCTION:
        return frozenset({member})
    decorators = {d.rpartition(".")[2] for d in member.code.decorators}
    if decorators & {"property", "cached_property", "getter"}:
        own = frozenset({obj})
        value = bodies.call_function(w, member, calls.Arguments(((own, False),)), node)
        if "cached_property" in decorators:
            w.heap.hold(obj, "*cached", value)
            w.change_one(obj)
        return value
    if "staticmethod" in decorators:
        return frozenset({member})
    if obj.type == CLASS and "classmethod" not in decorators:
        return frozenset({member})
    made = w.heap.make(("bound", obj, member), METHOD)
    made.path = member.path
    w.heap.hold(made, "func", frozenset({member}))
    own_value = frozenset({obj})
    if "classmethod" in decorators and obj.type == INSTANCE:
        own_value = obj.fields["*class"]
    w.heap.hold(made, "self", own_value)
    return frozenset({made})


def instantiate(w: Walker, cls: Obj, args: calls.Arguments, node: Instruction) -> Value:
    """Return a new instance of a notebook class; ``__init__`` and the like run."""
    if members := access.enum_members(w, cls):
        for function in class_member(w, frozenset({cls}), "_missing_"):
            members |= calls.call(w, bind_method(w, cls, function, node), args, node)
        return members
    made = w.heap.make((*w.site(node), cls), INSTANCE)
    w.heap.hold(made, "*class", frozenset({cls}))
    own = frozenset({made})
    found = False
    for part in lineage.lineage(frozenset({cls})):
        for key, factory in list(part.fields.items()):
            if key.startswith("*factory:"):
                value = calls.call(w, factory, calls.NO_ARGUMENTS, node)
                w.heap.hold(made, key[9:], frozenset(o for o in value if o.type != LIB) or factory)
    for name in ("__new__", "__init__"):
        member = class_member(w, frozenset({cls}), name)
        for function in member:
            if function.type == FUNCTION:
                if name == "__init__":
                    found = True
                first = frozenset({cls}) if name == "__new__" else own
                value = bodies.call_function(
                    w, function, calls.Arguments(((first, False), *args.positional), args.keywords), node
                )
                if name == "__new__":
                    for obj in value:
                        if obj.type != INSTANCE and not obj.immutable:
                            w.heap.hold(made, "*", frozenset({obj}))
    if not found:
        _keep_arguments(w, cls, made, args)
    for function in class_member(w, frozenset({cls}), "__del__"):
        undescribed.finalize(w, made, bind_method(w, made, function, node), node)
    for name in ("__post_init__", "__attrs_post_init__"):
        for function in class_member(w, frozenset({cls}), name):
            if function.type == FUNCTION:
                # its parameters, if it has any, get what was given for fields that are only for it (InitVar)
                bodies.call_function(w, function, undescribed.any_arguments(function, args.all, own), node)
    for function in class_member(w, metaclasses(cls), "__call__"):
        w.opaque("a metaclass decides what calling a class gives")
        first = frozenset({cls})
        bodies.call_function(w, function, calls.Arguments(((first, False), *args.positional), args.keywords), node)
    for base in library_bases(w, frozenset({cls})):
        if base.type == LIB and not found:
            names = w.knowledge.parameters(base.path)
            effect = w.knowledge.function(base.path, calls.given(args, names))
            if effect is not None and effect.draws:
                for resource in effect.draws:
                    w.draw(resource)
    return own


def _keep_arguments(w: Walker, cls: Obj, made: Obj, args: calls.Arguments) -> None:
    """Let an instance keep what it was given if its class has no ``__init__`` (dataclass, named tuple)."""
    fields = {key for part in lineage.lineage(frozenset({cls})) for key in part.fields}
    for value, _ in args.positional:
        w.heap.hold(made, "*", value)
    for keyword, value in args.keywords:
        if keyword is None:
            w.heap.hold(made, "*", access.contents(value))
        else:
            w.heap.hold(made, keyword if keyword in fields or f"*field:{keyword}" in fields else "*", value)


def library_method(w: Walker, obj: Obj, name: str, args: calls.Arguments, node: Instruction) -> Value:
    """Call a method that an instance has from elsewhere than its class: a library base, ``__getattr__``, a field."""
    fields = obj.fields.get(name, EMPTY) | obj.fields.get("*", EMPTY)
    result = EMPTY
    callables = frozenset(o for o in fields if o.type in (FUNCTION, CLASS, METHOD, LIB, UNKNOWN))
    if callables:
        result |= calls.call(w, callables, args, node)
    bases = library_bases(w, obj.fields["*class"])
    for function in class_member(w, obj.fields["*class"], "__getattr__"):
        value = calls.call(w, bind_method(w, obj, function, node), calls.Arguments(((frozenset(), False),)), node)
        result |= calls.call(w, value, args, node)
    own = frozenset({obj})
    for base in bases:
        if base.type != LIB:
            continue
        if base.path in _PLAIN_BASES or base.path in ("enum.Enum", "enum.IntEnum", "typing.NamedTuple"):
            continue
        path = f"{base.path}.{name}"
        names = w.knowledge.parameters(path)
        effect = w.knowledge.method(base.path, name, calls.given(args, names))
        reason = w.blame(node, f"{UNDESCRIBED}: {path}" if effect is None else path, feared=effect is None)
        undescribed.run_all_methods(w, obj, args.all, node)
        w.heap.reason = reason
        if effect is not None and w.facts_of(base.path) is not None:
            result |= library.apply(w, effect, own, args, node, path=path, names=names)
            w.change(effect_targets(effect, own))
        else:
            result |= undescribed.unknown(w, own, args, node, path)
    if name in ("_replace", "_asdict") and not result:
        return _named_tuple_method(w, obj, name, args, node)
    if not bases and not result:
        result = fields or frozenset({w.heap.atom("builtins.scalar")})
    return result


def _named_tuple_method(w: Walker, obj: Obj, name: str, args: calls.Arguments, node: Instruction) -> Value:
    if name == "_replace":
        made = library.like(w, frozenset({obj}), node)
    else:
        made = frozenset({w.heap.make(w.site(node), "builtins.dict")})
    for copy in made:
        w.heap.hold(copy, "*", access.contents(frozenset({obj})) | args.all)
    return made


def effect_targets(effect: Effect, own: Value) -> Value:
    return own if "self" in effect.changes else EMPTY


def missing_attribute(w: Walker, obj: Obj, name: str, node: Instruction) -> Value:
    """Return what an attribute that an instance's own class does not have may be."""
    found = EMPTY
    for function in class_member(w, obj.fields["*class"], "__getattr__"):
        found |= calls.call(w, bind_method(w, obj, function, node), calls.Arguments(((frozenset(), False),)), node)
    if has_library_base(w, obj):
        part = w.heap.make(("inherited", obj), UNKNOWN)
        w.heap.hold(part, "*", frozenset({obj}))
        found |= {part}
    return found or frozenset({w.heap.atom("builtins.scalar")})


_QUIET = frozenset(
    {"__init__", "__new__", "__post_init__", "__del__", "__init_subclass__", "__class_getitem__", "__call__"}
)


# methods that nothing calls for what a container holds: subscripts, attributes, iteration, `with`, operators in place
_OF_ITSELF = re.compile(
    r"__(get|set|del|i(?!nt|ndex|nvert)|enter|exit|next|missing|contains|delete|aenter|aexit|anext|await)[a-z]*__$"
)


def run_special_methods(w: Walker, obj: Obj, *, held: bool = False) -> Value:
    """Run the special methods (``__eq__``, ``__len__``, ...) that an operation on an instance may call.

    ``held``: the operation is one on a container that holds the instance.
    """
    if held and not w.first_time("held in", obj):
        return EMPTY
    if w.effort.is_exhausted:
        return undescribed.worn(w, frozenset({obj}))
    result: set[Obj] = set()
    for cls in lineage.lineage(obj.fields["*class"]):
        for name, members in list(cls.fields.items()):
            if not (name.startswith("__") and name.endswith("__")) or name in _QUIET:
                continue
            if held and _OF_ITSELF.match(name):
                continue
            for member in members:
                if member.type != FUNCTION or (obj, member) in w.running:
                    continue
                w.running.add((obj, member))
                anything = w.heap.make(("operand", obj), UNKNOWN)
                w.heap.hold(anything, "*", frozenset({obj}))
                passed = undescribed.any_arguments(member, frozenset({anything}), frozenset({obj}))
                value = bodies.call_function(w, member, passed, member.code.place)
                w.running.discard((obj, member))
                result.update(o for o in value if o is not anything)
    return frozenset(result)


def iterated(w: Walker, obj: Obj, node: Instruction) -> Value:
    """Return what iterating over an instance of a notebook class gives."""
    result: set[Obj] = set()
    for name in ("__iter__", "__next__", "__getitem__"):
        for member in class_member(w, obj.fields["*class"], name):
            value = calls.call(w, bind_method(w, obj, member, node), calls.Arguments(((frozenset(), False),)), node)
            if name == "__iter__":
                value = access.elements(w, frozenset(o for o in value if o is not obj), node)
            result.update(value)
    if not result or has_library_base(w, obj):
        result.update(access.contents(frozenset({obj})))
    return frozenset(result)


def set_property(w: Walker, obj: Obj, name: str, value: Value, node: Instruction) -> None:
    """Run a property's setter or ``__setattr__`` where a class of the notebook has one."""
    _run_property(w, obj, name, (value, value), ("__setattr__", f"{name}.setter", "__set__"), node)


def delete_property(w: Walker, obj: Obj, name: str, node: Instruction) -> None:
    """Run a property's deleter or ``__delattr__`` where a class of the notebook has one."""
    _run_property(w, obj, name, (EMPTY,), ("__delattr__", f"{name}.deleter", "__delete__"), node)


def _run_property(
    w: Walker, obj: Obj, name: str, values: tuple[Value, ...], words: tuple[str, str, str], node: Instruction
) -> None:
    special, decorator, of_descriptor = words
    own = frozenset({obj})
    for key in (special, name):
        for member in class_member(w, obj.fields["*class"], key):
            if member.type == INSTANCE:
                run_descriptor(w, member, of_descriptor, (own, *values[1:]), node)
            elif member.type == FUNCTION and (key == special or decorator in member.code.decorators):
                passed = tuple((value, False) for value in (own, *values))[: undescribed.arity(member)]
                if (obj, member) not in w.running:
                    w.running.add((obj, member))
                    bodies.call_function(w, member, calls.Arguments(passed), node)
                    w.running.discard((obj, member))


def run_descriptor(w: Walker, obj: Obj, name: str, values: tuple[Value, ...], node: Instruction) -> Value:
    """Run ``__get__`` and the like of an instance that is an attribute of a class; return what it gives."""
    result = EMPTY
    for member in class_member(w, obj.fields["*class"], name):
        if member.type == FUNCTION and (obj, member) not in w.running:
            w.running.add((obj, member))
            passed = tuple((value, False) for value in (frozenset({obj}), *values))
            result |= bodies.call_function(w, member, calls.Arguments(passed), node)
            w.running.discard((obj, member))
    return result


def subclass_hooks(w: Walker, cls: Obj, node: Instruction) -> None:
    """Run ``__init_subclass__`` of notebook bases and notebook metaclasses."""
    for base in cls.fields.get("*bases", EMPTY):
        if base.type == CLASS:
            for member in class_member(w, frozenset({base}), "__init_subclass__"):
                if member.type == FUNCTION:
                    bodies.call_function(w, member, calls.Arguments(((frozenset({cls}), False),)), node)
    for meta in metaclasses(cls):
        for name, first in (("__prepare__", meta), ("__new__", meta), ("__init__", cls)):
            for member in class_member(w, frozenset({meta}), name):
                if member.type == FUNCTION:
                    rest = tuple((frozenset({cls}), False) for _ in range(undescribed.arity(member) - 1))
                    bodies.call_function(w, member, calls.Arguments(((frozenset({first}), False), *rest)), node)


def metaclasses(cls: Obj) -> Value:
    """Return the metaclasses of the notebook that a class has, of its own or from its bases."""
    given = (part.fields.get("*keywords", EMPTY) for part in lineage.lineage((cls,)))
    return frozenset(obj for value in given for obj in value if obj.type == CLASS)


def decorate(w: Walker, decorator: Value, value: Value, node: Decorate) -> Value:
    """Return what a decorator makes of a function or class."""
    result = EMPTY
    for obj in decorator:
        if obj.type in (FUNCTION, CLASS, INSTANCE, METHOD):
            result |= calls.call_one(w, obj, calls.Arguments(((value, False),)), node)
        elif obj.type == UNKNOWN and obj.fields:
            made = undescribed.unknown(w, frozenset({obj}), calls.Arguments(((value, False),)), node, "a decorator")
            result |= value | made
        else:
            result |= value  # a library's decorator: the definition in other clothes
            reason = w.blame(node, f"@{node.name}")
            if _REGISTERS.search(node.name):
                undescribed.run_registered(w, value, node)
                if _is_of_module(w, node.name):
                    w.note("sets", "modules")
            w.heap.reason = reason
    return result or value


_REGISTERS = re.compile(r"(^|[._])(un)?register(_|$)")


def _is_of_module(w: Walker, dotted: str) -> bool:
    """Whether a decorator may belong to a module; what an object of the notebook has registered is in the object."""
    binding = w.module.state.get(dotted.partition(".")[0])
    own = (FUNCTION, CLASS, INSTANCE)
    return binding is None or not binding.value or any(obj.type not in own for obj in binding.value)


def super_object(w: Walker, node: Call) -> Value:
    """Return the object that ``super()`` gives: the instance, seen as an instance of the bases."""
    scope: Scope | None = w.scope
    while scope is not None and not (scope.kind == "function" and scope.code.owner is not None):
        scope = scope.parent
    calls.arguments(w, node)
    if scope is None or not scope.code.parameters:
        return frozenset({w.heap.lib("builtins.super")})
    owner: Obj = scope.code.owner
    own = scope.ever.get(scope.code.parameters[0].name, EMPTY)
    made: set[Obj] = set()
    for obj in own:
        if obj.type == INSTANCE:
            bases = frozenset(_rest(w, cls, owner) for cls in obj.fields["*class"])
            view = w.heap.make(("super", obj, owner), calls.SUPER)
            view.fields = {"self": frozenset({obj}), "*class": bases}
            w.heap.grew(view)
            made.add(view)
        elif obj.type == CLASS:
            made.update(_rest(w, obj, owner).fields.get("*bases", EMPTY))
    return frozenset(made) or frozenset({w.heap.lib("builtins.super")})


def _rest(w: Walker, cls: Obj, owner: Obj) -> Obj:
    """Return a class that has the members that ``super()`` finds in a method of ``owner``."""
    made = w.heap.make(("bases of", owner, cls), CLASS)
    for group in lineage.after(cls, owner):
        lineage.add_base(w.heap, made, group)
    lineage.add_bases(w.heap, made, frozenset(o for o in owner.fields.get("*bases", EMPTY) if o.type != CLASS))
    return made


def super_member(w: Walker, view: Obj, name: str, node: Instruction) -> Value:
    """Return what ``super().name`` gives: a member of the bases, bound to the instance itself."""
    found = EMPTY
    for member in class_member(w, view.fields["*class"], name):
        for own in view.fields["self"]:
            found |= bind_method(w, own, member, node)
    return found


def call_super(w: Walker, view: Obj, name: str, args: calls.Arguments, node: Instruction) -> Value:
    """Call ``super().name(...)``."""
    found = super_member(w, view, name, node)
    if found:
        return calls.call(w, found, args, node)
    own = view.fields["self"]
    if name.startswith("__") and name.endswith("__"):
        for obj in own:
            w.heap.hold(obj, "*", args.all)
            if name not in ("__init__", "__new__", "__post_init__"):
                w.change_one(obj)
        return frozenset({w.heap.atom("builtins.scalar")}) if name != "__new__" else own
    result = EMPTY
    for obj in own:
        result |= library_method(w, obj, name, args, node)
    return result
