"""Functions of the notebook that libraries call: now, later, when objects go, or as methods of what they are given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import partial

from soorgeon_clone.analysis.knowledge.effect_rules import Effect
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.machine.anything import exhausted
from soorgeon_clone.analysis.machine.memo import Memo
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, any_arguments, passing
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value, look_for_more
from soorgeon_clone.analysis.objects.lineage import lineage, member
from soorgeon_clone.analysis.objects.parts import mutable, with_elements
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.types import (
    CLASS,
    CODE_TYPES,
    CONTAINERS,
    FUNCTION,
    INSTANCE,
    LIB,
    METHOD,
    NDARRAY,
    SETS,
    TABLES,
    UNKNOWN,
)

# functions that give an iterator, which calls what they are given when it is used
CALL_LATER = frozenset(
    """
    builtins.map builtins.filter itertools.takewhile itertools.dropwhile itertools.filterfalse itertools.groupby
    itertools.starmap itertools.accumulate
    """.split()
)


# functions that call what they are given with elements of the other things, and with nothing else
_CALL_WITH_ELEMENTS = (CALL_LATER - {"itertools.accumulate"}) | frozenset(
    ("builtins.sorted", "builtins.min", "builtins.max", "builtins.list.sort")
)


def call_back(
    machine: Run,
    functions: Value,
    receiver: Value,
    args: Arguments,
    node: Instruction,
    path: str | None = None,
    *,
    whole: bool = False,
) -> Value:
    """A library calls functions that it was given, with parts of the other things it was given.

    ``whole``: with those as they are, not with parts (``df.pipe``).
    """
    callable_ = frozenset(o for o in functions if o.type in (*CODE_TYPES, LIB, UNKNOWN))
    callable_ = frozenset(o for o in callable_ if o.type != INSTANCE or member(o.classes, "__call__"))
    if not callable_:
        return EMPTY
    machine.effort.calls += 1
    if machine.gives_up():
        return EMPTY
    if machine.effort.is_exhausted:
        return exhausted(machine, callable_ | receiver | args.all)
    others = receiver | frozenset(o for o in args.all if o not in callable_)
    passed: set[Obj] = set()
    for obj in others:
        if whole:
            passed.add(obj)
        elif path in _CALL_WITH_ELEMENTS and _gives_elements(obj):
            passed.update(machine.elements(frozenset({obj}), node))
        else:
            passed.update(kind_of(obj.type).passed_on(machine, obj, node, held=path is None))
    if not passed:
        passed.add(machine.heap.atom("builtins.scalar"))
    question = (machine.record.index, callable_, frozenset(passed))
    if not machine.first_time("call back", *question):
        return machine.called_back.get(question, callable_)
    found = EMPTY
    value = frozenset(passed)

    def once() -> None:
        nonlocal found
        for obj in callable_:
            found |= _called_back(machine, obj, value, node)
            if machine.effort.is_exhausted:
                found |= exhausted(machine, callable_ | value)
                return

    if callable_ <= frozenset(o for o in callable_ if o.type == LIB):
        once()
    else:
        machine.loop(once)
    machine.called_back[question] = found
    return found


def _called_back(machine: Run, obj: Obj, value: Value, node: Instruction) -> Value:
    """Return what ``obj`` gives to a library that calls it with any of ``value``."""
    args = passing(value)
    if obj.type == LIB:
        native = machine.call_library(obj.path, args, node)
        # columns of texts are lists or dictionaries; a set in one would keep frames out of files
        return frozenset(o for o in native if o.type not in SETS) if obj.path == "ast.literal_eval" else native
    if obj.type == UNKNOWN:
        return machine.unknown(frozenset({obj}), args, node, obj.path) | {obj}
    return machine.call_one(obj, any_arguments(obj, value), node)


def _gives_elements(obj: Obj) -> bool:
    return obj.type in CONTAINERS or obj.type == NDARRAY or obj.type.startswith(TABLES)


def run_held_code(machine: Run, receiver: Value, args: Arguments, node: Instruction) -> None:
    """A method of a library object may run the notebook's functions that the object holds."""
    for obj in receiver:
        if obj.type in CONTAINERS or machine.has(obj, "no_code"):
            continue
        if not machine.first_time("held", obj, args.all):
            continue
        for held in machine.heap.reach(frozenset({obj})):
            if machine.effort.is_exhausted:
                exhausted(machine, receiver | args.all)
                return
            if (held.type == METHOD or is_plain_function(held)) and held is not obj:
                call_back(machine, frozenset({held}), receiver - {held}, args, node)
            elif held.type == INSTANCE and held is not obj:
                run_all_methods(machine, held, args.all, node)


def _calls_nothing_held(machine: Run, path: str) -> bool:
    """Whether a function does not call what containers that it is given hold, not at once."""
    if path.partition(".")[0] in sys.stdlib_module_names:
        return not machine.knowledge.has(path, "calls_held")
    return machine.knowledge.has(path, "calls_nothing_held")


def run_passed_objects(
    machine: Run,
    effect: Effect,
    receiver: Value,
    args: Arguments,
    node: Instruction,
    target: Callable[[str], Value],
    path: str,
) -> None:
    """A library may run functions that stand in what it is given: ``cross_val_score(pipeline, X)``, ``agg({"a": f})``.

    Constructors (``make_pipeline``) only keep them. Of what the library copies first (``calls: like:estimator``)
    methods change copies.
    """
    name = path.partition(".")[2].rpartition(".")[2]
    if machine.passing or _calls_nothing_held(machine, path) or name[:1].isupper() or name.startswith("make_"):
        return  # in code that a library runs: followed in turn, each would call all others in every order
    has_methods = machine.knowledge.has(path, "calls_methods")
    copied = frozenset(o for text in effect.calls if text.startswith("like:") for o in machine.heap.reach(target(text)))
    seen = set(args.all)

    def may_hold_code(held: Obj) -> bool:
        is_known = has_methods or not held.type.startswith(UNKNOWN)
        return is_known and not held.immutable and not machine.has(held, "no_code")

    stack = [obj for obj in seen if may_hold_code(obj)]
    while stack and not machine.effort.is_exhausted:
        obj = stack.pop()
        if obj.type == INSTANCE and has_methods and machine.first_time("passed object", obj, args.all):
            own = machine.like(frozenset({obj}), node) if obj in copied else {obj}
            machine.passing.add(obj)
            for each in own:
                run_all_methods(machine, each, args.all - {obj}, node)
            machine.passing.discard(obj)
        elif (obj.type == METHOD or is_plain_function(obj)) and obj not in args.all:
            machine.passing.add(obj)
            as_given = effect.gives_what_it_calls
            given = receiver | args.all if as_given else args.all
            call_back(machine, frozenset({obj}), given, args, node, None if has_methods else path, whole=as_given)
            machine.passing.discard(obj)
        elif obj.type not in (FUNCTION, CLASS, METHOD):
            stack += [held for held in look_for_more(obj, seen) if may_hold_code(held)]
    if machine.effort.is_exhausted:
        exhausted(machine, args.all)


def run_drawn(machine: Run, node: Instruction) -> None:
    """Run what figures were given to call when they are drawn."""
    for held in sorted(machine.drawn, key=lambda obj: obj.name):
        if machine.first_time("drawn", held):
            call_back(machine, frozenset({held}), EMPTY, NO_ARGUMENTS, node)


def run_code(machine: Run, value: Value, node: Instruction) -> None:
    """Run every function of the notebook that can be reached from ``value``, with anything in it."""
    if not machine.anything_runs():
        return
    if machine.effort.is_exhausted:
        exhausted(machine, value)
        return
    if not machine.first_time("run", value):
        return
    reached = [o for o in machine.heap.reach(value) if o.type in (METHOD, INSTANCE) or is_plain_function(o)]
    if not reached:
        return
    anything = machine.heap.make((*machine.site(node), "anything"), UNKNOWN, inside=mutable(value))

    def once() -> None:
        for obj in reached:
            if obj.type == INSTANCE:
                run_all_methods(machine, obj, frozenset({anything}), node)
            else:
                machine.perhaps(partial(run, obj))

    def run(obj: Obj) -> None:
        given = machine.call_one(obj, any_arguments(obj, frozenset({anything})), node)
        if machine.believes("changes"):
            machine.change(o for o in with_elements(given) if o.type not in (FUNCTION, CLASS))
        else:
            machine.assume_unchanged(with_elements(given))

    machine.loop(once)


def finalize(machine: Run, obj: Obj, code: Value, node: Instruction) -> None:
    """Note that code runs when an object goes: that may be at once, or when a name or a container lets it go."""
    if obj.immutable or not code:
        return
    obj.finalized = True
    machine.change_one(obj)
    machine.finalizers[obj] = machine.finalizers.get(obj, EMPTY) | code
    machine.perhaps(lambda: _run_finalizers(machine, {obj}))


def _run_finalizers(machine: Run, gone: Iterable[Obj]) -> None:
    anything = frozenset({machine.heap.make(("gone",), UNKNOWN)})
    for obj in gone:
        for code in machine.finalizers[obj]:
            if code.type == LIB:
                continue
            call = partial(machine.call_one, code, any_arguments(code, anything), machine.record.lowered.place)
            machine.unless_running(obj, code, call)


def let_go(machine: Run, name: str) -> None:
    """A name denotes something else from now on: what it denoted may go, and that counts as a use of it."""
    binding = machine.module.state.get(name)
    held = machine.heap.reach(binding.value) if binding is not None else frozenset()
    gone = [obj for obj in machine.finalizers if obj in held]
    if gone:
        machine.read_global(name)
        machine.perhaps(lambda: _run_finalizers(machine, gone))


def run_registered(machine: Run, value: Value, node: Instruction) -> None:
    """Run what a library was given to keep: it may call it at any time, out of sight.

    What that reads must be there from then on; what it does with unknown objects happens when it is called. While a
    module is imported nothing calls it: what it names may be defined further down.
    """
    if machine.importing and (value, node) not in machine.kept:
        machine.kept.append((value, node))
        return
    record = machine.record
    seen, record.reads = record.reads, set()
    before = {name: set(getattr(record, name)) for name in _WHEN_CALLED}, record.prints
    memo = Memo(machine.heap.reason)
    machine.tracing.append(memo)
    first = machine.heap.make(("kept", node, machine.context), UNKNOWN)
    _run_kept(machine, value, node)
    machine.tracing.pop()
    if machine.tracing:
        machine.tracing[-1].take(memo)
    is_state = any(obj.serial < first.serial or obj.type == "builtins.namespace" for obj in memo.changed)
    if machine.importing and (is_state or memo.writes):
        machine.noisy.add(machine.importing[-1])  # from now on, what it keeps may change wherever the library is used
    for name, items in before[0].items():
        getattr(record, name).intersection_update(items)
    record.prints = before[1]
    machine.awaited |= {name for name in record.reads if machine.module.state.get(name) is None}
    record.reads |= seen


def _run_kept(machine: Run, value: Value, node: Instruction) -> None:
    run_code(machine, frozenset(obj for obj in value if obj.type in (FUNCTION, METHOD, INSTANCE)), node)
    _run_classes(machine, [obj for obj in value if obj.type == CLASS], node)


def passed_class(machine: Run, value: Value, node: Instruction, path: str) -> None:
    """A library that is given a class may make instances of it and call their methods (``json.dumps(x, cls=E)``)."""
    if path.startswith(_ONLY_NAMES_CLASSES):
        return
    _run_classes(machine, [obj for obj in value if obj.type == CLASS and machine.first_time("passed", obj)], node)


_ONLY_NAMES_CLASSES = tuple(
    f"{name}." for name in "builtins collections typing dataclasses copy enum abc inspect".split()
)


_WHEN_CALLED = ("unknown_calls", "files_read", "files_written")


def _run_classes(machine: Run, classes: Iterable[Obj], node: Instruction) -> None:
    """Make instances of classes, perhaps, and run their methods."""
    anything = frozenset({machine.heap.make((*machine.site(node), "anything"), UNKNOWN)})

    def run(cls: Obj) -> None:
        for made in kind_of(CLASS).call(machine, cls, Arguments(((anything, True),)), node):
            run_all_methods(machine, made, anything, node)

    for cls in classes:
        machine.perhaps(partial(run, cls))


def is_plain_function(obj: Obj) -> bool:
    """Whether an object is a function of the notebook that is no method of a class: those run with their instances."""
    return obj.type == FUNCTION and obj.code.owner is None


def run_all_methods(machine: Run, obj: Obj, value: Value, node: Instruction) -> None:
    """Run all methods of an instance of a notebook class, as code that is handed the instance may."""
    if machine.effort.is_exhausted:
        exhausted(machine, value | {obj})
        return
    if not machine.first_time("methods", obj, value):
        return
    own = frozenset({obj})

    def once() -> None:
        for classes in lineage(obj.classes):
            for name, members in list(classes.fields.items()):
                if name.startswith("*") or name in ("__init__", "__new__", "__del__"):
                    continue
                for each in members:
                    if each.type == FUNCTION and (obj, each) not in machine.running:
                        machine.running.add((obj, each))
                        many = any_arguments(each, value, own)
                        machine.perhaps(partial(machine.call_function, each, many, node))
                        machine.running.discard((obj, each))

    machine.loop(once)
