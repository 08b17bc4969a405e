"""Calls and parts of values: each object answers by its kind, libraries do what the tables and models say."""

from __future__ import annotations

import re
import sys
from functools import partial

from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED, may_set, registers_by_name
from soorgeon_clone.analysis.lower.instructions import Call, Decorate, Instruction
from soorgeon_clone.analysis.machine import beside, deferred, library, unknown_calls
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.model import AT_RANDOM
from soorgeon_clone.analysis.models import table as models
from soorgeon_clone.analysis.objects import records
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, given
from soorgeon_clone.analysis.objects.heap import ANY, CLASS, CODE_TYPES, EMPTY, FUNCTION, INSTANCE, LIB, Obj, Value
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.using import iterate


def arguments(w: Run, node: Call) -> Arguments:
    """Evaluate the arguments of a call, in order."""
    if not node.arguments:
        return NO_ARGUMENTS
    positional: list[tuple[Value, bool]] = []
    keywords: list[tuple[str | None, Value]] = []
    for item in node.arguments:
        value = w.evaluate(item.value)
        if item.sign in ("=", "**"):
            keywords.append((item.name, value))
        elif item.sign == "*":
            iterate(w, value)
            positional.append((w.elements(value, item), True))
        else:
            positional.append((value, False))
    return Arguments(tuple(positional), tuple(keywords))


def call(w: Run, callee: Value, args: Arguments, node: Instruction) -> Value:
    """Return what calling any of ``callee`` gives."""
    result = EMPTY
    for obj in sorted(callee, key=_order) if len(callee) > 1 else callee:
        result |= call_one(w, obj, args, node)
    return result


def _order(obj: Obj) -> tuple[str, str]:
    return (obj.type, obj.path or obj.name)


def call_one(w: Run, obj: Obj, args: Arguments, node: Instruction) -> Value:
    if obj.type not in (CLASS, LIB) and w.effort.is_exhausted:
        return w.exhausted(args.all | {obj})
    if w.depth > 2 * w.limits.depth:
        return w.exhausted(args.all | {obj}, unknown_calls.DEPTH)
    if obj.module and obj.type in (FUNCTION, CLASS) and w.knowledge.is_told(path := f"{obj.module}.{obj.name}"):
        return call_library(w, path, args, node)
    w.depth += 1
    try:
        return kind_of(obj.type).call(w, obj, args, node)
    finally:
        w.depth -= 1


def call_method(w: Run, receiver: Value, name: str, args: Arguments, node: Instruction) -> Value:
    """Return what ``receiver.name(...)`` gives."""
    result = EMPTY
    if len(receiver) > 1:
        receiver = with_method(receiver, name)
    for obj in sorted(receiver, key=_order) if len(receiver) > 1 else receiver:
        result |= kind_of(obj.type).call_method(w, obj, name, args, node)
    return result


def with_method(receiver: Value, name: str) -> Value:
    """Return the objects that may have a method: of a value that may be a list or a dictionary, ``keys`` tells which.

    What Python's own code made is certainly of the type that it is known by.
    """
    found = frozenset(
        obj for obj in receiver if not (obj.type in _EXACT and _is_of_python(obj) and not _has(obj, name))
    )
    return found or receiver


_EXACT = {f"builtins.{kind.__name__}": kind for kind in (list, dict, tuple, set)}

_OF_PYTHON = sys.stdlib_module_names | {"builtins"}


def _has(obj: Obj, name: str) -> bool:
    return hasattr(_EXACT[obj.type], name)


def _is_of_python(obj: Obj) -> bool:
    """Whether a display of the notebook or a function of the standard library made an object."""
    rule = obj.made_for.rule
    path = rule[0] if isinstance(rule, tuple) else rule or "builtins"
    return not obj.immutable and path.partition(".")[0] in _OF_PYTHON


def model_method(w: Run, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value | None:
    """Return what a model says that a method gives; None where there is none."""
    model = models.method(obj)
    return model(w, obj, name, args, node) if model is not None else None


def call_library(w: Run, path: str, args: Arguments, node: Instruction) -> Value:
    """Return what calling something in a library, by its path, gives."""
    if path in ("sys.path.append", "sys.path.insert", "site.addsitedir"):
        beside.note_folder(w, args)
    for trait, item in _VARYING:
        if w.knowledge.has(path, trait):
            w.note("varies", item)
    reason = w.blame(node, path)
    model = models.function(path)
    native = model(w, args, node) if model is not None else None
    w.heap.reason = reason
    if native is not None:
        return native
    if w.knowledge.has(path, "freezes"):
        freeze(w, args.all)
    names = w.knowledge.parameters(path)
    if w.knowledge.is_method(path) and args.positional:
        # str.upper(x): the first argument is self
        receiver = args.positional[0][0]
        rest = Arguments(args.positional[1:], args.keywords)
        effect = w.knowledge.function(path, given(rest, names))
        if effect is not None:
            return w.apply(effect, receiver, rest, node, path=path, names=names)
    effect = w.knowledge.function(path, given(args, names))
    if effect is None:
        if unknown_calls.keeps_state(path) or registers_by_name(path, path.partition(".")[0]):
            _may_set(w, path, node)
        return w.unknown(EMPTY, args, node, path)
    if may_set(effect, path) or (unknown_calls.keeps_state(path) and w.knowledge.is_at_large(path)):
        _may_set(w, path, node)  # codecs.register_error, socket.setdefaulttimeout, fontManager.ttflist.append
    apply = partial(library.apply, w, effect, EMPTY, args, node, path=path, names=names)
    return deferred.defer(w, apply) if path in unknown_calls.CALL_LATER else apply()


_VARYING = (("volatile", AT_RANDOM), ("of_environ", "environ"), ("of_directory", "directory"))


def _may_set(w: Run, path: str, node: Instruction) -> None:
    """Note that a call that nobody described may change what a module keeps: its name says so."""
    reason = w.blame(node, f"{UNDESCRIBED}: {path}", feared=True)
    w.note("sets", "modules")
    w.heap.reason = reason


def attribute(w: Run, value: Value, name: str, node: Instruction) -> Value:
    """Return what reading ``.name`` of ``value`` gives."""
    result: set[Obj] = set()
    for obj in value:
        part = kind_of(obj.type).attribute(w, obj, name, node)
        w.effort.width += len(part)
        result.update(part)
    if w.anything is not None and len(result) > 1:
        return w.exhausted(frozenset(result))
    return frozenset(result)


def store_attribute(w: Run, obj: Obj, name: str, value: Value, node: Instruction) -> None:
    """Do ``obj.name = value``."""
    kind_of(obj.type).store_attribute(w, obj, name, value, node)


def item_of(w: Run, value: Value, index: Index, node: Instruction) -> Value:
    """Return what ``value[index]`` gives."""
    return _together([kind_of(obj.type).item(w, obj, index, node) for obj in value])


def elements(w: Run, value: Value, node: Instruction) -> Value:
    """Return what iterating over ``value`` gives."""
    return _together([kind_of(obj.type).elements(w, obj, node) for obj in value])


def _together(values: list[Value]) -> Value:
    return values[0] if len(values) == 1 else EMPTY.union(*values)


def element_at(w: Run, value: Value, index: int | None, node: Instruction) -> Value:
    """Return what unpacking or a constant index gives at a position (None: any)."""
    result: set[Obj] = set()
    for obj in value:
        if obj.type == "builtins.tuple" and index is not None and str(index) in obj.fields:
            result.update(obj.fields[str(index)] | obj.fields.get(ANY, EMPTY))
        elif obj.type == INSTANCE and index is not None and (field := records.field_at(obj, index)) is not None:
            result.update(field)
        else:
            result.update(elements(w, frozenset({obj}), node))
    iterate(w, value)
    return frozenset(result)


_REGISTERS = re.compile(r"(^|[._])(un)?register(_|$)")


def decorated(w: Run, value: Value, node: Decorate) -> None:
    """Do what a library's decorator does besides giving back what it decorates."""
    reason = w.blame(node, f"@{node.name}")
    if _REGISTERS.search(node.name):
        unknown_calls.run_registered(w, value, node)
        if _is_of_module(w, node.name):
            w.note("sets", "modules")
    w.heap.reason = reason


def freezes(w: Run, obj: Obj) -> bool:
    """Whether it compiles the functions that it is given."""
    return w.knowledge.has(obj.path if obj.type == LIB else obj.type, "freezes")


def freeze(w: Run, value: Value) -> None:
    """Read now what functions read when they are called: compiled, they keep it as it was."""
    waiting, seen = list(value), set(value)
    while waiting:
        obj = waiting.pop()
        for name in obj.code.free if obj.type == FUNCTION else ():
            found = w.read_global(name) if w.module.state.get(name) is not None else EMPTY
            waiting += found - seen
            seen |= found


def _is_of_module(w: Run, dotted: str) -> bool:
    """Whether a decorator may belong to a module; what an object of the notebook has registered is in the object."""
    binding = w.module.state.get(dotted.partition(".")[0])
    return binding is None or not binding.value or any(obj.type not in CODE_TYPES for obj in binding.value)
