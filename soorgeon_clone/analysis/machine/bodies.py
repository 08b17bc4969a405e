"""Functions of the notebook: a call is followed into the body with the objects that are passed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from soorgeon_clone.analysis.evidence import Reason, enter, keep, moved
from soorgeon_clone.analysis.limits import REACHED
from soorgeon_clone.analysis.lower.instructions import Code, Instruction
from soorgeon_clone.analysis.machine import beside, deferred, unknown_calls
from soorgeon_clone.analysis.machine.memo import Activation, Memo
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import ANY, CODE_TYPES, DEFAULT, EMPTY, FREE, LIB, Obj, Value
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.state import NO_DEFS, Binding, Context, Scope, Site, State

Key = TypeVar("Key")


def call_function(w: Run, obj: Obj, args: Arguments, node: Instruction) -> Value:
    """Follow a call of a notebook function into its body."""
    # a special method runs where an operator stands, which is what called for it
    reason = w.blame(node) if node is not obj.code.place else w.heap.reason
    try:
        return _call(w, obj, args, node)
    finally:
        w.heap.reason = reason


def _call(w: Run, obj: Obj, args: Arguments, node: Instruction) -> Value:
    w.effort.calls += 1
    if w.effort.is_exhausted:
        return w.exhausted(args.all)
    code: Code = obj.code
    values = _parameters(w, obj, code, args, node)
    active = w.active.get(obj)
    if active is not None:
        return _recursive(w, active, values, w.site(node))
    size = max(1, code.size // 4)
    if len(w.active) > w.limits.depth or w.effort.size < size:
        what = unknown_calls.DEPTH if len(w.active) > w.limits.depth else "the size of functions"
        w.blame(w.heap.reason.node, f"{REACHED}: {what}", feared=True)
        return frozenset({unknown_calls.assume_anything(w, [obj], args.all, w.site(node))})
    context = (*w.context, node)[-2:]
    key = (obj, context, tuple(sorted(((n, v) for n, v in values.items()), key=lambda item: item[0])), w.section)
    known = w.memo.get(key)
    if known is not None and known[0] == w.heap.version and w.still_holds(known[1]):
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


def _tells_calls_apart(w: Run, code: Code, memo: Memo) -> bool:
    """Whether it can be seen that a cached function is not run again: it does something, or reads what may change."""
    changed = memo.changes or memo.replaces or memo.wholes
    did = (memo.draws, memo.seeds, memo.notes, changed, memo.writes, code.mentioned & _SPEAKING)
    if any(did) or not w.rebound.isdisjoint(memo.seen):
        return True
    return any(o.type not in (*CODE_TYPES, LIB) for value in memo.seen.values() for o in value)


_SPEAKING = frozenset({"print", "display", "time", "random", "input", "tqdm", "logging", "logger", "next"})


def _repeat(w: Run, memo: Memo) -> None:
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


def _follow(w: Run, obj: Obj, code: Code, values: dict[str, Value], context: Context, node: Instruction) -> Value:
    key = (obj, context)
    scope = w.scopes.get(key)
    if scope is None:
        scope = w.scopes[key] = Scope("function", obj.scope or beside.home(w, obj), State(), code)
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


def _run(w: Run, obj: Obj, code: Code, values: dict[str, Value], scope: Scope, context: Context) -> None:
    """Run the body until it shows nothing new: once, but for functions that call themselves."""
    if obj in w.active:
        return
    scope.state = State()
    scope.result = EMPTY
    for name, value in values.items():
        scope.state.names[name] = Binding(value, NO_DEFS, -1)
        scope.all_values[name] = scope.all_values.get(name, EMPTY) | value
    for name, held in obj.fields.items():
        if name.startswith(FREE):
            scope.state.names.setdefault(name.removeprefix(FREE), Binding(held, NO_DEFS, -1))
    activation = Activation(scope)
    w.active[obj] = activation
    called = w.heap.reason
    w.heap.reason = enter(_name(code), called)
    outer_scope, outer_context = w.scope, w.context
    w.context = context
    w.uncertain += 1

    def once() -> bool:
        activation.grew = activation.recursed = False
        before = scope.result, scope.all_values.get("@yield"), w.heap.version
        w.scope = scope
        is_news = _walk_body(w, scope, code, obj)
        if w.effort.is_exhausted:
            scope.result |= w.exhausted(frozenset(o for value in scope.all_values.values() for o in value))
            return False
        if not activation.recursed:
            return False
        for name in values:
            scope.state.names[name] = Binding(scope.all_values[name], NO_DEFS, -1)
        return is_news or activation.grew or (scope.result, scope.all_values.get("@yield"), w.heap.version) != before

    try:
        w.until_settled(once)
    finally:
        w.uncertain -= 1
        w.scope, w.context = outer_scope, outer_context
        w.heap.reason = called
        del w.active[obj]


def _name(code: Code) -> str:
    name = code.name or "lambda"
    return f"{code.owner.name}.{name}" if code.owner is not None else name


def _walk_body(w: Run, scope: Scope, code: Code, obj: Obj) -> bool:
    """Walk the body once; return whether that is news about the notebook's variables."""
    module = w.module.state
    fork = w.module.state = module.fork()
    try:
        if code.is_lambda:
            scope.result |= w.evaluate(code.body[0])
        else:
            w.run_block(code.body)
    finally:
        w.module.state = module
    # whatever path the body took: what it bound may hold
    scope.state.dead = False
    fork.dead = False
    return module.join([fork, module.fork()])


def _recursive(w: Run, active: Activation, values: dict[str, Value], site: Site) -> Value:
    scope = active.scope
    active.recursed = True
    for name, value in values.items():
        old = scope.all_values.get(name, EMPTY)
        if not value <= old:
            scope.all_values[name] = old | value
            active.grew = True
            w.heap.version += 1
    if scope.code.is_generator:
        made = w.heap.make((*site, scope.code), "builtins.generator")
        w.heap.hold(made, ANY, scope.all_values.get("@yield", EMPTY))
        return frozenset({made})
    return scope.result


def _parameters(w: Run, obj: Obj, code: Code, args: Arguments, node: Instruction) -> dict[str, Value]:
    values: dict[str, Value] = {}
    positional = list(args.positional)
    unpacked = EMPTY
    spread = EMPTY
    for keyword, value in args.keywords:
        if keyword is None:
            spread |= contents(value) | frozenset({w.heap.atom("builtins.scalar")})
    keywords = {name: value for name, value in args.keywords if name is not None}
    for parameter in code.parameters:
        name = parameter.name
        default = obj.fields.get(f"{DEFAULT}{name}", EMPTY)
        if parameter.kind == "*":
            made = w.heap.make((*w.site(node), obj, name), "builtins.tuple")
            for value, _ in positional:
                w.heap.hold(made, ANY, value)
            w.heap.hold(made, ANY, unpacked)
            positional = []
            values[name] = frozenset({made})
        elif parameter.kind == "**":
            made = w.heap.make((*w.site(node), obj, name), "builtins.dict")
            for key, value in keywords.items():
                if key is not None:
                    w.heap.hold(made, f"[{key!r}]", value)
            w.heap.hold(made, ANY, spread)
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
