"""Calls that nobody described or follows, and callbacks: they may do whatever can be reached from them.

The verdict on a call that nobody described is `unknown`: it may change whatever can be reached from what it is given,
call back any function of the notebook among that, draw from seeded generators, and read or write the files named.
"""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable, Iterable
from functools import partial

from soorgeon_clone.analysis.knowledge.effect_comments import Said
from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED, Effect
from soorgeon_clone.analysis.knowledge.feared import Feared
from soorgeon_clone.analysis.limits import REACHED
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.machine import beliefs
from soorgeon_clone.analysis.machine.memo import Memo
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments, any_arguments, passing
from soorgeon_clone.analysis.objects.heap import (
    ANY,
    CLASS,
    CODE_TYPES,
    EMPTY,
    FRAMES,
    FUNCTION,
    INSTANCE,
    LIB,
    METHOD,
    OF_CLASS,
    SETS,
    UNKNOWN,
    Obj,
    Value,
    look_for_more,
)
from soorgeon_clone.analysis.objects.lineage import lineage, member
from soorgeon_clone.analysis.objects.machine import BY_NAME
from soorgeon_clone.analysis.objects.parts import CONTAINERS, NDARRAY, TABLES, mutable, path_text, with_elements
from soorgeon_clone.analysis.objects.policy import MEMORY, Assumed
from soorgeon_clone.analysis.objects.state import Scope
from soorgeon_clone.analysis.objects.table import kind_of
from soorgeon_clone.analysis.objects.using import advance, is_advancing

DEPTH = "calls inside one another"

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
        return unknown(machine, frozenset({obj}), args, node, obj.path) | {obj}
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


_CHANGERS = frozenset(
    "append extend insert add update setdefault pop popitem remove discard clear sort reverse".split()
)


def keeps_state(path: str) -> bool:
    """Whether a call of something in a module that nobody described may change what later calls of it give."""
    rest = path.partition(".")[2]
    return bool(rest.count(".")) and rest.rpartition(".")[2] in _CHANGERS


def unknown(machine: Run, receiver: Value, args: Arguments, node: Instruction, what: str) -> Value:
    """Do what a call that nobody described may do, and return what it may give."""
    values = receiver | args.all
    said = machine.comments.get(node)
    if said is not None:
        reason = machine.blame(node, f"a comment in the notebook ({said.text})")
        made = _as_said(machine, said, values, node)
    else:
        shown = _shown(receiver, what)
        reason = machine.blame(node, f"{UNDESCRIBED}: {shown}", feared=True)
        policy = machine.policy
        if _has_no_such_method(receiver) or what.startswith(_OF_PYTHON):
            machine.policy = None
        if machine.policy is not None and beliefs.is_setting(machine, receiver, args, node, what):
            machine.note("sets", "modules")
            made = frozenset({machine.heap.atom("builtins.scalar")})
        else:
            if not machine.importing:  # what nobody knows of is not feared to do more than that: imports make things
                machine.note("unknown_calls", shown)
            made = _assume(machine, receiver, args, node, what)
            machine.policy = policy
            if not machine.importing:
                beliefs.draw(machine, what)
    machine.heap.reason = reason
    return made


_OF_PYTHON = ("builtins.object.__", "builtins.type.__")  # object.__getattribute__(x, "__dict__")


def _has_no_such_method(receiver: Value) -> bool:
    """Whether a container that Python has is asked for a method that no table knows: it is none of unknown code."""
    return bool(receiver) and all(obj.type in CONTAINERS for obj in receiver)


def _shown(receiver: Value, what: str) -> str:
    """Return the path of a call as a reader knows it; of a method of something that a call gave, with that call."""
    if "." in what:
        return what
    givers = {obj.path for obj in receiver if obj.type == UNKNOWN and "." in obj.path}
    giver = f"{givers.pop()}()" if len(givers) == 1 else "an object that nobody knows"
    return giver if what == UNKNOWN else f"{giver}.{what}" if giver.endswith("()") else f"{what} of {giver}"


def _assume(machine: Run, receiver: Value, args: Arguments, node: Instruction, what: str) -> Value:
    values = receiver | args.all
    machine.forget_given(args.all)
    machine.effort.steps += len(values)
    if machine.effort.is_exhausted:
        for resource in sorted(machine.seeded):
            machine.draw(resource)
        _may_be_file(machine, args.all, deep=not receiver)
        return exhausted(machine, values)
    run_code(machine, values, node)
    for obj in values if machine.anything_advances() else ():
        if is_advancing(machine, obj):
            advance(machine, obj)
    believed = beliefs.believed(machine, receiver, args, node, what)
    if machine.policy is not None and machine.believes("amends"):
        for obj in values:
            if obj.type in (FUNCTION, CLASS):
                machine.change_one(machine.heap.amendments(obj))
    changed = beliefs.chosen(machine, receiver, args.all, believed, "receiver changes", "arguments change")
    machine.change(o for o in with_elements(changed) if o.type not in (FUNCTION, CLASS) and not o.immutable)
    if changed != values:
        machine.assume_unchanged(with_elements(values - changed))
    if machine.heap.has_sets():
        machine.heap.note_order(machine.heap.reach(values))
    beliefs.set_settings(machine, receiver, what)
    if not machine.importing:
        _may_be_file(machine, args.all, deep=not receiver)
        if "touches files" in believed:
            machine.note("files_read", "*")
            machine.note("files_written", "*")
    if "receiver keeps" in believed:
        _may_keep(machine, values)
    made = machine.heap.make(machine.site(node), UNKNOWN)
    machine.strangers.add(made)
    shared = beliefs.chosen(machine, receiver, args.all, believed, "result is receiver's", "result is arguments'")
    machine.heap.hold(made, ANY, mutable(shared))
    if machine.policy is not None:
        views = frozenset(o for o in shared if o not in receiver or o.type not in CONTAINERS)
        _may_share(machine, made, views, values)
    if machine.policy is None or not machine.believes("shares"):  # where objects are shared, memory is not
        unknown = frozenset(o for o in (*values - machine.in_modules, made) if o.type == UNKNOWN)
        machine.assume(Assumed("shares", unknown, MEMORY))
    if what and "." in what and what[0] != "?":
        made.path = made.path or what
    return frozenset({made})


def _may_share(machine: Run, made: Obj, viewed: Value, values: Value) -> None:
    """Note what the result is assumed to have nothing in common with, and what was given with one another.

    Of ``viewed`` it may hold arrays that show the memory of those in there.
    """
    if machine.believes("shares"):
        keep_views(machine, made, viewed)
        _keep_in_library(machine, made, values)
        return
    # what keeps a frame keeps it as it is: it is written into without those that show its memory
    keep_views(machine, made, viewed, but=FRAMES if machine.copies_on_write else frozenset())
    apart = frozenset(o for o in (*values, made) if not o.immutable and o.type not in (FUNCTION, CLASS))
    machine.assume(Assumed("shares", apart - machine.in_modules))


def _keep_in_library(machine: Run, made: Obj, values: Value) -> None:
    """Let a library keep what it is given, and give what it keeps: a run has shown that one of its calls does."""
    kept = machine.heap.make(("kept by libraries",), UNKNOWN)
    kept.made = -1
    machine.heap.hold(kept, ANY, mutable(values))
    machine.heap.hold(made, ANY, frozenset({kept}))


def _may_keep(machine: Run, values: Value) -> None:
    """What can hold anything may hold, after an unknown call, what it was given or was called with."""
    kept = mutable(values)
    for obj in kept if len(kept) > 1 else ():
        if obj.type in (UNKNOWN, INSTANCE, "builtins.object") or obj.type in CONTAINERS:
            machine.heap.hold(obj, ANY, kept - {obj})


def _as_said(machine: Run, said: Said, values: Value, node: Instruction) -> Value:
    """Do what the author of the notebook says about a call that no table describes."""
    for name in sorted(said.changes):
        for obj in _value_of(machine, name):
            machine.change_whole(obj)
    for path in said.reads:
        machine.note("files_read", posixpath.normpath(path))
    for path in said.writes:
        machine.note("files_written", posixpath.normpath(path))
    for resource in sorted(machine.seeded) if said.draws else ():
        machine.draw(resource)
    made = machine.heap.make(machine.site(node), UNKNOWN)
    if not said.fresh:
        machine.heap.hold(made, ANY, mutable(values))
    return frozenset({made})


def _value_of(machine: Run, name: str) -> Value:
    scope: Scope | None = machine.scope
    while scope is not None and scope.kind != "module":
        binding = scope.state.get(name)
        if binding is not None:
            return binding.value
        scope = scope.parent
    return machine.read_global(name) if machine.module.state.get(name) is not None else EMPTY


def _may_be_file(machine: Run, value: Value, *, deep: bool) -> None:
    for obj in value:
        path = path_text(obj)
        if path is not None:
            machine.note("files_read", path)
            machine.note("files_written", path)
        elif obj.type == "builtins.str" or obj.type.startswith("pathlib.") or (deep and obj.type == UNKNOWN):
            machine.note("files_read", "*")
            machine.note("files_written", "*")


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
    anything = machine.heap.make((*machine.site(node), "anything"), UNKNOWN)
    machine.heap.hold(anything, ANY, mutable(value))

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
            if (obj, code) not in machine.running:
                machine.running.add((obj, code))
                machine.call_one(code, any_arguments(code, anything), machine.record.lowered.place)
                machine.running.discard((obj, code))


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
    changed = {*memo.changes, *memo.replaces, *memo.wholes}
    is_state = any(obj.serial < first.serial or obj.type == "builtins.namespace" for obj in changed)
    if machine.importing and (is_state or memo.writes):
        machine.noisy.add(machine.importing[-1])  # from now on, what it keeps may change wherever the library is used
    for name, items in before[0].items():
        getattr(record, name).intersection_update(items)
    record.prints = before[1]
    machine.awaited |= {name for name in record.reads if machine.module.state.get(name) is None}
    record.reads |= seen


def _run_kept(machine: Run, value: Value, node: Instruction) -> None:
    run_code(machine, frozenset(obj for obj in value if obj.type in (FUNCTION, METHOD, INSTANCE)), node)
    anything = frozenset({machine.heap.make((*machine.site(node), "anything"), UNKNOWN)})
    for obj in value:
        if obj.type == CLASS:
            machine.perhaps(partial(_run_class, machine, obj, anything, node))


def passed_class(machine: Run, value: Value, node: Instruction, path: str) -> None:
    """A library that is given a class may make instances of it and call their methods (``json.dumps(x, cls=E)``)."""
    if path.startswith(_ONLY_NAMES_CLASSES):
        return
    anything = frozenset({machine.heap.make((*machine.site(node), "anything"), UNKNOWN)})
    for obj in value:
        if obj.type == CLASS and machine.first_time("passed", obj):
            machine.perhaps(partial(_run_class, machine, obj, anything, node))


_ONLY_NAMES_CLASSES = tuple(
    f"{name}." for name in "builtins collections typing dataclasses copy enum abc inspect".split()
)


_WHEN_CALLED = ("unknown_calls", "files_read", "files_written")


def _run_class(machine: Run, cls: Obj, anything: Value, node: Instruction) -> None:
    for made in kind_of(CLASS).call(machine, cls, Arguments(((anything, True),)), node):
        run_all_methods(machine, made, anything, node)


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


def exhausted(machine: Run, values: Value, limit: str = "what one statement runs") -> Value:
    """Take for granted, once in a statement, that all functions did anything; what is passed later is in it as well."""
    if machine.gives_up():
        return EMPTY
    reason = machine.blame(machine.heap.reason.node, f"{REACHED}: {limit}", feared=True)
    if machine.anything is None:
        machine.anything = assume_anything(machine, machine.heap.of_type(FUNCTION), values, "worn")
        machine.heap.expect_in_most(machine.anything)
        machine.effort.has_exhausted = True
    passed = frozenset(
        o for o in values - machine.anything.fields.get(ANY, EMPTY) if not o.immutable and o is not machine.anything
    )
    if passed:
        for obj in passed:
            if obj.type not in (FUNCTION, CLASS):
                machine.change_whole(obj)
        _join(machine, machine.anything, passed)
    machine.heap.reason = reason
    return frozenset({machine.anything})


def _join(machine: Run, made: Obj, values: Value) -> None:
    """Let functions that nobody follows keep anything in anything, and give views of arrays."""
    machine.heap.hold(made, ANY, values)
    for obj in values:
        if obj.type not in (FUNCTION, CLASS):
            machine.heap.hold(obj, ANY, frozenset({made}))
    keep_views(machine, made, values)


def keep_views(machine: Run, made: Obj, values: Value, but: frozenset[str] = frozenset()) -> None:
    """Let ``made`` hold what shares the memory of the arrays among ``values``, those of types ``but`` left out."""
    reached = machine.heap.reach(values)
    arrays = [obj for obj in reached if machine.has(obj, "memory") and obj.type not in but]
    if machine.policy is not None and machine.believes("shares"):  # what nobody knows may be an array as well
        arrays += [obj for obj in values if obj.type == UNKNOWN and obj is not made]
    if arrays:
        view = machine.heap.make(("view in", made), NDARRAY)
        for array in arrays:
            if array not in view.views:
                machine.heap.view(view, array)
        machine.heap.hold(made, ANY, frozenset({view}))


def assume_anything(machine: Run, functions: list[Obj], values: Value, site: object) -> Obj:
    """Take for granted that functions, all they mention and are given, do anything with everything that they mention.

    That is the answer where a limit of work is reached.
    """
    bodies_ = _mentioned_code(machine, functions, values)
    names = set[str]().union(*(_globals_of(machine, function) for function in bodies_))
    found = EMPTY
    for name in sorted(names):
        if machine.module.state.get(name) is not None:
            found |= machine.read_global(name)
    mutable = {o for o in values | found if not o.immutable}
    for cls in [o for o in mutable if o.type == CLASS]:
        instance = machine.heap.make(("assume_anything", cls), INSTANCE)
        machine.heap.hold(instance, OF_CLASS, frozenset({cls}))
        mutable.add(instance)
    machine.change(o for o in mutable if o.type != FUNCTION or _takes_attributes(machine, o))
    for obj in mutable:
        if obj.type not in (FUNCTION, CLASS):
            machine.change_whole(obj)
    for obj in machine.heap.reach(frozenset(mutable)):
        if obj.type in (CLASS, FUNCTION) and machine.is_stored_into(obj.name):
            machine.change_one(machine.heap.amendments(obj))
    made = machine.heap.make(site, UNKNOWN)
    _join(machine, made, frozenset(mutable))
    for function in bodies_:
        for name in _bound_globals(machine, function):
            machine.bind_global(name, frozenset({made}), certain=False)
        if function.scope is not None:
            for name in function.code.nonlocals:
                machine.bind_nonlocal(function.scope, name, frozenset({made}))
    for space in sorted({function.module for function in bodies_}):
        blocks = [(function.code.place,) for function in bodies_ if function.module == space]
        may = machine.reading.feared(blocks, partial(machine.library_path, space=space))
        for path in sorted(may.imports):
            if machine.modules.along(path) and machine.module.state.get(f"{path}.__name__") is None:
                machine.opaque(f"a function that takes too long to follow imports {path}, which keeps variables")
        do_feared(machine, may)
    machine.note("files_read", "*")
    machine.note("files_written", "*")
    for resource in sorted(machine.seeded):
        machine.draw(resource)
    return made


def _mentioned_code(machine: Run, functions: list[Obj], values: Value) -> list[Obj]:
    """Return functions with all that they may call: what they mention, or find in what they are given."""
    seen: set[Obj] = set()
    names: set[str] = set()
    stack = [*functions, *(o for o in machine.heap.reach(values) if o.type in (FUNCTION, CLASS))]
    found: list[Obj] = []
    while stack:
        obj = stack.pop()
        if obj in seen:
            continue
        seen.add(obj)
        if obj.type == CLASS:
            stack.extend(m for held in obj.fields.values() for m in held if m.type in (FUNCTION, CLASS))
        elif obj.type == FUNCTION and obj.code is not None:
            found.append(obj)
            machine.note("unknown_calls", obj.name)
            for name in _globals_of(machine, obj) - names:
                names.add(name)
                binding = machine.module.state.get(name)
                if binding is not None:
                    stack.extend(o for o in machine.heap.reach(binding.value) if o.type in (FUNCTION, CLASS))
            if obj.scope is not None:
                captured = frozenset(obj.scope.captured(obj))
                stack.extend(o for o in machine.heap.reach(captured) if o.type in (FUNCTION, CLASS))
    return found


def _globals_of(machine: Run, function: Obj) -> set[str]:
    """Return the global variables that a function may read: its module's, and those of modules that it mentions."""
    found = {_global(function, name) for name in function.code.names}
    asked = machine.asked_in(function.code) if machine.namespaces else frozenset()
    stack = list(found) if asked else []
    while stack:
        binding = machine.module.state.get(stack.pop())
        for obj in binding.value if binding is not None else ():
            if obj.type == LIB and obj.module:
                more = {f"{obj.module}.{name}" for name in asked} - found
                found |= more
                stack += more
    return found


def _bound_globals(machine: Run, function: Obj) -> set[str]:
    """Return the global variables that a function may bind, those of modules that it stores into included."""
    found = {_global(function, name) for name in function.code.globals}
    if machine.namespaces:
        stored = machine.stored_in(function.code)
        names = _globals_of(machine, function) if stored else set()
        found |= {name for name in names if name.rpartition(".")[2] in stored and name.rpartition(".")[0]}
    return {name for name in found if "." not in name or machine.module.state.get(name) is not None}


def _global(function: Obj, name: str) -> str:
    return f"{function.module}.{name}" if function.module else name


def do_feared(machine: Run, may: Feared) -> None:
    """Do what code that nobody follows may do besides changing objects."""
    for setting in sorted(may.sets):
        machine.note("sets", setting)
    for resource in sorted(may.seeds):
        machine.seed(resource)
    for resource in sorted(may.draws):
        machine.draw(resource)
    for field, texts in (("files_read", may.reads), ("files_written", may.writes)):
        for text in sorted(texts):
            if text == "*" or machine.logs_to_files:
                machine.note(field, "*")
    if may.prints:
        machine.print()
    if may.by_name:
        machine.opaque(BY_NAME)


def _takes_attributes(machine: Run, function: Obj) -> bool:
    """Whether the notebook's code may give a function attributes, or it keeps results."""
    if function.code.is_cached:
        return True
    return machine.is_stored_into(function.name)
