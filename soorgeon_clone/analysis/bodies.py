"""Functions of the notebook: a call is followed into the body with the objects that are passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from soorgeon_clone.analysis import access, calls, deferred, evaluate, statements, undescribed
from soorgeon_clone.analysis.evidence import NOBODY, Reason, enter, keep, moved
from soorgeon_clone.analysis.heap import EMPTY, LIB, Obj, Value
from soorgeon_clone.analysis.limits import REACHED
from soorgeon_clone.analysis.lower.instructions import Code, Instruction
from soorgeon_clone.analysis.policy import Assumed
from soorgeon_clone.analysis.state import NO_DEFS, Binding, Context, Scope, Site, State

if TYPE_CHECKING:
    from soorgeon_clone.analysis.walk import Walker


Key = TypeVar("Key")
DEPTH = "calls inside one another"


@dataclass
class Memo:
    """What following a function once did, and why, to be noted again when it is called again with the same objects."""

    entered: Reason = NOBODY
    result: Value = EMPTY
    reads: dict[str, Reason] = field(default_factory=dict)
    seen: dict[str, Value] = field(default_factory=dict)
    writes: dict[str, Value] = field(default_factory=dict)
    changes: dict[Obj, Reason] = field(default_factory=dict)
    replaces: dict[Obj, Reason] = field(default_factory=dict)  # changed without what shares memory with them
    wholes: dict[Obj, Reason] = field(default_factory=dict)  # changed with all that they hold
    draws: dict[str, Reason] = field(default_factory=dict)
    seeds: dict[str, Reason] = field(default_factory=dict)
    notes: dict[tuple[str, str], Reason] = field(default_factory=dict)
    assumed: dict[Assumed, Reason] = field(default_factory=dict)

    def take(self, inner: Memo) -> None:
        """Add what a call inside of this one did."""
        for mine, others in self._reasons(inner):
            for item, reason in others.items():
                keep(mine, item, reason)
        for name, value in inner.seen.items():
            self.seen.setdefault(name, value)
        for name, value in inner.writes.items():
            self.writes[name] = self.writes.get(name, EMPTY) | value

    def _reasons(self, inner: Memo) -> Iterator[tuple[dict[Any, Reason], dict[Any, Reason]]]:
        yield self.reads, inner.reads
        yield self.changes, inner.changes
        yield self.replaces, inner.replaces
        yield self.wholes, inner.wholes
        yield self.draws, inner.draws
        yield self.seeds, inner.seeds
        yield self.notes, inner.notes
        yield self.assumed, inner.assumed


@dataclass
class Activation:
    """A function that is being followed: its parameters grow when it calls itself with other objects."""

    scope: Scope
    grew: bool = False
    recursed: bool = False


def call_function(w: Walker, obj: Obj, args: calls.Arguments, node: Instruction) -> Value:
    """Follow a call of a notebook function into its body."""
    # a special method runs where an operator stands, which is what called for it
    reason = w.blame(node) if node is not obj.code.place else w.heap.reason
    try:
        return _call(w, obj, args, node)
    finally:
        w.heap.reason = reason


def _call(w: Walker, obj: Obj, args: calls.Arguments, node: Instruction) -> Value:
    w.effort.calls += 1
    if w.effort.is_exhausted:
        return undescribed.worn(w, args.all)
    code: Code = obj.code
    values = _parameters(w, obj, code, args, node)
    active = w.active.get(obj)
    if active is not None:
        return _recursive(w, active, values, w.site(node))
    size = max(1, code.size // 4)
    if len(w.active) > w.limits.depth or w.effort.size < size:
        what = DEPTH if len(w.active) > w.limits.depth else "the size of functions"
        w.blame(w.heap.reason.node, f"{REACHED}: {what}", feared=True)
        return frozenset({undescribed.blunt(w, [obj], args.all, w.site(node))})
    context = (*w.context, node)[-2:]
    key = (obj, context, tuple(sorted(((n, v) for n, v in values.items()), key=lambda item: item[0])), w.section)
    known = w.memo.get(key)
    if known is not None and known[0] == w.heap.version and still_holds(w, known[1]):
        _repeat(w, known[1])
        return known[1].result
    w.effort.size -= size
    version = w.heap.version  # what it makes objects hold, it may find there the next time
    memo = Memo(w.heap.reason)
    w.tracing.append(memo)
    try:
        memo.result = _follow(w, obj, code, values, context, node)
    finally:
        w.tracing.pop()
        if w.tracing:
            w.tracing[-1].take(memo)
    if code.is_cached and (w.asks_caches or _tells_calls_apart(w, code, memo)):
        reason = w.blame(node, "a cache of what calls gave")
        for kept in (obj,) if code.owner is None else (obj, code.owner):  # a method's results go with its class
            w.change_one(kept)
            keep(memo.changes, kept, w.heap.reason)
        w.heap.reason = reason
    w.memo[key] = (version, memo)
    return memo.result


def _tells_calls_apart(w: Walker, code: Code, memo: Memo) -> bool:
    """Whether it can be seen that a cached function is not run again: it does something, or reads what may change."""
    changed = memo.changes or memo.replaces or memo.wholes
    did = (memo.draws, memo.seeds, memo.notes, changed, memo.writes, code.mentioned & _SPEAKING)
    if any(did) or not w.rebound.isdisjoint(memo.seen):
        return True
    return any(o.type not in (*calls.CODE_TYPES, LIB) for value in memo.seen.values() for o in value)


_SPEAKING = frozenset({"print", "display", "time", "random", "input", "tqdm", "logging", "logger", "next"})


def still_holds(w: Walker, memo: Memo) -> bool:
    """Whether the notebook's variables that were read denote what they did."""
    for name, value in memo.seen.items():
        binding = w.module.state.get(name)
        if (binding.value if binding is not None else EMPTY) != value:
            return False
    return True


def _repeat(w: Walker, memo: Memo) -> None:
    here = w.heap.reason

    def each(reasons: dict[Key, Reason]) -> Iterator[Key]:
        for item, reason in reasons.items():
            w.heap.reason = moved(reason, memo.entered, here)
            yield item

    for name in each(memo.reads):
        w.read_global(name)
    w.heap.reason = here
    for name, value in memo.writes.items():
        w.bind_global(name, value, certain=False)
    for obj in each(memo.changes):
        w.change_one(obj)
    for obj in each(memo.replaces):
        w.refill(obj)
    for obj in each(memo.wholes):
        w.change((obj,))
    for resource in each(memo.seeds):
        w.seed(resource)
    for resource in each(memo.draws):
        w.draw(resource)
    for assumed in each(memo.assumed):
        w.assume(assumed)
    for kind, item in each(memo.notes):
        if kind == "prints":
            w.print()
        elif kind == "opaque":
            w.opaque(item)
        else:
            w.note(kind, item)


def _follow(w: Walker, obj: Obj, code: Code, values: dict[str, Value], context: Context, node: Instruction) -> Value:
    key = (obj, context)
    scope = w.scopes.get(key)
    if scope is None:
        scope = w.scopes[key] = Scope("function", obj.scope or w.module, State(), code)
    if code.is_generator:
        made = w.heap.make((*w.site(node), obj), "builtins.generator")
        return deferred.generator(w, made, scope, lambda: _run(w, obj, code, values, scope, context))

    def run() -> Value:
        _run(w, obj, code, values, scope, context)
        return scope.result or frozenset({w.heap.atom("builtins.NoneType")})

    if code.is_async:
        made = w.heap.make((*w.site(node), obj), "builtins.coroutine")
        return deferred.coroutine(w, made, run)
    return run()


def _run(w: Walker, obj: Obj, code: Code, values: dict[str, Value], scope: Scope, context: Context) -> None:
    """Run the body until it shows nothing new: once, but for functions that call themselves."""
    if obj in w.active:
        return
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
    called = w.heap.reason
    w.heap.reason = enter(_name(code), called)
    outer_scope, outer_context = w.scope, w.context
    w.context = context
    w.uncertain += 1

    def once() -> bool:
        activation.grew = activation.recursed = False
        before = scope.result, scope.ever.get("@yield"), w.heap.version
        w.scope = scope
        is_news = _walk_body(w, scope, code, obj)
        if w.effort.is_exhausted:
            scope.result |= undescribed.worn(w, frozenset(o for value in scope.ever.values() for o in value))
            return False
        if not activation.recursed:
            return False
        for name in values:
            scope.state.names[name] = Binding(scope.ever[name], NO_DEFS, -1)
        return is_news or activation.grew or (scope.result, scope.ever.get("@yield"), w.heap.version) != before

    try:
        w.until_settled(once)
    finally:
        w.uncertain -= 1
        w.scope, w.context = outer_scope, outer_context
        w.heap.reason = called
        del w.active[obj]


def _name(code: Code) -> str:
    name = code.name or "lambda"
    return f"{code.owner.path}.{name}" if code.owner is not None else name


def _walk_body(w: Walker, scope: Scope, code: Code, obj: Obj) -> bool:
    """Walk the body once; return whether that is news about the notebook's variables."""
    module = w.module.state
    fork = w.module.state = module.fork()
    try:
        if code.is_lambda:
            scope.result |= evaluate.expression(w, code.body[0])
        else:
            statements.run_block(w, code.body)
    finally:
        w.module.state = module
    # whatever path the body took: what it bound may hold
    scope.state.dead = False
    fork.dead = False
    return module.join([fork, module.fork()])


def _recursive(w: Walker, active: Activation, values: dict[str, Value], site: Site) -> Value:
    scope = active.scope
    active.recursed = True
    for name, value in values.items():
        old = scope.ever.get(name, EMPTY)
        if not value <= old:
            scope.ever[name] = old | value
            active.grew = True
            w.heap.version += 1
    if scope.code.is_generator:
        made = w.heap.make((*site, scope.code), "builtins.generator")
        w.heap.hold(made, "*", scope.ever.get("@yield", EMPTY))
        return frozenset({made})
    return scope.result


def _parameters(w: Walker, obj: Obj, code: Code, args: calls.Arguments, node: Instruction) -> dict[str, Value]:
    values: dict[str, Value] = {}
    positional = list(args.positional)
    unpacked = EMPTY
    spread = EMPTY
    for keyword, value in args.keywords:
        if keyword is None:
            spread |= access.contents(value) | frozenset({w.heap.atom("builtins.scalar")})
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
