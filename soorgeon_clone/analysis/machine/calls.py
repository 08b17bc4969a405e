"""Calls and parts of values: each object answers by its kind, libraries do what the tables and models say."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import partial

from soorgeon_clone.analysis.knowledge.effect_rules import Effect
from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED, may_set, registers_by_name
from soorgeon_clone.analysis.lower.instructions import Call, Decorate, Instruction
from soorgeon_clone.analysis.machine import anything, beliefs, beside, callbacks, deferred, library, unknown_calls
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.model import AT_RANDOM
from soorgeon_clone.analysis.models import table as models
from soorgeon_clone.analysis.models.code_in_texts import IN_VARIABLES, VARIABLES, are_all_variables
from soorgeon_clone.analysis.objects import records
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, given, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value, spread
from soorgeon_clone.analysis.objects.index import Index
from soorgeon_clone.analysis.objects.keys import ANY
from soorgeon_clone.analysis.objects.machine import BY_NAME
from soorgeon_clone.analysis.objects.parts import contents, known_items
from soorgeon_clone.analysis.objects.policy import MEMORY, Assumed
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.types import CLASS, CODE_TYPES, FUNCTION, INSTANCE, LIB, UNKNOWN
from soorgeon_clone.analysis.objects.using import advance_all, iterate


def arguments(machine: Run, node: Call) -> Arguments:
    """Evaluate the arguments of a call, in order."""
    if not node.arguments:
        return NO_ARGUMENTS
    positional: list[tuple[Value, bool]] = []
    keywords: list[tuple[str | None, Value]] = []
    for item in node.arguments:
        is_whole = item.sign in ("", "=") and are_all_variables(machine, item.value)
        value = frozenset({machine.heap.lib(VARIABLES)}) if is_whole else machine.evaluate(item.value)
        if item.sign == "=":
            keywords.append((item.name, value))
        elif item.sign == "**":
            items = known_items(value)
            keywords += [(None, value)] if items is None else items
        elif item.sign == "*":
            iterate(machine, value)
            positional.append((machine.elements(value, item), True))
        else:
            positional.append((value, False))
    return Arguments(tuple(positional), tuple(keywords))


def _hand_on_variables(machine: Run, args: Arguments, paths: Iterable[str]) -> None:
    """Note that a call which is given all variables as a dictionary may use any, unless what is called is modelled."""
    if args.all and machine.heap.lib(VARIABLES) in args.all and not IN_VARIABLES.issuperset(paths):
        machine.opaque(BY_NAME)


def call(machine: Run, callee: Value, args: Arguments, node: Instruction) -> Value:
    """Return what calling any of ``callee`` gives."""
    result = EMPTY
    _hand_on_variables(machine, args, (obj.path for obj in callee))
    for obj in sorted(callee, key=_order) if len(callee) > 1 else callee:
        result |= call_one(machine, obj, args, node)
    return result


def _order(obj: Obj) -> tuple[str, str]:
    return (obj.type, obj.path or obj.name)


def call_one(machine: Run, obj: Obj, args: Arguments, node: Instruction) -> Value:
    if obj.type not in (CLASS, LIB) and machine.effort.is_exhausted:
        return machine.exhausted(args.all | {obj})
    if machine.depth > 2 * machine.limits.depth:
        return machine.exhausted(args.all | {obj}, anything.DEPTH)
    if obj.module and obj.type in (FUNCTION, CLASS) and machine.knowledge.is_told(path := f"{obj.module}.{obj.name}"):
        return call_library(machine, path, args, node)
    machine.depth += 1
    try:
        return kind_of(obj.type).call(machine, obj, args, node)
    finally:
        machine.depth -= 1


def call_method(machine: Run, receiver: Value, name: str, args: Arguments, node: Instruction) -> Value:
    """Return what ``receiver.name(...)`` gives."""
    result = EMPTY
    _hand_on_variables(machine, args, (f"{obj.path}.{name}" for obj in receiver))
    if len(receiver) > 1:
        receiver = with_method(receiver, name)
    for obj in sorted(receiver, key=_order) if len(receiver) > 1 else receiver:
        result |= kind_of(obj.type).call_method(machine, obj, name, args, node)
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


def model_method(machine: Run, obj: Obj, name: str, args: Arguments, node: Instruction) -> Value | None:
    """Return what a model says that a method gives; None where there is none."""
    model = models.method(obj)
    return model(machine, obj, name, args, node) if model is not None else None


def call_library(machine: Run, path: str, args: Arguments, node: Instruction) -> Value:
    """Return what calling something in a library, by its path, gives."""
    if path in ("sys.path.append", "sys.path.insert", "site.addsitedir"):
        beside.note_folder(machine, args)
    for trait, item in _VARYING:
        if machine.knowledge.has(path, trait):
            machine.note("varies", item)
    reason = machine.blame(node, path)
    model = models.function(path)
    native = model(machine, args, node) if model is not None else None
    machine.heap.reason = reason
    if native is not None:
        return native
    if machine.knowledge.has(path, "freezes"):
        freeze(machine, args.all)
    names = machine.knowledge.parameters(path)
    if machine.knowledge.is_method(path) and args.positional:
        # str.upper(x): the first argument is self
        receiver = args.positional[0][0]
        rest = Arguments(args.positional[1:], args.keywords)
        effect = machine.knowledge.function(path, given(rest, names))
        if effect is not None:
            return machine.apply(effect, receiver, rest, node, path=path, names=names)
    effect = machine.knowledge.function(path, given(args, names))
    if effect is None:
        registers = registers_by_name(path, path.partition(".")[0]) and not beliefs.only_seeds(machine, path)
        if unknown_calls.keeps_state(path) or registers:
            _may_set(machine, path, node)
        return machine.unknown(EMPTY, args, node, path)
    if may_set(effect, path) or (unknown_calls.keeps_state(path) and machine.knowledge.is_at_large(path)):
        _may_set(machine, path, node)  # codecs.register_error, socket.setdefaulttimeout, fontManager.ttflist.append
    if effect.each and not any(is_unpacked for _, is_unpacked in args.positional):
        return _one_by_one(machine, effect, args, node, path)
    apply = partial(library.apply, machine, effect, EMPTY, args, node, path=path, names=names)
    return deferred.defer(machine, apply, lambda: args.all) if path in callbacks.CALL_LATER else apply()


def _one_by_one(machine: Run, effect: Effect, args: Arguments, node: Instruction, path: str) -> Value:
    """Return the list that a call gives which does the same with each of its arguments, several times."""
    made = machine.heap.make(machine.site(node), "builtins.list")
    for _, value in args.keywords:  # a generator of random numbers
        advance_all(machine, value)
    context = machine.context
    places = [value for value, _ in args.positional for _ in range(effect.each)]
    for place, value in enumerate(places):
        machine.context = (*context, *[node] * (place + 1))  # what is made there is another thing at each place
        got = library.apply(machine, effect, EMPTY, passing(value), node, path=path, names=None)
        machine.heap.hold(made, str(place), contents(got))
    machine.context = context
    machine.heap.give_keys(made, tuple(str(place) for place in range(len(places))))
    return frozenset({made})


_VARYING = (("volatile", AT_RANDOM), ("of_environ", "environ"), ("of_directory", "directory"))


def _may_set(machine: Run, path: str, node: Instruction) -> None:
    """Note that a call that nobody described may change what a module keeps: its name says so."""
    reason = machine.blame(node, f"{UNDESCRIBED}: {path}", feared=True)
    machine.note("sets", "modules")
    machine.heap.reason = reason


def attribute(machine: Run, value: Value, name: str, node: Instruction) -> Value:
    """Return what reading ``.name`` of ``value`` gives."""
    result: set[Obj] = set()
    for obj in value:
        part = kind_of(obj.type).attribute(machine, obj, name, node)
        machine.effort.width += len(part)
        result.update(part)
    if machine.anything is not None and len(result) > 1:
        return machine.exhausted(frozenset(result))
    return frozenset(result)


def store_attribute(machine: Run, obj: Obj, name: str, value: Value, node: Instruction) -> None:
    """Do ``obj.name = value``."""
    kind_of(obj.type).store_attribute(machine, obj, name, value, node)


def item_of(machine: Run, value: Value, index: Index, node: Instruction) -> Value:
    """Return what ``value[index]`` gives."""
    return _together([kind_of(obj.type).item(machine, obj, index, node) for obj in value])


def elements(machine: Run, value: Value, node: Instruction) -> Value:
    """Return what iterating over ``value`` gives."""
    return _together([kind_of(obj.type).elements(machine, obj, node) for obj in value])


def _together(values: list[Value]) -> Value:
    return values[0] if len(values) == 1 else EMPTY.union(*values)


def element_at(machine: Run, value: Value, index: int | None, node: Instruction) -> Value:
    """Return what unpacking or a constant index gives at a position (None: any)."""
    result: set[Obj] = set()
    for obj in value:
        if index is not None and str(index) in obj.fields and (obj.type == "builtins.tuple" or obj.keys is not None):
            result.update(obj.fields[str(index)] | obj.fields.get(ANY, EMPTY))
        elif obj.type == INSTANCE and index is not None and (field := records.field_at(obj, index)) is not None:
            result.update(field)
        elif index is not None and _comes_apart(machine, obj):
            result.update(_place_in(machine, obj, index, node))
        else:
            result.update(elements(machine, frozenset({obj}), node))
    iterate(machine, value)
    return frozenset(result)


def _comes_apart(machine: Run, obj: Obj) -> bool:
    """Whether an object is what this statement got from code that nobody has described, whose results are apart.

    In loops and functions parts would be told from parts, without end.
    """
    is_new = obj.type == UNKNOWN and obj.made == machine.record.index
    return is_new and not machine.uncertain and machine.policy is not None and not machine.believes("shares")


def _place_in(machine: Run, obj: Obj, index: int, node: Instruction) -> Value:
    """Return what stands at a place of an object that nobody knows, where it is unpacked: X of ``X, y = load()``.

    What stands at other places is assumed to be something else.
    """
    held = obj.fields.get(ANY, EMPTY)
    part = machine.heap.make((*machine.site(node), obj, index), UNKNOWN)
    part.path = part.path or obj.path
    machine.strangers.add(part)
    machine.heap.hold(part, ANY, held)
    machine.heap.hold(obj, f"[{index}]", frozenset({part}))
    reason = machine.blame(node, "a part of what nobody knows", feared=True)
    machine.assume(
        Assumed("shares", frozenset(held_at for key in obj.fields if key != ANY for held_at in obj.fields[key]))
    )
    machine.assume(Assumed("shares", frozenset({obj}), MEMORY))
    machine.heap.reason = reason
    return held | {part}


_REGISTERS = re.compile(r"(^|[._])(un)?register(_|$)")


def decorated(machine: Run, value: Value, node: Decorate) -> None:
    """Do what a library's decorator does besides giving back what it decorates."""
    reason = machine.blame(node, f"@{node.name}")
    if _REGISTERS.search(node.name):
        callbacks.run_registered(machine, value, node)
        if _is_of_module(machine, node.name):
            machine.note("sets", "modules")
    machine.heap.reason = reason


def freezes(machine: Run, obj: Obj) -> bool:
    """Whether it compiles the functions that it is given."""
    return machine.knowledge.has(obj.path if obj.type == LIB else obj.type, "freezes")


def freeze(machine: Run, value: Value) -> None:
    """Read now what functions read when they are called: compiled, they keep it as it was."""

    def read_by(obj: Obj) -> Value:
        names = obj.code.free if obj.type == FUNCTION else ()
        return EMPTY.union(*(machine.read_global(n) for n in names if machine.module.state.get(n) is not None))

    spread(value, read_by)


def _is_of_module(machine: Run, dotted: str) -> bool:
    """Whether a decorator may belong to a module; what an object of the notebook has registered is in the object."""
    binding = machine.module.state.get(dotted.partition(".")[0])
    return binding is None or not binding.value or any(obj.type not in CODE_TYPES for obj in binding.value)
