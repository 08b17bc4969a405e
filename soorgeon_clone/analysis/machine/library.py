"""Calls of libraries: what the effect tables say happens to the objects of this call."""

from __future__ import annotations

from collections.abc import Iterable

from soorgeon_clone.analysis.knowledge.effect_rules import Effect
from soorgeon_clone.analysis.knowledge.effects import UNDESCRIBED
from soorgeon_clone.analysis.lower.instructions import Attribute, Instruction
from soorgeon_clone.analysis.machine import beside, callbacks
from soorgeon_clone.analysis.machine.library_call import VIEWING, LibraryCall
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.models import names_in_texts
from soorgeon_clone.analysis.objects import labels, pickled_definitions
from soorgeon_clone.analysis.objects.arguments import NO_ARGUMENTS, Arguments
from soorgeon_clone.analysis.objects.arguments import given as constants_of
from soorgeon_clone.analysis.objects.comparing import LOOKING, look_for_number, may_look_for, note_identity
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value, is_module, spread
from soorgeon_clone.analysis.objects.keys import ANY, FILE, KEPT, LOST, SOURCE
from soorgeon_clone.analysis.objects.kinds.importable import MAIN, note_code
from soorgeon_clone.analysis.objects.machine import BY_NAME
from soorgeon_clone.analysis.objects.parts import cells, contents, inmost, is_of_library, path_text, with_dictionary
from soorgeon_clone.analysis.objects.special_methods import implicit, implicit_inside
from soorgeon_clone.analysis.objects.types import (
    CLASS,
    CODE_TYPES,
    CONTAINERS,
    FRAME,
    FRAMES,
    FUNCTION,
    INSTANCE,
    LIB,
    METHOD,
    NDARRAY,
    NUMBERS,
    TABLES,
    UNKNOWN,
)
from soorgeon_clone.analysis.objects.using import advance, ask_for_iterators, is_advancing, take_from_unknown

_HERE = "."  # the folder in which the code runs
_OPENED = "opened"  # what the object was opened with
_TAKING_ALL = frozenset(  # all elements of what they are given
    f"builtins.{name}"
    for name in (
        *("list", "tuple", "set", "frozenset", "dict", "sum", "max", "min", "any", "all", "sorted"),
        *("str.join", "list.extend", "set.update", "set.union"),
    )
)
_SHOWING = frozenset(f"builtins.{name}" for name in ("str", "repr", "format", "ascii", "str.format", "str.join"))


def apply(
    machine: Run,
    effect: Effect,
    receiver: Value,
    args: Arguments,
    node: Instruction,
    *,
    path: str,
    names: tuple[str, ...] | None = None,
) -> Value:
    """Do what ``effect`` says with the objects of this call, and return what the call gives."""
    machine.effort.calls += 1
    machine.effort.look_at(receiver, args.all)
    reason = machine.blame(node, (path, effect), feared=effect.source == UNDESCRIBED)
    if args.all and machine.heap.lib(MAIN) in args.all:
        machine.opaque(BY_NAME)
    call = LibraryCall(machine, receiver, args, node, path, names)
    given = receiver | args.all
    if machine.namespaces:
        beside.look_at(machine, args.all)
    call.given_back = _run_passed_code(call, effect)
    if call.name in LOOKING:
        look_for_number(machine, receiver, args.all)
    if may_look_for(machine, path, receiver, args.all):
        note_identity(machine, given)
    if effect.acts or machine.anything_advances():
        _act(call, effect)
    if call.name not in _ASKING_NOTHING and any(_is_plan_of_others(machine, obj, path) for obj in args.all):
        machine.note("files_read", "*")
    if effect.sets and any(o.type in CODE_TYPES for o in args.all):
        machine.run_registered(args.all, node)
    if effect.sets:
        note_code(machine, effect, args.all)
    if machine.drawn and machine.knowledge.has(path, "artists"):
        callbacks.run_drawn(machine, node)
    pickled_definitions.note_written(machine, effect, path, given)
    if path in _TAKING_ALL:
        take_from_unknown(machine, args.all)
    if path in _TAKING_ALL or path == "builtins.iter":
        ask_for_iterators(machine, args.all)
    if effect.prints or path in _SHOWING:
        machine.show(args.all)
    if effect.raises:
        machine.die()
    value = call.given_back if effect.gives_what_it_calls else EMPTY
    viewed = next(iter(receiver)) if len(receiver) == 1 and (effect.views or effect.lends) == ("self",) else None
    for spec in effect.returns if not effect.gives_what_it_calls else ():
        value |= call.result(spec, viewed)
    if effect.parts:
        value = _parts_of(call, value)
    fresh = [obj for obj in value if not obj.immutable and obj not in receiver and obj not in args.all]
    if fresh and path.startswith(NUMBERS):
        inside = cells(receiver)
        fresh = [obj for obj in fresh if obj not in inside]
    if machine.heap.has_sets():
        _note_order(call, fresh)
    if fresh:
        _make(call, effect, fresh, value)
        if effect.reads or effect.writes:
            _note_opened(call, effect, fresh)
    if "parts" in effect.shares:
        _share_parts(machine, value)
    machine.heap.reason = reason
    return value


def _is_plan_of_others(machine: Run, obj: Obj, path: str) -> bool:
    """Whether an object reads the files of its plan once a call asks it for contents: another library's, that is."""
    return machine.has(obj, "plans") and obj.type.partition(".")[0] != path.partition(".")[0]


def elements_of(machine: Run, element: str, own: Value, node: Instruction) -> Value:
    """Return what iterating over ``own`` gives, in the words of the facts about its type."""
    return LibraryCall(machine, own, NO_ARGUMENTS, node).result(element)


def _note_opened(call: LibraryCall, effect: Effect, fresh: list[Obj]) -> None:
    """Let open files have the paths that they were opened with."""
    machine = call.machine
    opened = [obj for obj in fresh if (facts := machine.knowledge.type(obj.type)) is not None and facts.advancing]
    for text in sorted({*effect.reads, *effect.writes}) if opened else ():
        value = call.target(text) if text == "self" or text in call.bound else EMPTY
        for obj in opened:
            machine.heap.hold(obj, FILE, value or frozenset({machine.heap.atom("builtins.str")}))


def _make(call: LibraryCall, effect: Effect, fresh: list[Obj], value: Value) -> None:
    """Let what the call made hold, and share memory with, what it is made of."""
    machine, args = call.machine, call.args
    given = call.receiver | args.all
    _tie(call, effect, fresh)
    _lend(call, effect, fresh)
    labels.share(machine, fresh, given)
    labels.take(machine, fresh, call.bound)
    _note_left_out(call, effect, value)
    for module in filter(is_module, args.all):
        for obj in fresh:
            machine.heap.hold(obj, ANY, frozenset({module}))
    constants = constants_of(args, call.names)
    for obj in fresh:
        obj.is_bare |= call.path == obj.type and all(map(_is_empty, args.all))
        if obj.made_with is None:
            obj.made_with = constants
    pickled_definitions.read_back(machine, effect, call.path, fresh, call.node)


def _is_empty(obj: Obj) -> bool:
    return obj.type == "builtins.NoneType" or (obj.type in CONTAINERS and not obj.fields)


# calls to which the order of a set that they are given makes no difference
_ORDERLESS = frozenset(
    """
    len sorted min max any all isinstance issubclass callable hasattr getattr id bool type set frozenset isin issubset
    issuperset isdisjoint difference intersection symmetric_difference union update difference_update discard remove
    intersection_update symmetric_difference_update add append insert setdefault get clear copy fit_transform
    """.split()
)


# calls that do nothing with the elements of containers
_LOOK_AT_NONE = frozenset(
    """
    len isinstance hasattr getattr id type callable append extend insert pop popleft appendleft clear copy reverse next
    iter reversed list tuple dict enumerate zip map filter range items keys values
    """.split()
)

_ASKING_NOTHING = _LOOK_AT_NONE - {"len"}


def _note_order(call: LibraryCall, made: Iterable[Obj]) -> None:
    """Note whether a call makes the order of sets visible, and which sets it makes out of others."""
    machine, name, receiver, args = call.machine, call.name, call.receiver, call.args
    if name not in _ORDERLESS or (name in ("sorted", "min", "max") and any(key == "key" for key, _ in args.keywords)):
        machine.heap.note_order(args.all)
    if name in ("pop", "__iter__"):
        machine.heap.note_order(receiver)
    machine.heap.derive_order(made, receiver | args.all)
    machine.heap.derive_order(receiver, args.all)


def _run_passed_code(call: LibraryCall, effect: Effect) -> Value:
    """Follow the notebook's code that the call may run: callbacks, special methods, what the receiver holds.

    Return what the callbacks give.
    """
    machine, receiver, args, node, path = call.machine, call.receiver, call.args, call.node, call.path
    if machine.effort.is_exhausted:
        return machine.exhausted(receiver | args.all)
    given_back = EMPTY
    for text in effect.calls:
        whole = effect.gives_what_it_calls
        given_back |= machine.call_back(call.target(text), receiver, args, node, path, whole=whole)
    if not machine.anything_runs():
        return given_back
    passed = args.all
    implicit(machine, passed | given_back)  # sorted(xs, key=Version) compares what Version makes
    if call.name not in _LOOK_AT_NONE:
        implicit_inside(machine, passed | receiver)
    for text in effect.changes:
        for obj in call.target(text):  # what is written to an object goes through its methods (print(file=...))
            if obj.type == INSTANCE and obj not in receiver:
                machine.run_all_methods(obj, passed, node)
    if not effect.calls and any(o.type in CODE_TYPES for o in passed):
        machine.call_back(frozenset(o for o in passed if o.type in (FUNCTION, METHOD)), receiver, args, node, path)
    callbacks.run_passed_objects(machine, effect, receiver, args, node, call.target, path)
    if any(o.type == CLASS for o in passed):
        machine.passed_class(passed, node, path)
    # of what a library holds, nothing runs where an attribute of its object is only read
    if any(o.fields for o in receiver) and not isinstance(node, Attribute):
        callbacks.run_held_code(machine, receiver, args, node)
    return given_back


def _act(call: LibraryCall, effect: Effect) -> None:
    """Note what the call does to objects, random generators, settings and files."""
    machine, receiver, args, target = call.machine, call.receiver, call.args, call.target
    if effect.opaque:
        machine.opaque(effect.opaque)
    if effect.tells:
        machine.note("tells_copies", f"`{call.name}` tells {effect.tells}")
    changed = EMPTY
    if call.name.endswith("_") and not call.name.startswith("_"):  # x.requires_grad_()
        for obj in receiver:
            machine.heap.made_with_others(obj, {**(obj.made_with or {}), call.name[:-1]: None})
    for text in effect.changes:
        if text == "self" and effect.sets:
            continue  # what changes is the setting that the object stands for
        changed |= target(text)
    machine.change(changed)
    for text in effect.replaces:
        for obj in target(text):
            machine.refill(obj)
            for other in args.all if effect.keeps and machine.hints.may_copy_on_write else ():
                if other.type in FRAMES:
                    machine.heap.lend(obj, other)
    for obj in receiver | args.all if machine.anything_advances() else ():
        if is_advancing(machine, obj):
            advance(machine, obj)
        elif obj in receiver or _is_asked_to_draw(call, obj):
            for part in contents(frozenset({obj})):  # an estimator that was given a generator
                if is_advancing(machine, part):
                    advance(machine, part)
    for text in effect.keeps:
        kept = target(text)
        for obj in _keepers(machine, changed or receiver, kept):
            machine.heap.hold(obj, KEPT if obj.type == INSTANCE else ANY, kept)
            if call.name in _CONNECTING:
                machine.heap.hold_words(obj, LOST, "callbacks")
    for text in effect.ties:
        for obj in target(text):
            machine.change_one(obj)
            machine.heap.hold_words(obj, LOST, "links")
    for resource in effect.draws:
        machine.draw(resource)
    for text in effect.names:
        names_in_texts.read_named(machine, target(text), receiver, args, call.node)
    for resource in effect.seeds:
        machine.seed(resource)
    if call.node not in machine.opening or not machine.knowledge.has(call.path, "restores"):
        for setting in effect.sets:
            machine.note("sets", setting)
    for text in effect.reads:
        _file(call, "files_read", text)
    for text in effect.writes:
        _file(call, "files_written", text)
    if effect.prints:
        machine.print()


def _is_asked_to_draw(call: LibraryCall, obj: Obj) -> bool:
    """Whether a library is given one of its own objects, which may hold a generator: folds that are shuffled by one."""
    library = call.path.partition(".")[0]
    return library != "builtins" and obj.type.partition(".")[0] == library


# matplotlib's ways to register what is called at an event, which pickle leaves out
_CONNECTING = frozenset("mpl_connect connect on_changed on_clicked on_submit on_text_change add_callback".split())


def _keepers(machine: Run, changed: Value, kept: Value) -> Value:
    """Return who holds what was kept: a formatter that an axis was given goes with the whole figure."""
    artists = frozenset(o for o in changed if machine.has(o, "artists"))
    if not artists or all(o.immutable for o in kept):
        return changed
    machine.drawn |= {o for o in machine.heap.reach(kept) if o.type in (FUNCTION, METHOD, INSTANCE)}
    return changed | frozenset(o for o in machine.heap.reach(artists) if machine.has(o, "artists"))


def _tie(call: LibraryCall, effect: Effect, made: Iterable[Obj]) -> None:
    """Let what the call made hold what it shares, and share memory with what it is a view of.

    A view that a call of tables or arrays made is certainly another object, and where a table says so.
    """
    machine, target = call.machine, call.target
    apart = call.path.startswith(NUMBERS) or machine.knowledge.has(call.path, "views_apart")
    shared, viewed = EMPTY, EMPTY
    for text in effect.shares:
        if text != "parts":
            shared |= target(text)
    for text in effect.views:
        viewed |= _with_arrays(_shown(target(text)))
    if not shared and not viewed:
        return
    held = frozenset(obj for obj in shared if not obj.immutable or is_module(obj))
    copied = held - {o for o in held if o.type.startswith(NUMBERS)}
    if len(copied) < len(held):
        copied |= contents(held - copied)
    for obj in made:
        parts = copied if obj.type == FRAME else held  # a frame copies frames and arrays
        # of a list of views (np.split) each shares the memory, the list itself shares none
        views = inmost(frozenset({obj})) - held if viewed else EMPTY
        machine.heap.hold(obj, SOURCE if _gives_known_elements(obj) else ANY, parts)
        for view in views:
            is_array = view.type not in FRAMES and view.type != "builtins.object"
            for other in _lent(viewed) if is_array else viewed:
                means_nothing = other.type in CONTAINERS and view.type.startswith(NUMBERS)
                if not (view.immutable or other.immutable or means_nothing):
                    lent = machine.hints.may_copy_on_write and is_array and other.type in FRAMES
                    machine.heap.view(view, other, apart=apart and view.type != "builtins.object", lent=lent)


def _parts_of(call: LibraryCall, value: Value) -> Value:
    """Return what stands for parts such as ``value`` of the receiver: it holds them, they are made once."""
    machine = call.machine
    found: set[Obj] = {obj for obj in value if obj.immutable}
    for owner in call.receiver:
        for obj in value - found:
            part = machine.heap.make(("part", owner, call.name, obj.type), obj.type)
            part.made = min(part.made, owner.made)  # it was there before somebody asked for it
            if obj.type in CONTAINERS:
                machine.heap.hold(part, ANY, contents(frozenset({obj})))
            machine.heap.hold(owner, ANY, frozenset({part}))
            if not machine.hints.copies_on_write and obj.type in VIEWING:  # the target may be a column of the frame
                machine.heap.view(part, machine.heap.make(("parts", owner), NDARRAY), apart=True)
            found.add(part)
    return frozenset(found)


def _lend(call: LibraryCall, effect: Effect, made: Iterable[Obj]) -> None:
    """Note that frames may share memory with others until they are written into: all that gives the same cells."""
    machine = call.machine
    is_of_tables = machine.hints.may_copy_on_write and call.path.startswith(TABLES)
    if not is_of_tables or not (effect.shares or effect.lends or effect.views):
        return
    given = {o for o in call.receiver | call.args.all if effect.lends or not o.type.endswith(_GROUPS)}
    lenders = [o for o in inmost(_shown(frozenset(given))) if o.type in FRAMES]
    for obj in inmost(frozenset(made)) if lenders else ():
        for other in lenders if obj.type in FRAMES else ():
            machine.heap.lend(obj, other)


_GROUPS = ("GroupBy", "Rolling", "Resampler", "Window")  # what they give is computed, with few exceptions


def _shown(value: Value) -> Value:
    """Return the objects, and in place of indexers (``df.loc``) the frames whose rows and columns they give."""
    indexers = frozenset(obj for obj in value if obj.type.endswith(("._Indexer", *_GROUPS)))
    return (value - indexers) | contents(indexers) if indexers else value


def _with_arrays(value: Value) -> Value:
    """Return the objects, and the arrays that those of libraries keep: they may show one of those (``model.exog``)."""
    found = spread(value, lambda obj: contents(with_dictionary(obj)) if is_of_library(obj) else EMPTY)
    return value | frozenset(obj for obj in found if obj.type == NDARRAY)


def _lent(value: Value) -> Value:
    """Return the objects, and those that may share memory with them: who takes an array takes that memory."""
    return value.union(*(obj.lent for obj in value if obj.lent is not None))


def _note_left_out(call: LibraryCall, effect: Effect, made: Value) -> None:
    """Note what pickle leaves out of what the call made: attributes, and what a formula names."""
    machine = call.machine
    for name in effect.loses:
        if machine.hints.mention(name):
            for obj in machine.heap.reach(made):
                if obj.type not in CONTAINERS:
                    machine.heap.hold_words(obj, LOST, name)
    if effect.names and machine.knowledge.has(call.path, "formulas"):
        for text in effect.names:
            names_in_texts.keep_named(machine, made, call.target(text))


def _gives_known_elements(obj: Obj) -> bool:
    """Whether it is known what an iterator gives, which is not what it takes from."""
    given = obj.fields.get(ANY, EMPTY)
    return obj.type == "builtins.iterator" and bool(given) and not any(o.type in _ANYTHING for o in given)


_ANYTHING = (UNKNOWN, "builtins.object")


def _share_parts(machine: Run, value: Value) -> None:
    """The parts of one result hold each other: a figure and its axes."""
    parts = frozenset(o for o in machine.heap.reach(value) if o.type not in CONTAINERS)
    for obj in parts:
        machine.heap.hold(obj, ANY, parts - {obj})


_IN_MEMORY = ("io.StringIO", "io.BytesIO")
_STREAMS = ("sys.std", "sys.__std")


def _note_paths(machine: Run, field_name: str, obj: Obj) -> None:
    """Note the files with which an object was opened, or that which it holds; any, where nobody knows."""
    inside = (part.fields.get(FILE, EMPTY) for part in contents(frozenset({obj})))
    for path in obj.fields.get(FILE) or EMPTY.union(*inside) or frozenset({machine.heap.atom("builtins.str")}):
        machine.note(field_name, path_text(path) or "*")


def _file(call: LibraryCall, field_name: str, text: str) -> None:
    machine = call.machine
    if text in ("*", "*log"):
        if text == "*" or machine.hints.logs_to_files:
            machine.note(field_name, "*")
        return
    if text == _HERE:
        machine.note(field_name, _HERE)
        return
    if text == _OPENED:
        for obj in call.receiver:
            _note_paths(machine, field_name, obj)
        return
    for obj in call.target(text):
        path = path_text(obj)
        if path is not None:
            machine.note(field_name, path)
        elif FILE in obj.fields or (obj.type.startswith("io.") and obj.type not in _IN_MEMORY):
            _note_paths(machine, field_name, obj)
        elif obj.type in (*_IN_MEMORY, "builtins.NoneType", "tempfile._TemporaryFileWrapper"):
            continue
        elif (
            obj.type in ("builtins.str", "builtins.bytes", UNKNOWN)
            or (obj.type == LIB and not obj.path.startswith(_STREAMS))
            or obj.type.startswith(("pathlib.", "os."))
            or (obj.immutable and obj.type == "builtins.scalar")
        ):
            machine.note(field_name, "*")
