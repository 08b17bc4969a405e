"""Calls -> what they give and do: the notebook's functions are followed, libraries do what the tables say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from soorgeon_clone.analysis import (
    access,
    beside,
    bodies,
    deferred,
    evaluate,
    instances,
    library,
    structures,
    undescribed,
)
from soorgeon_clone.analysis.effects import UNDESCRIBED, may_set, sets_by_name
from soorgeon_clone.analysis.heap import CLASS, EMPTY, FUNCTION, INSTANCE, LIB, METHOD, UNKNOWN, Obj, Value
from soorgeon_clone.analysis.lower.instructions import Call, Instruction

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker


CODE_TYPES = (FUNCTION, CLASS, METHOD, INSTANCE)

SUPER = "super"


@dataclass(frozen=True)
class Arguments:
    """The values of a call: positional (value, is it unpacked), keywords (None: unpacked mapping)."""

    positional: tuple[tuple[Value, bool], ...] = ()
    keywords: tuple[tuple[str | None, Value], ...] = ()

    @cached_property
    def all(self) -> Value:
        value = EMPTY
        for item, _ in self.positional:
            value |= item
        for _, item in self.keywords:
            value |= item
        return value


NO_ARGUMENTS = Arguments()


def arguments(w: Walker, node: Call) -> Arguments:
    """Evaluate the arguments of a call, in order."""
    if not node.arguments:
        return NO_ARGUMENTS
    positional: list[tuple[Value, bool]] = []
    keywords: list[tuple[str | None, Value]] = []
    for item in node.arguments:
        value = evaluate.expression(w, item.value)
        if item.sign in ("=", "**"):
            keywords.append((item.name, value))
        elif item.sign == "*":
            access.iterate(w, value)
            positional.append((access.elements(w, value, item), True))
        else:
            positional.append((value, False))
    return Arguments(tuple(positional), tuple(keywords))


def call(w: Walker, callee: Value, args: Arguments, node: Instruction) -> Value:
    """Return what calling any of ``callee`` gives."""
    result = EMPTY
    for obj in sorted(callee, key=_order) if len(callee) > 1 else callee:
        result |= call_one(w, obj, args, node)
    return result


def _order(obj: Obj) -> tuple[str, str]:
    return (obj.type, obj.path)


def call_one(w: Walker, obj: Obj, args: Arguments, node: Instruction) -> Value:
    if obj.type not in (CLASS, LIB) and w.effort.is_exhausted:
        return undescribed.worn(w, args.all | {obj})
    if w.depth > 2 * w.limits.depth:
        return undescribed.worn(w, args.all | {obj}, bodies.DEPTH)
    w.depth += 1
    try:
        return _call_one(w, obj, args, node)
    finally:
        w.depth -= 1


def _call_one(w: Walker, obj: Obj, args: Arguments, node: Instruction) -> Value:
    kind = obj.type
    if obj.module and kind in (FUNCTION, CLASS) and w.knowledge.is_told(f"{obj.module}.{obj.path}"):
        return call_library(w, f"{obj.module}.{obj.path}", args, node)
    if kind == FUNCTION:
        result = bodies.call_function(w, obj, args, node)
        for other in obj.fields.get("*attached", EMPTY):
            result |= _call_instead(w, obj, other, args, node)
        return result
    if kind == CLASS:
        return instances.instantiate(w, obj, args, node)
    if kind == LIB:
        return call_library(w, obj.path, args, node)
    if kind == METHOD and obj.path == "functools.partial":
        return structures.call_partial(w, obj, args, node)
    if kind == METHOD and obj.path == "operator.methodcaller":
        return structures.call_methodcaller(w, obj, args, node)
    if kind == METHOD:
        own = obj.fields.get("self", EMPTY)
        functions = obj.fields.get("func", EMPTY)
        if functions:
            with_self = Arguments(((own, False), *args.positional), args.keywords)
            return call(w, functions, with_self, node)
        if (obj, obj) in w.running:
            return EMPTY
        w.running.add((obj, obj))
        result = call_method(w, frozenset(o for o in own if o.type != INSTANCE), obj.path, args, node)
        for instance in own:
            if instance.type == INSTANCE:
                result |= instances.library_method(w, instance, obj.path, args, node)
        w.running.discard((obj, obj))
        return result
    if kind == INSTANCE:
        result = EMPTY
        for function in instances.class_member(w, obj.fields["*class"], "__call__"):
            result |= call(w, instances.bind_method(w, obj, function, node), args, node)
        if not result or instances.has_library_base(w, obj):
            result |= instances.library_method(w, obj, "__call__", args, node)
        return result
    if obj.immutable and kind.startswith("builtins."):
        return frozenset({w.heap.atom("builtins.scalar")})
    if kind != UNKNOWN and "." in kind:
        names = w.knowledge.parameters(f"{kind}.__call__")
        effect = w.knowledge.method(kind, "__call__", given(args, names), obj.given)
        if effect is not None:
            return library.apply(w, effect, frozenset({obj}), args, node, path=f"{kind}.__call__", names=names)
    if obj.immutable:
        return frozenset({w.heap.atom("builtins.scalar")})
    return undescribed.unknown(w, frozenset({obj}), args, node, kind)


def _call_instead(w: Walker, obj: Obj, other: Obj, args: Arguments, node: Instruction) -> Value:
    """A function may call one that was registered with it (``functools.singledispatch``)."""
    if other.type != FUNCTION or other is obj or (obj, other) in w.running:
        return EMPTY
    results: list[Value] = []
    w.running.add((obj, other))
    w.perhaps(lambda: results.append(bodies.call_function(w, other, args, node)))
    w.running.discard((obj, other))
    return results[0]


def call_method(w: Walker, receiver: Value, name: str, args: Arguments, node: Instruction) -> Value:
    """Return what ``receiver.name(...)`` gives."""
    result = EMPTY
    for obj in sorted(receiver, key=_order) if len(receiver) > 1 else receiver:
        result |= _call_method_of(w, obj, name, args, node)
    return result


def _call_method_of(w: Walker, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value:
    kind = obj.type
    if kind == LIB:
        if obj.path == "builtins.super":
            return EMPTY
        shell = structures.shell_call(w, obj.path, name, args, node)
        if shell is not None:
            return shell
        if w.namespaces and (own := beside.attribute(w, obj, name, node)) is not None:
            return call(w, own, args, node)
        held = library.given_to_module(w, f"{obj.path}.{name}")
        if held:
            return call(w, held, args, node) | call_library(w, f"{obj.path}.{name}", args, node)
        if obj.path == library.MAIN:
            return call(w, w.read_global(name), args, node)
        owner = w.knowledge.module_attribute(obj.path)
        reason = w.blame(node, f"{obj.path}.{name}")
        for setting in owner.sets if owner is not None else ():
            w.note("sets", setting)  # env = os.environ; env.pop("A")
        w.heap.reason = reason
        return call_library(w, f"{obj.path}.{name}", args, node)
    if kind == SUPER:
        return instances.call_super(w, obj, name, args, node)
    if kind == FUNCTION and name not in obj.fields and not name.startswith("__"):
        # what a decorator put there: show.register, slow.cache_clear
        reason = w.blame(node, f"{obj.path}.{name}")
        w.change_one(obj)
        w.heap.hold(obj, "*attached", args.all)
        w.heap.reason = reason
        return args.all | {obj}
    if kind in (INSTANCE, CLASS, FUNCTION, METHOD):
        if kind == INSTANCE and not instances.has_member(w, obj, name):
            return instances.library_method(w, obj, name, args, node)
        if kind == CLASS and not instances.class_member(w, frozenset({obj}), name) and name not in obj.fields:
            if sets_by_name(name):
                w.change_one(obj)  # abc's register()
            return undescribed.unknown(w, frozenset({obj}), args, node, name)
        return call(w, access.attribute_of(w, obj, name, node), args, node)
    stored = obj.fields.get(name, EMPTY)
    if stored and kind == UNKNOWN:
        return call(w, stored, args, node) | undescribed.unknown(w, frozenset({obj}), args, node, name)
    if kind == UNKNOWN or "." not in kind:
        return undescribed.unknown(w, frozenset({obj}), args, node, name)
    reason = w.blame(node, f"{kind}.{name}")
    native = structures.method(w, obj, name, args, node)
    w.heap.reason = reason
    if native is not None:
        return native
    if name == "__enter__" and not kind.startswith(_OPENED):
        w.note("sets", "context")  # what `with` would set for its block stays set
        w.note("unknown_calls", name)
    path = f"{kind}.{name}"
    names = w.knowledge.parameters(path)
    effect = w.knowledge.method(kind, name, given(args, names), obj.given)
    if effect is None:
        if obj.immutable:
            return frozenset({w.heap.atom("builtins.scalar")})
        return undescribed.unknown(w, frozenset({obj}), args, node, path)
    if name == "set_params":
        _forget_given(w, obj, args)
    return library.apply(w, effect, frozenset({obj}), args, node, path=path, names=names)


def _forget_given(w: Walker, obj: Obj, args: Arguments) -> None:
    """An estimator gets other parameters than it was made with: ``pipeline.set_params(model__random_state=None)``."""
    unpacks = any(keyword is None for keyword, _ in args.keywords)
    others = {keyword.rpartition("__")[2]: None for keyword, _ in args.keywords if keyword is not None}
    for part in w.heap.reach(frozenset({obj})):
        if part.given is not None:
            part.given = None if unpacks else {**part.given, **others}


def call_library(w: Walker, path: str, args: Arguments, node: Instruction) -> Value:
    """Return what calling something in a library, by its path, gives."""
    if path in ("sys.path.append", "sys.path.insert"):
        beside.note_folder(w, args)
    reason = w.blame(node, path)
    native = structures.function(w, path, args, node)
    w.heap.reason = reason
    if native is not None:
        return native
    if w.namespaces:
        beside.look_at(w, args.all)
    names = w.knowledge.parameters(path)
    if w.knowledge.is_method(path) and args.positional:
        # str.upper(x): the first argument is self
        receiver = args.positional[0][0]
        rest = Arguments(args.positional[1:], args.keywords)
        effect = w.knowledge.function(path, given(rest, names))
        if effect is not None:
            return library.apply(w, effect, receiver, rest, node, path=path, names=names)
    effect = w.knowledge.function(path, given(args, names))
    if effect is None:
        if undescribed.keeps_state(path):
            _may_set(w, path, node)
        return undescribed.unknown(w, EMPTY, args, node, path)
    if may_set(effect, path):
        _may_set(w, path, node)  # codecs.register_error, socket.setdefaulttimeout
    apply = partial(library.apply, w, effect, EMPTY, args, node, path=path, names=names)
    return deferred.defer(w, apply) if path in library.CALL_LATER else apply()


def _may_set(w: Walker, path: str, node: Instruction) -> None:
    """Note that a call that nobody described may change what a module keeps: its name says so."""
    reason = w.blame(node, f"{UNDESCRIBED}: {path}", feared=True)
    w.note("sets", "modules")
    w.heap.reason = reason


_OPENED = ("builtins.generator", "io.", "sqlite3.", "zipfile.", "tarfile.", "threading.", "tempfile.")


def given(args: Arguments, names: tuple[str, ...] | None) -> dict[str, str | None]:
    """Return the parameters that a call passes with the source of their constants (None: not a constant)."""
    result: dict[str, str | None] = {}
    for index, (value, starred) in enumerate(args.positional):
        if starred:
            result["*"] = None
            break
        name = names[index] if names and index < len(names) else str(index)
        result[name] = evaluate.constant_source(value)
    for keyword, value in args.keywords:
        if keyword is None:
            result["**"] = None
        else:
            result[keyword] = evaluate.constant_source(value)
    return result
