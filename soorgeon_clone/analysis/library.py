"""Calls of libraries: what the effect tables say happens to the objects of this call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from soorgeon_clone.analysis import (
    access,
    beside,
    calls,
    evaluate,
    filed,
    labels,
    named,
    statements,
    structures,
    undescribed,
)
from soorgeon_clone.analysis.effects import UNDESCRIBED, Effect
from soorgeon_clone.analysis.heap import (
    CLASS,
    EMPTY,
    FRAMES,
    FUNCTION,
    INSTANCE,
    LIB,
    LOST,
    METHOD,
    UNKNOWN,
    Obj,
    Value,
    is_module,
)
from soorgeon_clone.analysis.lower.instructions import (
    Attribute,
    Call,
    Constant,
    Elements,
    Instruction,
    Item,
    Make,
    Operate,
    Read,
)

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker


NDARRAY = "numpy.ndarray"
_TAKING_ELEMENTS = ("builtins.", "collections.", "itertools.")  # the rows of an array are views of it
_TAKING_ALL = frozenset(  # all elements of what they are given
    f"builtins.{name}"
    for name in (
        *("list", "tuple", "set", "frozenset", "dict", "sum", "max", "min", "any", "all", "sorted"),
        *("str.join", "list.extend", "set.update", "set.union"),
    )
)
_OF_TABLES = ("pandas.", "numpy.")
_VIEWING = FRAMES | {NDARRAY}
_SHOWING = frozenset(f"builtins.{name}" for name in ("str", "repr", "format", "ascii", "str.format", "str.join"))


def apply(
    w: Walker,
    effect: Effect,
    receiver: Value,
    args: calls.Arguments,
    node: Instruction,
    *,
    path: str,
    names: tuple[str, ...] | None = None,
) -> Value:
    """Do what ``effect`` says with the objects of this call, and return what the call gives."""
    w.effort.calls += 1
    w.effort.look_at(receiver, args.all)
    reason = w.blame(node, (path, effect), feared=effect.source == UNDESCRIBED)
    if w.heap.lib(MAIN) in args.all:
        w.opaque("it reads and writes variables by name")
    bound = _bound(args, names)
    given_back: Value = EMPTY

    def target(text: str) -> Value:
        if text.startswith("call:"):
            return given_back
        if text.startswith("element:call:"):
            return access.cells(given_back)
        value = _target(w, text, receiver, args, bound, node)
        if text.startswith("element:") and path.startswith(_TAKING_ELEMENTS):
            arrays = frozenset(o for o in _target(w, text[8:], receiver, args, bound, node) if o.type == NDARRAY)
            value |= access.elements(w, arrays, node)
        return value

    given_back = _run_passed_code(w, effect, receiver, args, node, target, path)
    if access.may_look_for(w, path, receiver, args.all):
        access.note_identity(w, receiver | args.all)
    if effect.acts or w.anything_advances():
        _act(w, effect, receiver, args, node, target, path)
    if effect.sets and any(o.type in calls.CODE_TYPES for o in args.all):
        undescribed.run_registered(w, args.all, node)
    if w.drawn and path.startswith("matplotlib."):
        undescribed.run_drawn(w, node)
    filed.note_written(w, effect, path, receiver | args.all)
    if path in _TAKING_ALL:
        access.take_from_unknown(w, args.all)
    if effect.prints or path in _SHOWING:
        w.show(args.all)
    if effect.raises:
        statements._die(w)
    value: Value = given_back if gives_what_it_calls(effect) else EMPTY
    viewed = next(iter(receiver)) if len(receiver) == 1 and (effect.views or effect.lends) == ("self",) else None
    for spec in effect.returns if not gives_what_it_calls(effect) else ():
        value |= result(w, spec, receiver, args, node, bound, path, viewed)
    if effect.parts:
        value = _parts_of(w, receiver, value, path)
    fresh = [obj for obj in value if not obj.immutable and obj not in receiver and obj not in args.all]
    if fresh and path.startswith(_OF_TABLES):
        inside = access.cells(receiver)
        fresh = [obj for obj in fresh if obj not in inside]
    if w.heap.has_sets():
        _note_order(w, path, receiver, args, fresh)
    if fresh:
        _tie(w, effect, fresh, target, apart=path.startswith(_OF_TABLES))
        _lend(w, effect, fresh, receiver | args.all, path)
        labels.share(w, fresh, receiver | args.all)
        _note_left_out(w, effect, value, path, target)
        for module in filter(is_module, args.all):
            for obj in fresh:
                w.heap.hold(obj, "*", frozenset({module}))
        constants = calls.given(args, names)
        for obj in fresh:
            if obj.given is None:
                obj.given = constants
        filed.read_back(w, effect, path, fresh, node)
    if "parts" in effect.shares:
        _share_parts(w, value)
    w.heap.reason = reason
    return value


def gives_what_it_calls(effect: Effect) -> bool:
    """Whether a call is just another way to call a function: it hands on what it is given as it is (``df.pipe``)."""
    return len(effect.calls) == 1 and effect.returns == (f"call:{effect.calls[0]}",)


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


def _note_order(w: Walker, path: str, receiver: Value, args: calls.Arguments, made: Iterable[Obj]) -> None:
    """Note whether a call makes the order of sets visible, and which sets it makes out of others."""
    name = path.rpartition(".")[2]
    if name not in _ORDERLESS or (name in ("sorted", "min", "max") and any(key == "key" for key, _ in args.keywords)):
        w.heap.note_order(args.all)
    if name in ("pop", "__iter__"):
        w.heap.note_order(receiver)
    w.heap.derive_order(made, receiver | args.all)
    w.heap.derive_order(receiver, args.all)


def _run_passed_code(
    w: Walker,
    effect: Effect,
    receiver: Value,
    args: calls.Arguments,
    node: Instruction,
    target: Callable[[str], Value],
    path: str,
) -> Value:
    """Follow the notebook's code that the call may run: callbacks, special methods, what the receiver holds.

    Return what the callbacks give.
    """
    if w.effort.is_exhausted:
        return undescribed.worn(w, receiver | args.all)
    given_back = EMPTY
    for text in effect.calls:
        whole = gives_what_it_calls(effect)
        given_back |= undescribed.call_back(w, target(text), receiver, args, node, path, whole=whole)
    if not w.anything_runs():
        return given_back
    passed = args.all
    access.implicit(w, passed)
    if path.rpartition(".")[2] not in _LOOK_AT_NONE:
        access.implicit_inside(w, passed | receiver)
    for text in effect.changes:
        for obj in target(text):  # what is written to an object goes through its methods (print(file=...))
            if obj.type == INSTANCE and obj not in receiver:
                undescribed.run_all_methods(w, obj, passed, node)
    if not effect.calls and any(o.type in calls.CODE_TYPES for o in passed):
        undescribed.call_back(
            w, frozenset(o for o in passed if o.type in (FUNCTION, METHOD)), receiver, args, node, path
        )
    undescribed.run_passed_objects(w, effect, receiver, args, node, target, path)
    if any(o.type == CLASS for o in passed):
        undescribed.passed_class(w, passed, node, path)
    if any(o.fields for o in receiver):
        undescribed.run_held_code(w, receiver, args, node)
    return given_back


def _act(
    w: Walker,
    effect: Effect,
    receiver: Value,
    args: calls.Arguments,
    node: Instruction,
    target: Callable[[str], Value],
    path: str,
) -> None:
    """Note what the call does to objects, random generators, settings and files."""
    if effect.opaque:
        w.opaque(effect.opaque)
    changed = EMPTY
    for text in effect.changes:
        if text == "self" and effect.sets:
            continue  # what changes is the setting that the object stands for
        changed |= target(text)
    w.change(changed)
    for text in effect.replaces:
        for obj in target(text):
            w.refill(obj)
            for other in args.all if effect.keeps and w.copies_on_write else ():
                if other.type in FRAMES:
                    w.heap.lend(obj, other)
    for obj in receiver | args.all if w.anything_advances() else ():
        if access.is_advancing(w, obj):
            access.advance(w, obj)
        elif obj in receiver:
            for part in access.contents(frozenset({obj})):  # an estimator that was given a generator
                if access.is_advancing(w, part):
                    access.advance(w, part)
    for text in effect.keeps:
        kept = target(text)
        for obj in _keepers(w, changed or receiver, kept):
            w.heap.hold(obj, "*", kept)
            if path.rpartition(".")[2] in _CONNECTING:
                w.heap.hold(obj, LOST, frozenset({w.heap.atom("builtins.str", f"{w.record.index} callbacks")}))
    for resource in effect.draws:
        w.draw(resource)
    for text in effect.names:
        named.read_named(w, target(text), receiver, args, node)
    for resource in effect.seeds:
        w.seed(resource)
    for setting in effect.sets:
        w.note("sets", setting)
    for text in effect.reads:
        _file(w, "files_read", text, target)
    for text in effect.writes:
        _file(w, "files_written", text, target)
    if effect.prints:
        w.print()


# matplotlib's ways to register what is called at an event, which pickle leaves out
_CONNECTING = frozenset("mpl_connect connect on_changed on_clicked on_submit on_text_change add_callback".split())


def _keepers(w: Walker, changed: Value, kept: Value) -> Value:
    """Return who holds what was kept: a formatter that an axis was given goes with the whole figure."""
    artists = frozenset(o for o in changed if o.type.startswith("matplotlib."))
    if not artists or all(o.immutable for o in kept):
        return changed
    w.drawn |= {o for o in w.heap.reach(kept) if o.type in (FUNCTION, METHOD, INSTANCE)}
    return changed | frozenset(o for o in w.heap.reach(artists) if o.type.startswith("matplotlib."))


def _tie(w: Walker, effect: Effect, made: Iterable[Obj], target: Callable[[str], Value], *, apart: bool) -> None:
    """Let what the call made hold what it shares, and share memory with what it is a view of.

    ``apart``: a view that it made is certainly another object.
    """
    shared, viewed = EMPTY, EMPTY
    for text in effect.shares:
        if text != "parts":
            shared |= target(text)
    for text in effect.views:
        viewed |= _shown(target(text))
    if not shared and not viewed:
        return
    held = frozenset(obj for obj in shared if not obj.immutable or is_module(obj))
    copied = held - {o for o in held if o.type.startswith(("pandas.", "numpy."))}
    if len(copied) < len(held):
        copied |= access.contents(held - copied)
    for obj in made:
        parts = copied if obj.type == "pandas.DataFrame" else held  # a frame copies frames and arrays
        # of a list of views (np.split) each shares the memory, the list itself shares none
        views = access.inmost(frozenset({obj})) - held
        w.heap.hold(obj, "*source" if _gives_known_elements(obj) else "*", parts)
        for view in views:
            is_array = view.type not in FRAMES and view.type != "builtins.object"
            for other in _lent(viewed) if is_array else viewed:
                means_nothing = other.type in access.CONTAINERS and view.type.startswith(_OF_TABLES)
                if not (view.immutable or other.immutable or means_nothing):
                    lent = w.copies_on_write and is_array and other.type in FRAMES
                    w.heap.view(view, other, apart=apart and view.type != "builtins.object", lent=lent)


def _parts_of(w: Walker, receiver: Value, value: Value, path: str) -> Value:
    """Return what stands for parts such as ``value`` of the receiver: it holds them, they are made once."""
    found: set[Obj] = {obj for obj in value if obj.immutable}
    for owner in receiver:
        for obj in value - found:
            part = w.heap.make(("part", owner, path.rpartition(".")[2], obj.type), obj.type)
            if obj.type in access.CONTAINERS:
                w.heap.hold(part, "*", access.contents(frozenset({obj})))
            w.heap.hold(owner, "*", frozenset({part}))
            if not w.copies_on_write and obj.type in _VIEWING:  # the target may be a column of the frame
                w.heap.view(part, w.heap.make(("parts", owner), NDARRAY), apart=True)
            found.add(part)
    return frozenset(found)


def _lend(w: Walker, effect: Effect, made: Iterable[Obj], sources: Value, path: str) -> None:
    """Note that frames may share memory with others until they are written into: all that gives the same cells."""
    if not w.copies_on_write or not path.startswith("pandas.") or not (effect.shares or effect.lends or effect.views):
        return
    given = {o for o in sources if effect.lends or not o.type.endswith(_GROUPS)}
    lenders = [o for o in access.inmost(_shown(frozenset(given))) if o.type in FRAMES]
    for obj in access.inmost(frozenset(made)) if lenders else ():
        for other in lenders if obj.type in FRAMES else ():
            w.heap.lend(obj, other)


_GROUPS = ("GroupBy", "Rolling", "Resampler", "Window")  # what they give is computed, with few exceptions


def _shown(value: Value) -> Value:
    """Return the objects, and in place of indexers (``df.loc``) the frames whose rows and columns they give."""
    indexers = frozenset(obj for obj in value if obj.type.endswith(("._Indexer", *_GROUPS)))
    return (value - indexers) | access.contents(indexers) if indexers else value


def _lent(value: Value) -> Value:
    """Return the objects, and those that may share memory with them: who takes an array takes that memory."""
    return value.union(*(obj.lent for obj in value if obj.lent is not None))


def _mutable(value: Value) -> Value:
    return frozenset(obj for obj in value if not obj.immutable)


def _note_left_out(w: Walker, effect: Effect, made: Value, path: str, target: Callable[[str], Value]) -> None:
    """Note what pickle leaves out of what the call made: attributes, and what a formula names."""
    for name in effect.loses:
        if any(name in text for text in w.texts):
            said = w.heap.atom("builtins.str", f"{w.record.index} {name}")
            for obj in w.heap.reach(made):
                if obj.type not in access.CONTAINERS:
                    w.heap.hold(obj, LOST, frozenset({said}))
    if effect.names and path.startswith(_WITH_FORMULAS):
        for text in effect.names:
            named.keep_named(w, made, target(text))


_WITH_FORMULAS = ("statsmodels.", "patsy.")


def _gives_known_elements(obj: Obj) -> bool:
    """Whether it is known what an iterator gives, which is not what it takes from."""
    given = obj.fields.get("*", EMPTY)
    return obj.type == "builtins.iterator" and bool(given) and not any(o.type in _ANYTHING for o in given)


_ANYTHING = (UNKNOWN, "builtins.object")


def _share_parts(w: Walker, value: Value) -> None:
    """The parts of one result hold each other: a figure and its axes."""
    parts = frozenset(o for o in w.heap.reach(value) if o.type not in access.CONTAINERS)
    for obj in parts:
        w.heap.hold(obj, "*", parts - {obj})


def _bound(args: calls.Arguments, names: tuple[str, ...] | None) -> dict[str, Value]:
    bound: dict[str, Value] = {}
    for index, (value, starred) in enumerate(args.positional):
        if starred:
            for name in (names or ())[index:]:
                bound[name] = bound.get(name, EMPTY) | value
            bound[str(index)] = value
        else:
            bound[str(index)] = value
            if names and index < len(names):
                bound[names[index]] = value
    for keyword, value in args.keywords:
        if keyword is not None:
            bound[keyword] = value
    return bound


def _target(
    w: Walker, target: str, receiver: Value, args: calls.Arguments, bound: dict[str, Value], node: Instruction
) -> Value:
    if target == "self":
        return receiver
    if target == "args":
        value = args.all
        for keyword, item in args.keywords:
            if keyword is None:
                value |= access.contents(item)
        return value
    if target.startswith("like:"):
        return _target(w, target[5:], receiver, args, bound, node)
    if target.startswith("single:"):
        return EMPTY if _shows_several(node) else access.inmost(_target(w, target[7:], receiver, args, bound, node))
    if target.startswith("element:"):
        inner = _target(w, target[8:], receiver, args, bound, node)
        own = frozenset(
            o
            for o in inner
            if o.type not in access.CONTAINERS and not o.type.startswith("pandas.") and w.may_be_own_part(o)
        )
        return access.cells(inner) | own
    if target.startswith("arg:"):
        target = target[4:]
    value = bound.get(target, EMPTY)
    for keyword, item in args.keywords:
        if keyword is None:
            value |= access.contents(item)
    return value


def _shows_several(node: Instruction) -> bool:
    """Whether the first argument of a call is a list or tuple that is written there with two elements or more."""
    first = node.arguments[0].value if isinstance(node, Call) and node.arguments else node
    if not isinstance(first, Make) or first.kind not in ("list", "tuple"):
        return False
    return len(first.items) > 1 and not any(isinstance(item, Elements) for item in first.items)


def _file(w: Walker, field_name: str, text: str, target: Callable[[str], Value]) -> None:
    if text in ("*", "*log"):
        if text == "*" or w.logs_to_files:
            w.note(field_name, "*")
        return
    for obj in target(text):
        path = structures.path_text(obj)
        if path is not None:
            w.note(field_name, path)
        elif obj.type.startswith("io.") or obj.type in ("builtins.NoneType", "tempfile._TemporaryFileWrapper"):
            continue
        elif (
            obj.type in ("builtins.str", "builtins.bytes", UNKNOWN)
            or obj.type.startswith(("pathlib.", "os."))
            or (obj.immutable and obj.type == "builtins.scalar")
        ):
            w.note(field_name, "*")


@lru_cache(maxsize=4096)
def _parts(spec: str) -> tuple[str, tuple[str, ...]]:
    """``tuple(A, list(B))`` -> ("tuple", ("A", "list(B)"))."""
    head, _, rest = spec.partition("(")
    if not rest:
        return spec, ()
    inner = rest[:-1]
    parts, depth, start = [], 0, 0
    for index, char in enumerate(inner):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(inner[start:index].strip())
            start = index + 1
    parts.append(inner[start:].strip())
    return head, tuple(p for p in parts if p)


_DISPLAYS = {"list", "dict", "set", "frozenset", "iterator", "tuple", "generator"}


def result(
    w: Walker,
    spec: str,
    receiver: Value,
    args: calls.Arguments,
    node: Instruction,
    bound: dict[str, Value],
    path: str = "",
    viewed: Obj | None = None,
) -> Value:
    """Return the objects that a result in the words of `Effect` stands for; ``viewed``: arrays are views of it."""
    head, parts = _parts(spec)
    if parts and head.removeprefix("builtins.") in _DISPLAYS:
        return _display(w, head.removeprefix("builtins."), parts, receiver, args, node, bound, path)
    if parts:  # of something else, which holds them: DataFrame(list(str))
        whole = result(w, head, receiver, args, node, bound, path)
        for obj in whole:
            for part in parts:
                w.heap.hold(obj, "*", _mutable(result(w, part, receiver, args, node, bound, path)))
        return whole
    if spec == "self":
        return receiver
    if spec == "none":
        return frozenset({w.heap.atom("builtins.NoneType")})
    if spec.startswith("arg:"):
        return _target(w, spec[4:], receiver, args, bound, node)
    if spec.startswith("element:"):
        value = _target(w, spec[8:], receiver, args, bound, node)
        inner = spec.rpartition(":")[2]
        if inner in ("self", "args") or inner in bound:
            mapping = frozenset(o for o in value if o.type in structures.MAPPINGS)
            found = access.contents(mapping) | access.elements(w, value - mapping, node)
            return found or frozenset({w.heap.atom("builtins.scalar")})
        return frozenset({w.heap.atom("builtins.scalar")})
    if spec.startswith("cell:"):
        inside = access.cells(_target(w, spec[5:], receiver, args, bound, node))
        return inside | {w.heap.atom("builtins.scalar")}
    if spec.startswith("like:"):
        originals = _target(w, spec[5:], receiver, args, bound, node)
        return like(w, originals, node, viewed)
    if spec.startswith("call:"):
        return undescribed.call_back(w, _target(w, spec[5:], receiver, args, bound, node), receiver, args, node, path)
    if spec.startswith("library:"):
        return frozenset({w.heap.lib(spec[8:])})
    kind = spec
    if spec == "fresh":
        kind = f"{path.partition('.')[0]}.*" if path else UNKNOWN
    facts = w.facts_of(kind) if "." in kind else None
    if facts is not None and facts.immutable:
        return frozenset({w.heap.atom(kind)})
    if viewed is not None and kind in _VIEWING:
        return frozenset({w.heap.make_view((*w.site(node), kind), kind, viewed)})
    made = w.heap.make((*w.site(node), kind), kind)
    return frozenset({made})


def _display(
    w: Walker,
    head: str,
    parts: tuple[str, ...],
    receiver: Value,
    args: calls.Arguments,
    node: Instruction,
    bound: dict[str, Value],
    path: str,
) -> Value:
    made = w.heap.make((*w.site(node), head, parts), f"builtins.{head}")
    several = head == "tuple" and len(parts) > 1
    inside = _mutable(access.cells(frozenset(obj for obj in receiver if obj.type.startswith("pandas."))))
    for index, part in enumerate(parts):
        value = result(w, part, receiver, args, node, bound, path)
        for obj in value - inside - receiver if inside else ():
            if obj.type.startswith("pandas."):  # the rows and groups of a table hold what its cells hold
                w.heap.hold(obj, "*", inside)
        w.heap.hold(made, str(index) if several else "*", value)
    return frozenset({made})


def like(w: Walker, originals: Value, node: Instruction, viewed: Obj | None = None) -> Value:
    """Return new objects of the same types, holding the same things."""
    made: set[Obj] = set()
    for obj in originals:
        if obj.immutable:  # a member of an enumeration is its own copy
            made.add(obj if obj.type in calls.CODE_TYPES else w.heap.atom(obj.type))
        elif obj.type == "builtins.cell":  # the variables that a function shares are not copied with it
            made.add(obj)
        elif obj.type in calls.CODE_TYPES:
            # a copy of a copy is one of the same object: a loop that copies comes to an end
            copy = w.heap.make((*w.site(node), w.copied.get(obj, obj)), obj.type)
            w.copied.setdefault(copy, w.copied.get(obj, obj))
            copy.path, copy.code, copy.scope = obj.path, obj.code, obj.scope
            for key, value in obj.fields.items():
                w.heap.hold(copy, key, value)
            made.add(copy)
        else:
            site = (*w.site(node), obj.type)
            if viewed is not None and obj.type in _VIEWING:
                copy = w.heap.make_view(site, obj.type, viewed)
            else:
                copy = w.heap.make(site, obj.type)
            copy.given = copy.given or obj.given
            for key, value in obj.fields.items():
                w.heap.hold(copy, key, value)
            made.add(copy)
    return frozenset(made)


# functions that give an iterator, which calls what they are given when it is used
CALL_LATER = frozenset(
    """
    builtins.map builtins.filter itertools.takewhile itertools.dropwhile itertools.filterfalse itertools.groupby
    itertools.starmap itertools.accumulate
    """.split()
)

# functions that call what they are given with elements of the other things, and with nothing else
CALL_WITH_ELEMENTS = (CALL_LATER - {"itertools.accumulate"}) | frozenset(
    ("builtins.sorted", "builtins.min", "builtins.max", "builtins.list.sort")
)


def lib_subscript(w: Walker, obj: Obj, kind: str, key: Value, node: Instruction) -> Value:
    """Return what an item of something in a module is (``np.c_[a, b]``)."""
    if obj.path == "sys.modules" and (module := _module_named(key)) is not None:
        return beside.import_path(w, module, node) or frozenset({w.heap.lib(module)})
    effect = w.knowledge.module_attribute(obj.path)
    given = calls.Arguments(positional=((key, False),))
    found = EMPTY
    for type_ in effect.returns if effect is not None and not effect.sets else ():
        item = w.knowledge.subscript(type_, kind) if "." in type_ else None
        if item is not None:
            found |= apply(w, item, EMPTY, given, node, path=f"{obj.path}[]")
    return found or frozenset({obj})


def _module_named(key: Value) -> str | None:
    """Return the module that ``sys.modules["math"]`` or ``sys.modules[__name__]`` gives."""
    if any(obj.path == "builtins.__name__" for obj in key):
        return MAIN
    name = evaluate.constant(key)
    return name if isinstance(name, str) and name.isidentifier() else None


def lib_attribute(w: Walker, obj: Obj, name: str, node: Instruction) -> Value:
    """Return what an attribute of a module (or of something in it) is."""
    path = f"{obj.path}.{name}"
    if w.namespaces and (found := beside.attribute(w, obj, name, node)) is not None:
        return found
    if path == f"{structures.SHELL}.user_ns":
        w.opaque("get_ipython().user_ns gives access to all variables out of sight")
    if obj.path == MAIN:
        if name == "__dict__":
            w.opaque("it reads and writes variables by name")
        return w.read_global(name)
    held = given_to_module(w, path)
    if held:
        return held | {w.heap.lib(path)}
    effect = w.knowledge.module_attribute(path)
    if effect is not None:
        value = apply(w, effect, EMPTY, calls.NO_ARGUMENTS, node, path=path)
        plain = frozenset(o for o in value if o.immutable and o.type != "builtins.NoneType")
        if plain and not effect.sets:
            return plain
    return frozenset({w.heap.lib(path)})


def read_setting(w: Walker, value: Value, name: str, node: Call | Item) -> Value | None:
    """Return what ``os.environ["A"]`` or ``os.environ.get("A")`` gives: ``node``, of the attribute ``name``.

    None where it is no setting, or where it may be changed or handed on: who has it can change it.
    """
    if len(value) != 1:
        return None
    (obj,) = value
    setting = w.knowledge.module_attribute(f"{obj.path}.{name}") if obj.type == LIB else None
    if setting is None or not setting.sets or len(setting.returns) != 1 or (obj.path, name) == ("sys", "modules"):
        return None
    kind = setting.returns[0]
    if isinstance(node, Item):
        effect, path = w.knowledge.subscript(kind, "*"), f"{kind}[]"
    elif isinstance(node.function, Attribute):
        path = f"{kind}.{node.function.name}"
        effect = w.knowledge.method(kind, node.function.name, {})
    else:
        return None
    if effect is None or effect.sets or effect.changes or effect.shares:
        return None
    if isinstance(node, Item):
        args = calls.Arguments(((evaluate.expression(w, node.key), False),))
    else:
        args = calls.arguments(w, node)
    return apply(w, effect, EMPTY, args, node, path=path)


def set_library(w: Walker, path: str, value: Value) -> None:
    """Assign to an attribute or item of something in a library: a setting, or a change of the library itself."""
    if w.namespaces and beside.store(w, path, value):
        return
    if path.startswith(structures.SHELL):
        w.opaque("get_ipython() gives access to all variables out of sight")
        return
    if path.partition(".")[0] == MAIN:
        _set_main(w, path, value)
        return
    if path in ("sys.stdout", "sys.stderr"):
        w.change(value)  # by whatever is printed from now on
        if any(obj.type == INSTANCE for obj in value):
            w.opaque("what is printed goes to an object of the notebook")
    reason = w.blame(w.heap.reason.node, f"assignment to {path}")
    name = f"{path[:-9]}.*" if path.endswith(".__dict__") else path
    w.given_to_modules[name] = w.given_to_modules.get(name, EMPTY) | value
    w.in_modules |= w.heap.reach(frozenset(obj for obj in value if obj.type not in calls.CODE_TYPES))
    while path:
        effect = w.knowledge.module_attribute(path)
        if effect is not None and effect.sets:
            for setting in effect.sets:
                w.note("sets", setting)
            break
        path = path.rpartition(".")[0]
    else:
        w.note("sets", "modules")
    w.heap.reason = reason


MAIN = "__main__"  # the notebook, as a module


def _set_main(w: Walker, path: str, value: Value) -> None:
    """``__main__.x = 1`` binds x."""
    name = path.partition(".")[2]
    if not name.isidentifier() or name == "__dict__" or not value:
        w.opaque("it reads and writes variables by name")
    else:
        w.bind_global(name, value, certain=w.scope.kind == "module")


def given_to_module(w: Walker, path: str) -> Value:
    """Return what the notebook has assigned to an attribute of a module."""
    if not w.given_to_modules:
        return EMPTY
    owner = path.rpartition(".")[0]
    return w.given_to_modules.get(path, EMPTY) | w.given_to_modules.get(f"{owner}.*", EMPTY)


_NAMESPACES = ("globals", "locals", "vars")


def dynamic_name(w: Walker, node: Item) -> str | None:
    """Return x for ``globals()["x"]`` at notebook level or in a function."""
    of = node.of
    if not isinstance(of, Call) or of.arguments or not isinstance(of.function, Read):
        return None
    name = of.function.name
    if name not in _NAMESPACES or (name != "globals" and w.scope.kind != "module"):
        return None
    const = evaluate.constant(evaluate.expression(w, node.key))
    return w.qualified(const) if isinstance(const, str) else None


def asked_name(w: Walker, node: Operate) -> str | None:
    """Return x for ``"x" in globals()`` and the like."""
    first = node.first
    if not isinstance(first, Constant) or not isinstance(first.value, str) or len(node.rest) != 1:
        return None
    ((sign, of),) = node.rest
    if sign not in ("in", "not in") or not isinstance(of, Call) or of.arguments or not isinstance(of.function, Read):
        return None
    name = of.function.name
    if name not in (*_NAMESPACES, "dir") or (name != "globals" and w.scope.kind != "module"):
        return None
    return w.qualified(first.value)
