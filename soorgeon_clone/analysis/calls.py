"""Calls -> what they give and do: the notebook's functions are followed, libraries do what the tables say.

The verdict on a call that nobody described is `unknown`: it may change whatever can be reached from what it is given,
call back any function of the notebook among that, draw from seeded generators, and read or write the files named.
"""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from soorgeon_clone.analysis import evaluate, lineage, structures
from soorgeon_clone.analysis.effects import Effect
from soorgeon_clone.analysis.heap import CLASS, EMPTY, FUNCTION, INSTANCE, LIB, METHOD, UNKNOWN, Obj, Value
from soorgeon_clone.analysis.names import Code, mentioned
from soorgeon_clone.analysis.said import Said, said_about
from soorgeon_clone.analysis.state import NO_DEFS, Binding, Scope, State
from soorgeon_clone.analysis.syntax import Node

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker

MAX_DEPTH = 30
MAX_WORK = 1_500  # calls followed in one statement
MAX_STEPS = 20_000  # objects looked at in one statement
MAX_RECURSION_PASSES = 4
_SHOWING = frozenset(f"builtins.{name}" for name in ("str", "repr", "format", "ascii", "str.format", "str.join"))
PROPERTY_PARTS = ("setter", "getter", "deleter")
CODE_TYPES = (FUNCTION, CLASS, METHOD, INSTANCE)
SUPER = "super"
_PLAIN_BASES = frozenset({"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol"})


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


@dataclass
class Memo:
    """What following a function once did, to be noted again when it is called again with the same objects."""

    result: Value = EMPTY
    reads: set[str] = field(default_factory=set)
    seen: dict[str, Value] = field(default_factory=dict)
    writes: dict[str, Value] = field(default_factory=dict)
    changes: set[Obj] = field(default_factory=set)
    wholes: set[Obj] = field(default_factory=set)  # changed with all that they hold
    draws: set[str] = field(default_factory=set)
    seeds: set[str] = field(default_factory=set)
    notes: set[tuple[str, str]] = field(default_factory=set)

    def take(self, inner: Memo) -> None:
        """Add what a call inside of this one did."""
        self.reads |= inner.reads
        for name, value in inner.seen.items():
            self.seen.setdefault(name, value)
        for name, value in inner.writes.items():
            self.writes[name] = self.writes.get(name, EMPTY) | value
        self.changes |= inner.changes
        self.wholes |= inner.wholes
        self.draws |= inner.draws
        self.seeds |= inner.seeds
        self.notes |= inner.notes


@dataclass
class Activation:
    """A function that is being followed: its parameters grow when it calls itself with other objects."""

    scope: Scope
    grew: bool = False


def arguments(w: Walker, trailer: Node) -> Arguments:
    """Evaluate the arguments of a call, in order."""
    children = trailer.children
    if len(children) == 2:
        return NO_ARGUMENTS
    inner = children[1]
    items = inner.children if inner.type == "arglist" else [inner]
    positional: list[tuple[Value, bool]] = []
    keywords: list[tuple[str | None, Value]] = []
    for item in items:
        if item.type == "operator":
            continue
        if item.type != "argument":
            positional.append((w.expression(item), False))
            continue
        first = item.children[0]
        if first.type == "operator":
            value = w.expression(item.children[1])
            if first.value == "**":
                keywords.append((None, value))
            else:
                evaluate.iterate(w, value)
                positional.append((evaluate.elements(w, value, item), True))
        elif item.children[1].type == "operator" and item.children[1].value == "=":
            keywords.append((first.value, w.expression(item.children[2])))
        elif item.children[-1].type in ("comp_for", "sync_comp_for"):
            positional.append((evaluate.comprehension(w, item, "builtins.generator"), False))
        else:  # a walrus
            value = w.expression(item.children[-1])
            w.bind(first.value, value)
            positional.append((value, False))
    return Arguments(tuple(positional), tuple(keywords))


# -- who is called ---------------------------------------------------------------------------------------------


def call(w: Walker, callee: Value, args: Arguments, node: Node) -> Value:
    """Return what calling any of ``callee`` gives."""
    result = EMPTY
    for obj in sorted(callee, key=_order) if len(callee) > 1 else callee:
        result |= call_one(w, obj, args, node)
    return result


def _order(obj: Obj) -> tuple[str, str]:
    return (obj.type, obj.path)


def call_one(w: Walker, obj: Obj, args: Arguments, node: Node) -> Value:
    if w.depth > MAX_DEPTH * 2:
        return frozenset({obj}) | args.all  # objects that call each other in a ring: what they do is known by now
    w.depth += 1
    try:
        return _call_one(w, obj, args, node)
    finally:
        w.depth -= 1


def _call_one(w: Walker, obj: Obj, args: Arguments, node: Node) -> Value:
    kind = obj.type
    if kind == FUNCTION:
        result = call_function(w, obj, args, node)
        for other in obj.fields.get("*attached", EMPTY):
            result |= _call_instead(w, obj, other, args, node)
        return result
    if kind == CLASS:
        return instantiate(w, obj, args, node)
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
                result |= library_method(w, instance, obj.path, args, node)
        w.running.discard((obj, obj))
        return result
    if kind == INSTANCE:
        result = EMPTY
        for function in class_member(w, obj.fields["*class"], "__call__"):
            result |= call(w, bind_method(w, obj, function, node), args, node)
        if not result or has_library_base(w, obj):
            result |= library_method(w, obj, "__call__", args, node)
        return result
    if obj.immutable and kind.startswith("builtins."):
        return frozenset({w.heap.atom("builtins.scalar")})
    if kind != UNKNOWN and "." in kind:
        names = w.knowledge.parameters(f"{kind}.__call__")
        effect = w.knowledge.method(kind, "__call__", given(args, names), obj.given)
        if effect is not None:
            return apply(w, effect, frozenset({obj}), args, node, path=f"{kind}.__call__", names=names)
    if obj.immutable:
        return frozenset({w.heap.atom("builtins.scalar")})
    return unknown(w, frozenset({obj}), args, node, kind)


def _call_instead(w: Walker, obj: Obj, other: Obj, args: Arguments, node: Node) -> Value:
    """A function may call one that was registered with it (``functools.singledispatch``)."""
    if other.type != FUNCTION or other is obj or (obj, other) in w.running:
        return EMPTY
    results: list[Value] = []
    w.running.add((obj, other))
    w.branches(lambda: results.append(call_function(w, other, args, node)), lambda: None)
    w.running.discard((obj, other))
    return results[0]


def call_method(w: Walker, receiver: Value, name: str, args: Arguments, node: Node) -> Value:
    """Return what ``receiver.name(...)`` gives."""
    result = EMPTY
    for obj in sorted(receiver, key=_order) if len(receiver) > 1 else receiver:
        result |= _call_method_of(w, obj, name, args, node)
    return result


def _call_method_of(w: Walker, obj: Obj, name: str, args: Arguments, node: Node) -> Value:
    kind = obj.type
    if kind == LIB:
        if obj.path == "builtins.super":
            return EMPTY
        shell = structures.shell_call(w, obj.path, name, args, node)
        if shell is not None:
            return shell
        owner = w.knowledge.module_attribute(obj.path)
        for setting in owner.sets if owner is not None else ():
            w.note("sets", setting)  # env = os.environ; env.pop("A")
        return call_library(w, f"{obj.path}.{name}", args, node)
    if kind == SUPER:
        return call_super(w, obj, name, args, node)
    if kind == FUNCTION and name not in obj.fields and not name.startswith("__"):
        # what a decorator put there: show.register, slow.cache_clear
        w.change_one(obj)
        w.heap.hold(obj, "*attached", args.all)
        return args.all | {obj}
    if kind in (INSTANCE, CLASS, FUNCTION, METHOD):
        if kind == INSTANCE and not _has_member(w, obj, name):
            return library_method(w, obj, name, args, node)
        if kind == CLASS and not class_member(w, frozenset({obj}), name) and name not in obj.fields:
            if _SETS.match(name):
                w.change_one(obj)  # abc's register()
            return unknown(w, frozenset({obj}), args, node, name)
        return call(w, evaluate.attribute_of(w, obj, name, node), args, node)
    stored = obj.fields.get(name, EMPTY)
    if stored and kind == UNKNOWN:
        return call(w, stored, args, node) | unknown(w, frozenset({obj}), args, node, name)
    if kind == UNKNOWN or "." not in kind:
        return unknown(w, frozenset({obj}), args, node, name)
    native = structures.method(w, obj, name, args, node)
    if native is not None:
        return native
    path = f"{kind}.{name}"
    names = w.knowledge.parameters(path)
    effect = w.knowledge.method(kind, name, given(args, names), obj.given)
    if effect is None:
        if obj.immutable:
            return frozenset({w.heap.atom("builtins.scalar")})
        return unknown(w, frozenset({obj}), args, node, path)
    return apply(w, effect, frozenset({obj}), args, node, path=path, names=names)


def call_library(w: Walker, path: str, args: Arguments, node: Node) -> Value:
    """Return what calling something in a library, by its path, gives."""
    native = structures.function(w, path, args, node)
    if native is not None:
        return native
    names = w.knowledge.parameters(path)
    if w.knowledge.is_method(path) and args.positional:
        # str.upper(x): the first argument is self
        receiver = args.positional[0][0]
        rest = Arguments(args.positional[1:], args.keywords)
        effect = w.knowledge.function(path, given(rest, names))
        if effect is not None:
            return apply(w, effect, receiver, rest, node, path=path, names=names)
    effect = w.knowledge.function(path, given(args, names))
    if effect is None:
        return unknown(w, EMPTY, args, node, path)
    if _is_undescribed(effect, path) and _SETS.match(path.rpartition(".")[2]):
        w.note("sets", "modules")  # codecs.register_error, socket.setdefaulttimeout
    return apply(w, effect, EMPTY, args, node, path=path, names=names)


_SETS = re.compile(r"(un)?(register|install)|set(?!_index)|add_|(en|dis)able|patch")


def _is_undescribed(effect: Effect, path: str) -> bool:
    """Whether the tables only say what holds for the standard library at large."""
    return path.partition(".")[0] in sys.stdlib_module_names and effect == Effect(
        returns=(f"{path.partition('.')[0]}.*",), shares=("args",)
    )


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


# -- known effects ---------------------------------------------------------------------------------------------


def apply(
    w: Walker,
    effect: Effect,
    receiver: Value,
    args: Arguments,
    node: Node,
    *,
    path: str,
    names: tuple[str, ...] | None = None,
) -> Value:
    """Do what ``effect`` says with the objects of this call, and return what the call gives."""
    w.work += 1
    bound = _bound(args, names)

    def target(text: str) -> Value:
        return _target(w, text, receiver, args, bound, node)

    _run_passed_code(w, effect, receiver, args, node, target, path)
    if effect.acts or w.anything_advances():
        _act(w, effect, receiver, args, bound, target)
    if effect.prints or path in _SHOWING:
        w.show(args.all)
    if effect.raises:
        w._die()
    value: Value = EMPTY
    for spec in effect.returns:
        value |= result(w, spec, receiver, args, node, bound, path)
    fresh = [obj for obj in value if not obj.immutable and obj not in receiver and obj not in args.all]
    if w.heap.has_sets():
        _note_order(w, path, receiver, args, fresh)
    if fresh:
        _tie(w, effect, fresh, target)
        constants = given(args, names)
        for obj in fresh:
            if obj.given is None:
                obj.given = constants
    if "parts" in effect.shares:
        _share_parts(w, value)
    return value


# calls to which the order of a set that they are given makes no difference
_ORDERLESS = frozenset(
    """
    len sorted min max any all isinstance issubclass callable hasattr getattr id bool type set frozenset isin issubset
    issuperset isdisjoint difference intersection symmetric_difference union update difference_update discard remove
    intersection_update symmetric_difference_update add append insert setdefault get clear copy fit_transform
    """.split()
)


def _note_order(w: Walker, path: str, receiver: Value, args: Arguments, made: Iterable[Obj]) -> None:
    """Note whether a call makes the order of sets visible, and which sets it makes out of others."""
    name = path.rpartition(".")[2]
    if name not in _ORDERLESS or (name in ("sorted", "min", "max") and any(key == "key" for key, _ in args.keywords)):
        w.heap.note_order(args.all)
    if name in ("pop", "__iter__"):
        w.heap.note_order(receiver)
    w.heap.derive_order(made, receiver | args.all)
    w.heap.derive_order(receiver, args.all)


def _run_passed_code(
    w: Walker, effect: Effect, receiver: Value, args: Arguments, node: Node, target: Callable[[str], Value], path: str
) -> None:
    """Follow the notebook's code that the call may run: callbacks, special methods, what the receiver holds."""
    if _is_worn(w):
        _worn(w, receiver | args.all)
        return
    for text in effect.calls:
        _call_back(w, target(text), receiver, args, node, path)
    if not w.anything_runs():
        return
    passed = args.all
    evaluate.implicit(w, passed)
    if not effect.calls and any(o.type in CODE_TYPES for o in passed):
        _call_back(w, frozenset(o for o in passed if o.type in (FUNCTION, METHOD)), receiver, args, node, path)
    if any(o.fields for o in receiver):
        _run_held_code(w, receiver, args, node)


def _act(
    w: Walker,
    effect: Effect,
    receiver: Value,
    args: Arguments,
    bound: dict[str, Value],
    target: Callable[[str], Value],
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
    for obj in receiver | args.all if w.anything_advances() else ():
        if evaluate.is_advancing(w, obj):
            w.change_one(obj)
        elif obj in receiver:
            for part in evaluate.contents(frozenset({obj})):  # an estimator that was given a generator
                if evaluate.is_advancing(w, part):
                    w.change_one(part)
    for text in effect.keeps:
        kept = target(text)
        for obj in changed or receiver:
            w.heap.hold(obj, "*", kept)
    for resource in effect.draws:
        w.draw(resource)
    for text in effect.names:
        _read_named(w, target(text))
    for resource in effect.seeds:
        w.seed(resource)
    for setting in effect.sets:
        w.note("sets", setting)
    for text in effect.reads:
        _file(w, "files_read", text, receiver, bound)
    for text in effect.writes:
        _file(w, "files_written", text, receiver, bound)
    if effect.prints:
        w.record.prints = True


def _tie(w: Walker, effect: Effect, made: Iterable[Obj], target: Callable[[str], Value]) -> None:
    """Let what the call made hold what it shares, and share memory with what it is a view of."""
    shared, viewed = EMPTY, EMPTY
    for text in effect.shares:
        if text != "parts":
            shared |= target(text)
    for text in effect.views:
        viewed |= target(text)
    if not shared and not viewed:
        return
    held = frozenset(obj for obj in shared if not obj.immutable)
    for obj in made:
        w.heap.hold(obj, "*source" if _gives_known_elements(obj) else "*", held)
        for other in viewed:
            if not other.immutable:
                w.heap.view(obj, other)


def _gives_known_elements(obj: Obj) -> bool:
    """Whether it is known what an iterator gives, which is not what it takes from."""
    given = obj.fields.get("*", EMPTY)
    return obj.type == "builtins.iterator" and bool(given) and not any(o.type in _ANYTHING for o in given)


_ANYTHING = (UNKNOWN, "builtins.object")


def _share_parts(w: Walker, value: Value) -> None:
    """The parts of one result hold each other: a figure and its axes."""
    parts = frozenset(o for o in w.heap.reach(value) if o.type not in evaluate.CONTAINERS)
    for obj in parts:
        w.heap.hold(obj, "*", parts - {obj})


def _bound(args: Arguments, names: tuple[str, ...] | None) -> dict[str, Value]:
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


def _target(w: Walker, target: str, receiver: Value, args: Arguments, bound: dict[str, Value], node: Node) -> Value:
    if target == "self":
        return receiver
    if target == "args":
        value = args.all
        for keyword, item in args.keywords:
            if keyword is None:
                value |= evaluate.contents(item)
        return value
    if target.startswith("element:"):
        inner = _target(w, target[8:], receiver, args, bound, node)
        own = frozenset(o for o in inner if o.type not in evaluate.CONTAINERS and w.may_be_own_part(o))
        return evaluate.contents(inner) | own
    if target.startswith("arg:"):
        target = target[4:]
    value = bound.get(target, EMPTY)
    for keyword, item in args.keywords:
        if keyword is None:
            value |= evaluate.contents(item)
    return value


def _file(w: Walker, field_name: str, target: str, receiver: Value, bound: dict[str, Value]) -> None:
    if target == "*":
        w.note(field_name, "*")
        return
    value = receiver if target == "self" else bound.get(target.removeprefix("arg:"), EMPTY)
    for obj in value:
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


def _read_named(w: Walker, texts: Value) -> None:
    """Use the variables that a text may name (``df.query("a > @limit")``); all of them if the text is not constant."""
    known = set(w.module.state.all_names())
    for obj in texts:
        if isinstance(obj.const, str):
            for name in re.findall(r"[^\W\d]\w*", obj.const):
                _read_anywhere(w, name, known)
        elif obj.type != "builtins.NoneType":
            for name in known:
                if not name.startswith("@"):
                    w.read_global(name)


def _read_anywhere(w: Walker, name: str, known: set[str]) -> None:
    scope: Scope | None = w.scope
    while scope is not None and scope.kind != "module":
        if scope.state.get(name) is not None:
            return
        scope = scope.parent
    if name in known:
        w.read_global(name)


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
    w: Walker, spec: str, receiver: Value, args: Arguments, node: Node, bound: dict[str, Value], path: str = ""
) -> Value:
    """Return the objects that a result in the words of `Effect` stands for."""
    head, parts = _parts(spec)
    if parts and head.removeprefix("builtins.") in _DISPLAYS:
        return _display(w, head.removeprefix("builtins."), parts, receiver, args, node, bound, path)
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
            found = evaluate.contents(mapping) | evaluate.elements(w, value - mapping, node)
            return found or frozenset({w.heap.atom("builtins.scalar")})
        return frozenset({w.heap.atom("builtins.scalar")})
    if spec.startswith("like:"):
        originals = _target(w, spec[5:], receiver, args, bound, node)
        return like(w, originals, node)
    if spec.startswith("call:"):
        return _call_back(w, _target(w, spec[5:], receiver, args, bound, node), receiver, args, node, path)
    kind = spec
    if spec == "fresh":
        kind = f"{path.partition('.')[0]}.*" if path else UNKNOWN
    facts = w.facts_of(kind) if "." in kind else None
    if facts is not None and facts.immutable:
        return frozenset({w.heap.atom(kind)})
    made = w.heap.make((*w.site(node), kind), kind)
    return frozenset({made})


def _display(
    w: Walker,
    head: str,
    parts: tuple[str, ...],
    receiver: Value,
    args: Arguments,
    node: Node,
    bound: dict[str, Value],
    path: str,
) -> Value:
    made = w.heap.make((*w.site(node), head, parts), f"builtins.{head}")
    several = head == "tuple" and len(parts) > 1
    for index, part in enumerate(parts):
        value = result(w, part, receiver, args, node, bound, path)
        w.heap.hold(made, str(index) if several else "*", value)
    return frozenset({made})


def like(w: Walker, originals: Value, node: Node) -> Value:
    """Return new objects of the same types, holding the same things."""
    made: set[Obj] = set()
    for obj in originals:
        if obj.immutable:
            made.add(w.heap.atom(obj.type))
        elif obj.type in CODE_TYPES:
            copy = w.heap.make((*w.site(node), obj), obj.type)
            copy.path, copy.code, copy.scope = obj.path, obj.code, obj.scope
            for key, value in obj.fields.items():
                w.heap.hold(copy, key, value)
            made.add(copy)
        else:
            copy = w.heap.make((*w.site(node), obj.type), obj.type)
            copy.given = copy.given or obj.given
            for key, value in obj.fields.items():
                w.heap.hold(copy, key, value)
            made.add(copy)
    return frozenset(made)


# functions that call what they are given with elements of the other things, and with nothing else
_CALL_WITH_ELEMENTS = frozenset(
    """
    builtins.map builtins.filter builtins.sorted builtins.min builtins.max builtins.list.sort itertools.takewhile
    itertools.dropwhile itertools.filterfalse itertools.groupby itertools.starmap
    """.split()
)


def _call_back(
    w: Walker, functions: Value, receiver: Value, args: Arguments, node: Node, path: str | None = None
) -> Value:
    """A library calls functions that it was given, with parts of the other things it was given."""
    callable_ = frozenset(o for o in functions if o.type in (*CODE_TYPES, LIB, UNKNOWN))
    callable_ = frozenset(o for o in callable_ if o.type != INSTANCE or class_member(w, o.fields["*class"], "__call__"))
    if not callable_:
        return EMPTY
    others = receiver | frozenset(o for o in args.all if o not in callable_)
    passed: set[Obj] = set()
    for obj in others:
        if path in _CALL_WITH_ELEMENTS and obj.type in evaluate.CONTAINERS:
            passed.update(evaluate.elements(w, frozenset({obj}), node))
        else:
            passed.update(structures.passed_to_callback(w, obj, node, held=path is None))
    if not passed:
        passed.add(w.heap.atom("builtins.scalar"))
    question = (w.record.index, callable_, frozenset(passed))
    if not w.first_time("call back", *question):
        return w.called_back.get(question, callable_)
    found = EMPTY
    for obj in callable_:
        if obj.type == LIB:
            native = call_library(w, obj.path, Arguments(((frozenset(passed), False),)), node)
            found |= native
        elif obj.type == UNKNOWN:
            found |= unknown(w, frozenset({obj}), Arguments(((frozenset(passed), False),)), node, obj.path) | {obj}
        else:
            found |= call_one(w, obj, _any_arguments(obj, frozenset(passed)), node)
    w.called_back[question] = found
    return found


def _arity(obj: Obj) -> int:
    if obj.type == FUNCTION and obj.code is not None:
        return sum(1 for p in obj.code.parameters if not p.kind and not p.keyword_only)
    if obj.type == METHOD:
        return max([_arity(f) - 1 for f in obj.fields.get("func", EMPTY)], default=1)
    return 1


def _any_arguments(obj: Obj, value: Value, first: Value | None = None) -> Arguments:
    """Return arguments for any call of ``obj``: parameters that have defaults may get ``value`` or not.

    ``first`` is what the first parameter gets, if that is known.
    """
    given = () if first is None else ((first, False),)
    required = max(0, _arity(obj) - _optional(obj) - len(given))
    rest = ((value, True),) if _optional(obj) else ()
    return Arguments((*given, *((value, False) for _ in range(required)), *rest))


def _optional(obj: Obj) -> int:
    """Return how many of the parameters that a position may fill have defaults, and whether there is a ``*args``."""
    if obj.type == FUNCTION and obj.code is not None:
        return sum(p.default is not None and not p.keyword_only for p in obj.code.parameters if p.kind != "**")
    return max([_optional(f) for f in obj.fields.get("func", EMPTY)], default=0)


def _run_held_code(w: Walker, receiver: Value, args: Arguments, node: Node) -> None:
    """A method of a library object may run the notebook's functions that the object holds."""
    for obj in receiver:
        if obj.type in evaluate.CONTAINERS or obj.type.startswith(("pandas.", "numpy.", "matplotlib.", "seaborn.")):
            continue
        if not w.first_time("held", obj, args.all):
            continue
        for held in w.heap.reach(frozenset({obj})):
            if (held.type == METHOD or is_plain_function(held)) and held is not obj:
                _call_back(w, frozenset({held}), receiver - {held}, args, node)
            elif held.type == INSTANCE and held is not obj:
                run_all_methods(w, held, args.all, node)


# -- unknown ---------------------------------------------------------------------------------------------------


def unknown(w: Walker, receiver: Value, args: Arguments, node: Node, what: str) -> Value:
    """Do what a call that nobody described may do, and return what it may give."""
    values = receiver | args.all
    said = said_about(node) if w.has_comments else None
    if said is not None:
        return _as_said(w, said, values, node)
    w.note("unknown_calls", what)
    run_code(w, values, node)
    w.change(o for o in values if o.type not in (FUNCTION, CLASS) and not o.immutable)
    if w.heap.has_sets():
        w.heap.note_order(w.heap.reach(values))
    for resource in sorted(w.seeded):
        w.draw(resource)
    _may_be_file(w, args.all, deep=not receiver)
    _may_keep(w, values)
    made = w.heap.make(w.site(node), UNKNOWN)
    w.heap.hold(made, "*", frozenset(o for o in values if not o.immutable))
    if what and "." in what and what[0] != "?":
        made.path = made.path or what
    return frozenset({made})


def _may_keep(w: Walker, values: Value) -> None:
    """What can hold anything may hold, after an unknown call, what it was given or was called with."""
    kept = frozenset(o for o in values if not o.immutable)
    for obj in kept if len(kept) > 1 else ():
        if obj.type in (UNKNOWN, INSTANCE) or obj.type in evaluate.CONTAINERS:
            w.heap.hold(obj, "*", kept - {obj})


def _as_said(w: Walker, said: Said, values: Value, node: Node) -> Value:
    """Do what the author of the notebook says about a call that no table describes."""
    for name in sorted(said.changes):
        for obj in _value_of(w, name):
            w.change_whole(obj)
    for path in said.reads:
        w.note("files_read", posixpath.normpath(path))
    for path in said.writes:
        w.note("files_written", posixpath.normpath(path))
    for resource in sorted(w.seeded) if said.draws else ():
        w.draw(resource)
    made = w.heap.make(w.site(node), UNKNOWN)
    if not said.fresh:
        w.heap.hold(made, "*", frozenset(o for o in values if not o.immutable))
    return frozenset({made})


def _value_of(w: Walker, name: str) -> Value:
    scope: Scope | None = w.scope
    while scope is not None and scope.kind != "module":
        binding = scope.state.get(name)
        if binding is not None:
            return binding.value
        scope = scope.parent
    return w.read_global(name) if w.module.state.get(name) is not None else EMPTY


def _may_be_file(w: Walker, value: Value, *, deep: bool) -> None:
    for obj in value:
        path = structures.path_text(obj)
        if path is not None:
            w.note("files_read", path)
            w.note("files_written", path)
        elif obj.type == "builtins.str" or obj.type.startswith("pathlib.") or (deep and obj.type == UNKNOWN):
            w.note("files_read", "*")
            w.note("files_written", "*")


def run_code(w: Walker, value: Value, node: Node) -> None:
    """Run every function of the notebook that can be reached from ``value``, with anything in it."""
    if not w.anything_runs():
        return
    if _is_worn(w):
        _worn(w, value)
        return
    reached = [o for o in w.heap.reach(value) if o.type in (METHOD, INSTANCE) or is_plain_function(o)]
    if not reached or not w.first_time("run", value):
        return
    anything = w.heap.make((*w.site(node), "anything"), UNKNOWN)
    w.heap.hold(anything, "*", frozenset(o for o in value if not o.immutable))
    for obj in reached:
        if obj.type == INSTANCE:
            run_all_methods(w, obj, frozenset({anything}), node)
        else:
            many = _any_arguments(obj, frozenset({anything}))
            w.branches(lambda obj=obj, many=many: _discard(call_one(w, obj, many, node)), lambda: None)  # type: ignore[misc]


def run_registered(w: Walker, value: Value, node: Node) -> None:
    """Run what a library was given to keep: it may call it at any time, out of sight.

    What that reads must be there from then on; what it does with unknown objects happens when it is called.
    """
    record = w.record
    before = {name: set(getattr(record, name)) for name in _WHEN_CALLED}, record.prints
    run_code(w, frozenset(obj for obj in value if obj.type in (FUNCTION, METHOD, INSTANCE)), node)
    anything = frozenset({w.heap.make((*w.site(node), "anything"), UNKNOWN)})
    for obj in value:
        if obj.type == CLASS:
            w.branches(lambda obj=obj: _run_class(w, obj, anything, node), lambda: None)  # type: ignore[misc]
    for name, items in before[0].items():
        getattr(record, name).intersection_update(items)
    record.prints = before[1]


_WHEN_CALLED = ("unknown_calls", "files_read", "files_written")


def _run_class(w: Walker, cls: Obj, anything: Value, node: Node) -> None:
    for made in instantiate(w, cls, Arguments(((anything, True),)), node):
        run_all_methods(w, made, anything, node)


def is_plain_function(obj: Obj) -> bool:
    """Whether an object is a function of the notebook that is no method of a class: those run with their instances."""
    return obj.type == FUNCTION and obj.code.owner is None


def _discard(value: Value) -> None:
    return


def run_all_methods(w: Walker, obj: Obj, value: Value, node: Node) -> None:
    """Run all methods of an instance of a notebook class, as code that is handed the instance may."""
    if _is_worn(w):
        _worn(w, value | {obj})
        return
    if not w.first_time("methods", obj, value):
        return
    for classes in lineage.lineage(obj.fields["*class"]):
        for name, members in list(classes.fields.items()):
            if name.startswith("*") or name in ("__init__", "__new__", "__del__"):
                continue
            for member in members:
                if member.type == FUNCTION and (obj, member) not in w.running:
                    w.running.add((obj, member))
                    own = frozenset({obj})
                    many = _any_arguments(member, value, own)
                    w.branches(
                        lambda member=member, many=many: _discard(call_function(w, member, many, node)),  # type: ignore[misc]
                        lambda: None,
                    )
                    w.running.discard((obj, member))


# -- functions of the notebook ---------------------------------------------------------------------------------


def call_function(w: Walker, obj: Obj, args: Arguments, node: Node) -> Value:
    """Follow a call of a notebook function into its body."""
    w.work += 1
    if _is_worn(w):
        return _worn(w, args.all)
    code: Code = obj.code
    values = _parameters(w, obj, code, args, node)
    active = w.active.get(obj)
    if active is not None:
        return _recursive(w, active, values)
    size = max(1, code.size // 4)
    if len(w.active) > MAX_DEPTH or w.budget < size:
        return frozenset({_blunt(w, [obj], args.all, w.site(node))})
    context = (*w.context, id(node))[-2:]
    key = (obj, context, tuple(sorted(((n, v) for n, v in values.items()), key=lambda item: item[0])), w.section)
    known = w.memo.get(key)
    if known is not None and known[0] == w.heap.version and _still_holds(w, known[1]):
        _repeat(w, known[1])
        return known[1].result
    w.budget -= size
    memo = Memo()
    w.tracing.append(memo)
    try:
        memo.result = _follow(w, obj, code, values, context, node)
    finally:
        w.tracing.pop()
        if w.tracing:
            w.tracing[-1].take(memo)
    if code.is_cached and (w.asks_caches or _tells_calls_apart(w, code, memo)):
        w.change_one(obj)
        memo.changes.add(obj)
    w.memo[key] = (w.heap.version, memo)
    return memo.result


def _tells_calls_apart(w: Walker, code: Code, memo: Memo) -> bool:
    """Whether it can be seen that a cached function is not run again: it does something, or reads what may change."""
    did = (memo.draws, memo.seeds, memo.notes, memo.changes, memo.wholes, memo.writes, code.mentioned & _SPEAKING)
    if any(did) or not w.rebound.isdisjoint(memo.seen):
        return True
    return any(o.type not in (*CODE_TYPES, LIB) for value in memo.seen.values() for o in value)


_SPEAKING = frozenset({"print", "display", "time", "random", "input", "tqdm", "logging", "logger", "next"})


def _still_holds(w: Walker, memo: Memo) -> bool:
    for name, value in memo.seen.items():
        binding = w.module.state.get(name)
        if (binding.value if binding is not None else EMPTY) != value:
            return False
    return True


def _repeat(w: Walker, memo: Memo) -> None:
    for name in memo.reads:
        w.read_global(name)
    for name, value in memo.writes.items():
        w.bind_global(name, value, certain=False)
    for obj in memo.changes:
        w.change_one(obj)
    w.change(memo.wholes)
    for resource in memo.seeds:
        w.seed(resource)
    for resource in memo.draws:
        w.draw(resource)
    for kind, item in memo.notes:
        w.note(kind, item)


def _follow(w: Walker, obj: Obj, code: Code, values: dict[str, Value], context: tuple[int, ...], node: Node) -> Value:
    key = (obj, context)
    scope = w.scopes.get(key)
    if scope is None:
        scope = w.scopes[key] = Scope("function", obj.scope or w.module, State(), code)
    scope.state = State()
    scope.result = EMPTY
    for name, value in values.items():
        scope.state.names[name] = Binding(value, NO_DEFS, -1)
        scope.ever[name] = scope.ever.get(name, EMPTY) | value
    for name, held in obj.fields.items():
        if name.startswith("free:"):
            scope.state.names.setdefault(name[5:], Binding(held, NO_DEFS, -1))
    activation = Activation(scope)
    w.active[obj] = activation
    outer_scope, outer_context = w.scope, w.context
    w.context = context
    w.uncertain += 1
    try:
        for _ in range(MAX_RECURSION_PASSES):
            activation.grew = False
            before = scope.result
            w.scope = scope
            _walk_body(w, scope, code, obj)
            if not activation.grew and scope.result == before:
                break
            if not activation.grew and not activation_recursed(activation):
                break
            for name in values:
                scope.state.names[name] = Binding(scope.ever[name], NO_DEFS, -1)
    finally:
        w.uncertain -= 1
        w.scope, w.context = outer_scope, outer_context
        del w.active[obj]
    if code.is_generator:
        made = w.heap.make((*w.site(node), obj), "builtins.generator")
        w.heap.hold(made, "*", scope.ever.get("@yield", EMPTY))
        return frozenset({made})
    value = scope.result or frozenset({w.heap.atom("builtins.NoneType")})
    if code.is_async:
        made = w.heap.make((*w.site(node), obj), "builtins.coroutine")
        w.heap.hold(made, "*", value)
        # what an await of it gives, of which a held value shows only the mutable part
        made.fields["*"] = made.fields.get("*", EMPTY) | value
        return frozenset({made})
    return value


def activation_recursed(activation: Activation) -> bool:
    return activation.scope.ever.get("@recursed") is not None


def _walk_body(w: Walker, scope: Scope, code: Code, obj: Obj) -> None:
    module = w.module.state
    fork = w.module.state = module.fork()
    owner, w.owner = w.owner, code.owner
    try:
        if code.is_lambda:
            scope.result |= w.expression(code.body)
        else:
            w.suite(code.body)
    finally:
        w.module.state = module
        w.owner = owner
    # whatever path the body took: what it bound may hold
    scope.state.dead = False
    fork.dead = False
    module.join([fork, module.fork()])


def _recursive(w: Walker, active: Activation, values: dict[str, Value]) -> Value:
    scope = active.scope
    scope.ever["@recursed"] = EMPTY
    for name, value in values.items():
        old = scope.ever.get(name, EMPTY)
        if not value <= old:
            scope.ever[name] = old | value
            active.grew = True
            w.heap.version += 1
    return scope.result


def _parameters(w: Walker, obj: Obj, code: Code, args: Arguments, node: Node) -> dict[str, Value]:
    values: dict[str, Value] = {}
    positional = list(args.positional)
    unpacked = EMPTY
    spread = EMPTY
    for keyword, value in args.keywords:
        if keyword is None:
            spread |= evaluate.contents(value) | frozenset({w.heap.atom("builtins.scalar")})
    keywords = {name: value for name, value in args.keywords if name is not None}
    for parameter in code.parameters:
        name = parameter.name
        default = obj.fields.get(f"default:{name}", EMPTY)
        if parameter.kind == "*":
            made = w.heap.make((*w.site(node), obj, name), "builtins.tuple")
            for value, _ in positional:
                w.heap.hold(made, "*", value)
            w.heap.hold(made, "*", unpacked)
            positional = []
            values[name] = frozenset({made})
        elif parameter.kind == "**":
            made = w.heap.make((*w.site(node), obj, name), "builtins.dict")
            for key, value in keywords.items():
                if key is not None:
                    w.heap.hold(made, f"[{key!r}]", value)
            w.heap.hold(made, "*", spread)
            values[name] = frozenset({made})
        elif positional and not parameter.keyword_only:
            value, starred = positional[0]
            if starred:
                unpacked |= value
                values[name] = value | default | spread
            else:
                positional.pop(0)
                values[name] = value
        elif name in keywords:
            values[name] = keywords.pop(name)
        else:
            if parameter.default is not None and not default:
                default = frozenset({w.heap.atom("builtins.scalar")})
            values[name] = default | spread | unpacked
    return values


def _is_worn(w: Walker) -> bool:
    """Whether so many calls were followed in this statement that no more are."""
    return w.work > MAX_WORK or w.heap.steps > MAX_STEPS


def _worn(w: Walker, values: Value) -> Value:
    """Take for granted, once in a statement, that all functions did anything; what is passed later is in it as well."""
    if w.worn is None:
        w.worn = _blunt(w, w.heap.of_type(FUNCTION), values, ("worn", w.record.index))
    passed = frozenset(o for o in values - w.worn.fields.get("*", EMPTY) if not o.immutable and o is not w.worn)
    if passed:
        w.change(passed)
        _join(w, w.worn, passed)
    return frozenset({w.worn})


def _join(w: Walker, made: Obj, values: Value) -> None:
    """Let functions that nobody follows keep anything in anything."""
    w.heap.hold(made, "*", values)
    for obj in values:
        if obj.type not in (FUNCTION, CLASS):
            w.heap.hold(obj, "*", frozenset({made}))


def _blunt(w: Walker, functions: list[Obj], values: Value, site: object) -> Obj:
    """Take for granted that functions (and all they mention) may do anything with everything that they mention."""
    names: set[str] = set()
    seen: set[Obj] = set()
    for function in functions:
        w.note("unknown_calls", function.path)
    while functions:
        function = functions.pop()
        if function in seen or function.code is None:
            continue
        seen.add(function)
        for name in mentioned(function.code.node):
            if name in names or w.module.state.get(name) is None:
                continue
            names.add(name)
            value = w.read_global(name)
            values |= value
            for part in w.heap.reach(value):
                if part.type == FUNCTION:
                    functions.append(part)
                elif part.type == CLASS:
                    functions.extend(m for held in part.fields.values() for m in held if m.type == FUNCTION)
        for name in function.code.globals:
            w.bind_global(name, frozenset({w.heap.make(("blunt", name), UNKNOWN)}), certain=False)
    mutable = {o for o in values if not o.immutable}
    for cls in [o for o in mutable if o.type == CLASS]:
        instance = w.heap.make(("blunt", cls), INSTANCE)
        w.heap.hold(instance, "*class", frozenset({cls}))
        mutable.add(instance)
    w.change(o for o in mutable if o.type != FUNCTION or _takes_attributes(w, o))
    for resource in sorted(w.seeded):
        w.draw(resource)
    made = w.heap.make(site, UNKNOWN)
    _join(w, made, frozenset(mutable))
    return made


def _takes_attributes(w: Walker, function: Obj) -> bool:
    """Whether the notebook's code may give a function attributes, or it keeps results."""
    if function.code.is_cached:
        return True
    stored = re.compile(rf"\bsetattr\(|\b{re.escape(function.path)}\.[^\W\d]\w*\s*[^\s\w]{{0,2}}=(?!=)")
    return any(stored.search(text) for text in w.texts)


# -- classes of the notebook -----------------------------------------------------------------------------------


def library_bases(w: Walker, classes: Value) -> list[Obj]:
    """Return the bases that are not classes of the notebook."""
    return [b for c in lineage.lineage(classes) for b in c.fields.get("*bases", EMPTY) if b.type != CLASS]


def class_member(w: Walker, classes: Value, name: str) -> Value:
    """Return what the nearest class that has ``name`` holds under it."""
    return lineage.member(classes, name)


def _has_member(w: Walker, obj: Obj, name: str) -> bool:
    return bool(obj.fields.get(name)) or bool(class_member(w, obj.fields["*class"], name))


def has_library_base(w: Walker, obj: Obj) -> bool:
    return any(b.path not in _PLAIN_BASES for b in library_bases(w, obj.fields["*class"]))


def bind_method(w: Walker, obj: Obj, member: Obj, node: Node) -> Value:
    """Return what reading a class's member through an instance gives."""
    if member.type == METHOD and member.path == "functools.partialmethod":
        return structures.bind_partialmethod(w, member, obj)
    if member.type != FUNCTION:
        return frozenset({member})
    decorators = {d.rpartition(".")[2] for d in member.code.decorators}
    if decorators & {"property", "cached_property", "getter"}:
        own = frozenset({obj})
        value = call_function(w, member, Arguments(((own, False),)), node)
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


def instantiate(w: Walker, cls: Obj, args: Arguments, node: Node) -> Value:
    """Return a new instance of a notebook class; ``__init__`` and the like run."""
    if members := evaluate.enum_members(w, cls):
        return members
    made = w.heap.make((*w.site(node), cls), INSTANCE)
    w.heap.hold(made, "*class", frozenset({cls}))
    own = frozenset({made})
    found = False
    for part in lineage.lineage(frozenset({cls})):
        for key, factory in list(part.fields.items()):
            if key.startswith("*factory:"):
                value = call(w, factory, NO_ARGUMENTS, node)
                w.heap.hold(made, key[9:], frozenset(o for o in value if o.type != LIB) or factory)
    metaclass = cls.fields.get("*keywords", EMPTY)
    for name in ("__new__", "__init__", "__post_init__"):
        member = class_member(w, frozenset({cls}), name)
        for function in member:
            if function.type == FUNCTION:
                if name == "__init__":
                    found = True
                first = frozenset({cls}) if name == "__new__" else own
                rest = args if name != "__post_init__" else NO_ARGUMENTS
                value = call_function(w, function, Arguments(((first, False), *rest.positional), rest.keywords), node)
                if name == "__new__":
                    for obj in value:
                        if obj.type != INSTANCE and not obj.immutable:
                            w.heap.hold(made, "*", frozenset({obj}))
    if not found:
        # no __init__ of its own (dataclass, named tuple, library base): the instance keeps what it was given
        bound_names = [n for n in cls.fields if not n.startswith(("*", "__"))]
        for value, _ in args.positional:
            w.heap.hold(made, "*", value)
        for keyword, value in args.keywords:
            w.heap.hold(made, keyword if keyword in bound_names else "*", value)
    for obj in metaclass:
        if obj.type == CLASS:
            for function in class_member(w, frozenset({obj}), "__call__"):
                w.opaque("a metaclass decides what calling a class gives")
                first = frozenset({cls})
                call_function(w, function, Arguments(((first, False), *args.positional), args.keywords), node)
    for base in library_bases(w, frozenset({cls})):
        if base.type == LIB and not found:
            names = w.knowledge.parameters(base.path)
            effect = w.knowledge.function(base.path, given(args, names))
            if effect is not None and effect.draws:
                for resource in effect.draws:
                    w.draw(resource)
    return own


def library_method(w: Walker, obj: Obj, name: str, args: Arguments, node: Node) -> Value:
    """Call a method that an instance has from elsewhere than its class: a library base, ``__getattr__``, a field."""
    fields = obj.fields.get(name, EMPTY) | obj.fields.get("*", EMPTY)
    result = EMPTY
    callables = frozenset(o for o in fields if o.type in (FUNCTION, CLASS, METHOD, LIB, UNKNOWN))
    if callables:
        result |= call(w, callables, args, node)
    bases = library_bases(w, obj.fields["*class"])
    for function in class_member(w, obj.fields["*class"], "__getattr__"):
        value = call(w, bind_method(w, obj, function, node), Arguments(((frozenset(), False),)), node)
        result |= call(w, value, args, node)
    own = frozenset({obj})
    for base in bases:
        if base.type != LIB:
            continue
        if base.path in _PLAIN_BASES or base.path in ("enum.Enum", "enum.IntEnum", "typing.NamedTuple"):
            continue
        run_all_methods(w, obj, args.all, node)
        path = f"{base.path}.{name}"
        names = w.knowledge.parameters(path)
        effect = w.knowledge.method(base.path, name, given(args, names))
        if effect is not None and w.facts_of(base.path) is not None:
            result |= apply(w, effect, own, args, node, path=path, names=names)
            w.change(effect_targets(effect, own))
        else:
            result |= unknown(w, own, args, node, path)
    if name in ("_replace", "_asdict") and not result:
        return _named_tuple_method(w, obj, name, args, node)
    if not bases and not result:
        result = fields or frozenset({w.heap.atom("builtins.scalar")})
    return result


def _named_tuple_method(w: Walker, obj: Obj, name: str, args: Arguments, node: Node) -> Value:
    if name == "_replace":
        made = like(w, frozenset({obj}), node)
    else:
        made = frozenset({w.heap.make(w.site(node), "builtins.dict")})
    for copy in made:
        w.heap.hold(copy, "*", evaluate.contents(frozenset({obj})) | args.all)
    return made


def effect_targets(effect: Effect, own: Value) -> Value:
    return own if "self" in effect.changes else EMPTY


def missing_attribute(w: Walker, obj: Obj, name: str, node: Node) -> Value:
    """Return what an attribute that an instance's own class does not have may be."""
    found = EMPTY
    for function in class_member(w, obj.fields["*class"], "__getattr__"):
        found |= call(w, bind_method(w, obj, function, node), Arguments(((frozenset(), False),)), node)
    if has_library_base(w, obj):
        part = w.heap.make(("inherited", obj), UNKNOWN)
        w.heap.hold(part, "*", frozenset({obj}))
        found |= {part}
    return found or frozenset({w.heap.atom("builtins.scalar")})


_QUIET = frozenset(
    {"__init__", "__new__", "__post_init__", "__del__", "__init_subclass__", "__class_getitem__", "__call__"}
)


def run_special_methods(w: Walker, obj: Obj) -> Value:
    """Run the special methods (``__eq__``, ``__len__``, ...) that an operation on an instance may call."""
    if _is_worn(w):
        return _worn(w, frozenset({obj}))
    result: set[Obj] = set()
    for cls in lineage.lineage(obj.fields["*class"]):
        for name, members in list(cls.fields.items()):
            if not (name.startswith("__") and name.endswith("__")) or name in _QUIET:
                continue
            for member in members:
                if member.type != FUNCTION or (obj, member) in w.running:
                    continue
                w.running.add((obj, member))
                anything = w.heap.make(("operand", obj), UNKNOWN)
                w.heap.hold(anything, "*", frozenset({obj}))
                passed = _any_arguments(member, frozenset({anything}), frozenset({obj}))
                value = call_function(w, member, passed, cls_node(member))
                w.running.discard((obj, member))
                result.update(o for o in value if o is not anything)
    return frozenset(result)


def cls_node(member: Obj) -> Node:
    return member.code.node


def iterated(w: Walker, obj: Obj, node: Node) -> Value:
    """Return what iterating over an instance of a notebook class gives."""
    result: set[Obj] = set()
    for name in ("__iter__", "__next__", "__getitem__"):
        for member in class_member(w, obj.fields["*class"], name):
            value = call(w, bind_method(w, obj, member, node), Arguments(((frozenset(), False),)), node)
            if name == "__iter__":
                value = evaluate.elements(w, frozenset(o for o in value if o is not obj), node)
            result.update(value)
    if not result or has_library_base(w, obj):
        result.update(evaluate.contents(frozenset({obj})))
    return frozenset(result)


def set_property(w: Walker, obj: Obj, name: str, value: Value, node: Node) -> None:
    """Run a property's setter or ``__setattr__`` where a class of the notebook has one."""
    classes = obj.fields["*class"]
    for special in ("__setattr__", name):
        for member in class_member(w, classes, special):
            if member.type == FUNCTION and (special == "__setattr__" or f"{name}.setter" in member.code.decorators):
                passed = ((frozenset({obj}), False), (value, False), (value, False))[: _arity(member)]
                if (obj, member) not in w.running:
                    w.running.add((obj, member))
                    call_function(w, member, Arguments(passed), node)
                    w.running.discard((obj, member))


def subclass_hooks(w: Walker, cls: Obj, node: Node) -> None:
    """Run ``__init_subclass__`` of notebook bases and notebook metaclasses."""
    for base in cls.fields.get("*bases", EMPTY):
        if base.type == CLASS:
            for member in class_member(w, frozenset({base}), "__init_subclass__"):
                if member.type == FUNCTION:
                    call_function(w, member, Arguments(((frozenset({cls}), False),)), node)
    for meta in cls.fields.get("*keywords", EMPTY):
        if meta.type == CLASS:
            for name in ("__new__", "__init__"):
                for member in class_member(w, frozenset({meta}), name):
                    if member.type == FUNCTION:
                        many = tuple((frozenset({cls}), False) for _ in range(_arity(member)))
                        call_function(w, member, Arguments(many), node)


def decorate(w: Walker, decorator: Value, value: Value, node: Node) -> Value:
    """Return what a decorator makes of a function or class."""
    last = node.children[1]
    if last.type in ("atom_expr", "power") and last.children[-1].children[-1].value in PROPERTY_PARTS:
        return value | decorator  # one property, several functions
    result = EMPTY
    for obj in decorator:
        if obj.type in (FUNCTION, CLASS, INSTANCE, METHOD):
            result |= call_one(w, obj, Arguments(((value, False),)), node)
        elif obj.type == UNKNOWN and obj.fields:
            made = unknown(w, frozenset({obj}), Arguments(((value, False),)), node, "a decorator")
            result |= value | made
        else:
            result |= value  # a library's decorator: the definition in other clothes
            if _REGISTERS.search(_dotted(last)):
                run_registered(w, value, node)
                w.note("sets", "modules")
    return result or value


_REGISTERS = re.compile(r"(^|[._])(un)?register(_|$)")


def _dotted(decorator: Node) -> str:
    return str("".join(decorator.get_code(include_prefix=False).split()).partition("(")[0])


def super_object(w: Walker, trailer: Node) -> Value:
    """Return the object that ``super()`` gives: the instance, seen as an instance of the bases."""
    scope: Scope | None = w.scope
    while scope is not None and not (scope.kind == "function" and scope.code.owner is not None):
        scope = scope.parent
    if len(trailer.children) > 2:
        arguments(w, trailer)
    if scope is None or not scope.code.parameters:
        return frozenset({w.heap.lib("builtins.super")})
    owner: Obj = scope.code.owner
    own = scope.ever.get(scope.code.parameters[0].name, EMPTY)
    made: set[Obj] = set()
    for obj in own:
        if obj.type == INSTANCE:
            bases = frozenset(_rest(w, cls, owner) for cls in obj.fields["*class"])
            view = w.heap.make(("super", obj, owner), SUPER)
            view.fields = {"self": frozenset({obj}), "*class": bases}
            made.add(view)
        elif obj.type == CLASS:
            made.update(_rest(w, obj, owner).fields.get("*bases", EMPTY))
    return frozenset(made) or frozenset({w.heap.lib("builtins.super")})


def _rest(w: Walker, cls: Obj, owner: Obj) -> Obj:
    """Return a class that has the members that ``super()`` finds in a method of ``owner``."""
    made = w.heap.make(("bases of", owner, cls), CLASS)
    for group in lineage.after(cls, owner):
        lineage.add_base(w.heap, made, group)
    w.heap.hold(made, "*bases", frozenset(o for o in owner.fields.get("*bases", EMPTY) if o.type != CLASS))
    return made


def super_member(w: Walker, view: Obj, name: str, node: Node) -> Value:
    """Return what ``super().name`` gives: a member of the bases, bound to the instance itself."""
    found = EMPTY
    for member in class_member(w, view.fields["*class"], name):
        for own in view.fields["self"]:
            found |= bind_method(w, own, member, node)
    return found


def call_super(w: Walker, view: Obj, name: str, args: Arguments, node: Node) -> Value:
    """Call ``super().name(...)``."""
    found = super_member(w, view, name, node)
    if found:
        return call(w, found, args, node)
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


# -- libraries -------------------------------------------------------------------------------------------------


def lib_attribute(w: Walker, obj: Obj, name: str, node: Node) -> Value:
    """Return what an attribute of a module (or of something in it) is."""
    path = f"{obj.path}.{name}" if name != "[]" else obj.path
    if path == f"{structures.SHELL}.user_ns":
        w.opaque("get_ipython().user_ns gives access to all variables out of sight")
    effect = w.knowledge.module_attribute(path) if name != "[]" else None
    if effect is not None:
        value = apply(w, effect, EMPTY, NO_ARGUMENTS, node, path=path)
        plain = frozenset(o for o in value if o.immutable and o.type != "builtins.NoneType")
        if plain and not effect.sets:
            return plain
    return frozenset({w.heap.lib(path)})


def set_library(w: Walker, path: str, value: Value) -> None:
    """Assign to an attribute or item of something in a library: a setting, or a change of the library itself."""
    if path.startswith(structures.SHELL):
        w.opaque("get_ipython() gives access to all variables out of sight")
        return
    while path:
        effect = w.knowledge.module_attribute(path)
        if effect is not None and effect.sets:
            for setting in effect.sets:
                w.note("sets", setting)
            return
        path = path.rpartition(".")[0]
    w.note("sets", "modules")


def dynamic_name(w: Walker, head: Node, trailers: list[Node]) -> str | None:
    """Return x for ``globals()["x"]`` at notebook level or in a function."""
    if head.type != "name" or head.value not in ("globals", "locals", "vars") or len(trailers) < 2:
        return None
    if head.value != "globals" and w.scope.kind != "module":
        return None
    call_trailer, item = trailers[0], trailers[1]
    if len(call_trailer.children) != 2 or call_trailer.children[0].value != "(" or item.children[0].value != "[":
        return None
    const = evaluate.constant(w.expression(item.children[1]))
    return const if isinstance(const, str) else None


def asked_name(w: Walker, operands: list[Node]) -> str | None:
    """Return x for ``"x" in globals()`` and the like."""
    if len(operands) != 3 or operands[0].type != "string" or operands[2].type not in ("atom_expr", "power"):
        return None
    code = operands[2].get_code(include_prefix=False).replace(" ", "")
    if code not in ("globals()", "locals()", "vars()", "dir()") or (code != "globals()" and w.scope.kind != "module"):
        return None
    const = evaluate.constant(w.expression(operands[0]))
    return const if isinstance(const, str) else None
