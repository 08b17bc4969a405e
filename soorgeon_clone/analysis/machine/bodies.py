"""Functions of the notebook: a call is followed into the body with the objects that are passed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from soorgeon_clone.analysis.evidence import Reason, enter, keep, moved
from soorgeon_clone.analysis.limits import REACHED
from soorgeon_clone.analysis.lower.instructions import Code, Instruction
from soorgeon_clone.analysis.machine import anything, beside, deferred
from soorgeon_clone.analysis.machine.memo import CHANGES, Activation, Memo, Together
from soorgeon_clone.analysis.machine.walk import Run, Surroundings
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, CACHED, DEFAULT, FREE
from soorgeon_clone.analysis.objects.parts import contents, mutable
from soorgeon_clone.analysis.objects.state import NO_DEFS, Binding, Context, Scope, Site, State
from soorgeon_clone.analysis.objects.types import CODE_TYPES, LIB


def call_function(machine: Run, obj: Obj, args: Arguments, node: Instruction) -> Value:
    """Follow a call of a notebook function into its body."""
    # a special method runs where an operator stands, which is what called for it
    reason = machine.blame(node) if node is not obj.code.place else machine.heap.reason
    try:
        result = _call(machine, obj, args, node)
        return _remembered(machine, obj, args, result) if obj.code.is_cached else result
    finally:
        machine.heap.reason = reason


def _remembered(machine: Run, obj: Obj, args: Arguments, result: Value) -> Value:
    """Return what a function gives that keeps its results: what an earlier call with equal arguments made, perhaps."""
    key = _constants(args)
    kept = mutable(result)
    for part in kept:
        part.made = min(part.made, obj.made)  # an earlier call may have made it
    if kept:
        machine.heap.hold(obj, f"{CACHED}{key}", kept)
    for name, value in obj.fields.items():
        if name.startswith(CACHED) and (not key or name in (CACHED, f"{CACHED}{key}")):
            result |= value
    return result


def _constants(args: Arguments) -> str:
    """Return a text that tells calls with other constants apart; nothing where an argument is not known."""
    given = [*((str(n), value, starred) for n, (value, starred) in enumerate(args.positional))]
    given += [(name or "", value, name is None) for name, value in args.keywords]
    texts = [f"{name}={obj.const!r}" for name, value, spread in given for obj in value if _is_known(value, spread)]
    return f"({', '.join(texts)})" if len(texts) == len(given) else ""


def _is_known(value: Value, spread: bool) -> bool:
    return not spread and len(value) == 1 and all(obj.const is not None for obj in value)


def _call(machine: Run, obj: Obj, args: Arguments, node: Instruction) -> Value:
    if machine.gives_up():
        return EMPTY
    if machine.effort.is_exhausted:
        return machine.exhausted(args.all)
    code: Code = obj.code
    values = _parameters(machine, obj, code, args, node)
    active = machine.active.get(obj)
    if active is not None:
        if obj in machine.together and machine.together[obj].take(values):
            machine.heap.version += 1  # the next round follows it with all that was passed
        return _recursive(machine, active, values, machine.site(node))
    size = max(1, code.size // 4)
    if len(machine.active) > machine.limits.depth or machine.effort.size < size:
        what = anything.DEPTH if len(machine.active) > machine.limits.depth else "the size of functions"
        machine.blame(machine.heap.reason.node, f"{REACHED}: {what}", feared=True)
        return frozenset({anything.assume_anything(machine, [obj], args.all, machine.site(node))})
    if machine.heap.round:
        return _together(machine, obj, code, values, node, size)
    context = (*machine.context, node)[-2:]
    key = (obj, context, tuple(sorted(((n, v) for n, v in values.items()), key=lambda item: item[0])), machine.section)
    known = machine.memo.get(key)
    if known is not None:
        version, surroundings, memo = known
        if machine.still_holds(memo) and (
            version == machine.heap.version or _is_as_before(machine, obj, values, memo, surroundings)
        ):
            _repeat(machine, memo)
            return memo.result
    machine.effort.size -= size
    version = machine.heap.version  # what it makes objects hold, it may find there the next time
    memo = _trace(machine, obj, code, values, context, node)
    if not machine.gave_up:
        machine.memo[key] = (version, machine.surroundings(), memo)
    return memo.result


def _is_as_before(
    machine: Run, obj: Obj, values: dict[str, Value], memo: Memo, surroundings: Surroundings | None
) -> bool:
    """Whether nothing that a function can reach has grown since it was followed.

    What it made itself may have, and if nothing of that can be reached, it makes it anew.
    """
    if memo.depends_on_all or surroundings is None or surroundings != machine.surroundings():
        return False
    if any(machine.together[called].memo.result != value for called, value in memo.given.items()):
        return False
    inputs = EMPTY.union({obj}, *values.values(), *memo.seen.values(), *memo.given.values())
    return not machine.heap.has_grown(inputs, memo.started)


def _together(machine: Run, obj: Obj, code: Code, values: dict[str, Value], node: Instruction, size: int) -> Value:
    """Follow a function once in this round, for all its calls in the statement, and note what it gives."""
    value = _once_in_round(machine, obj, code, values, node, size)
    if machine.tracing:
        machine.tracing[-1].given[obj] = value
    return value


def _once_in_round(machine: Run, obj: Obj, code: Code, values: dict[str, Value], node: Instruction, size: int) -> Value:
    followed = machine.together.setdefault(obj, Together())
    is_news = followed.take(values)
    holds = machine.still_holds(followed.memo)
    if holds and not is_news and _is_as_before(machine, obj, followed.values, followed.memo, followed.surroundings):
        followed.round = machine.heap.round
    if holds and followed.round == machine.heap.round:
        if is_news:
            machine.heap.version += 1  # the next round follows it with all that was passed
            followed.surroundings = None
        _repeat(machine, followed.memo)
        return followed.memo.result
    machine.effort.size -= size
    followed.round = machine.heap.round
    version = machine.heap.version
    memo = _trace(machine, obj, code, followed.values, (machine.record.lowered.place,), node)
    # within a round, loops do not go on until nothing grows
    if not memo.result <= followed.memo.result:
        machine.heap.version += 1
    followed.surroundings = machine.surroundings() if machine.heap.version == version else None
    memo.result |= followed.memo.result
    followed.memo = memo
    return memo.result


def _trace(machine: Run, obj: Obj, code: Code, values: dict[str, Value], context: Context, node: Instruction) -> Memo:
    """Follow a function, and return what that did."""
    machine.effort.calls += 1
    memo = Memo(machine.heap.reason, machine.heap.clock)
    machine.memos.append(memo)
    machine.tracing.append(memo)
    try:
        memo.result = _follow(machine, obj, code, values, context, node)
    finally:
        machine.tracing.pop()
        if machine.tracing:
            machine.tracing[-1].take(memo)
    if code.is_cached and (machine.hints.asks_caches or _tells_calls_apart(machine, obj, values, memo)):
        reason = machine.blame(node, "a cache of what calls gave")
        for kept in (obj,) if code.owner is None else (obj, code.owner):  # a method's results go with its class
            machine.change_one(kept)
            keep(memo.did["changes"], kept, machine.heap.reason)
        machine.heap.reason = reason
    return memo


def _tells_calls_apart(machine: Run, obj: Obj, values: dict[str, Value], memo: Memo) -> bool:
    """Whether it can be seen that a cached function is not run again: it does something, or reads what may change.

    What it makes itself and changes is its own; what it was given, reads or keeps was there before.
    """
    did = (*(items for kind, items in memo.did.items() if kind not in _NOT_DONE), memo.writes)
    if any(did) or not obj.code.mentioned.isdisjoint(_SPEAKING) or not machine.rebound.isdisjoint(memo.seen):
        return True
    if memo.changed and not memo.changed.isdisjoint(
        machine.heap.reach(EMPTY.union({obj}, *values.values(), *memo.seen.values()))
    ):
        return True
    return any(not o.immutable and o.type not in (*CODE_TYPES, LIB) for value in memo.seen.values() for o in value)


_NOT_DONE = frozenset({"reads", "assumed", *CHANGES})
_SPEAKING = frozenset({"print", "display", "time", "random", "input", "tqdm", "logging", "logger", "next"})


def _repeat(machine: Run, memo: Memo) -> None:
    here = machine.heap.reason
    if memo.depends_on_all:
        machine.depend_on_all()
    if machine.tracing:
        machine.tracing[-1].given.update(memo.given)

    known: dict[int, Reason] = {}

    def again(kinds: Iterable[str], do: Callable[[str, Any], object]) -> None:
        for kind in kinds:
            for item, reason in memo.did.get(kind, _NOTHING).items():
                machine.heap.reason = moved(reason, memo.entered, here, known)
                do(kind, item)
        machine.heap.reason = here

    again(("reads",), lambda kind, name: machine.read_global(name))
    for name, value in memo.writes.items():
        machine.bind_global(name, value, certain=False)
    again(("seeds",), lambda kind, resource: machine.seed(resource))
    again(("draws",), lambda kind, resource: machine.draw(resource))
    if not machine.first_time("repeat", id(memo)):
        return  # all else is noted already, and whether it was done before or after something makes no difference
    again(_AGAIN, lambda kind, item: _AGAIN[kind](machine, item))
    again([kind for kind in memo.did if kind not in _APART], machine.note)


_AGAIN: dict[str, Callable[[Run, Any], object]] = {
    "changes": Run.change_one,
    "replaces": Run.refill,
    "wholes": lambda machine, obj: machine.change((obj,)),
    "assumed": Run.assume,
    "prints": lambda machine, item: machine.print(),
    "opaque": Run.opaque,
}
_APART = frozenset((*_AGAIN, "reads", "seeds", "draws"))
_NOTHING: dict[Any, Reason] = {}


def _follow(machine: Run, obj: Obj, code: Code, values: dict[str, Value], context: Context, node: Instruction) -> Value:
    key = (obj, context)
    scope = machine.scopes.get(key)
    if scope is None:
        scope = machine.scopes[key] = Scope("function", obj.scope or beside.home(machine, obj), State(), code)
    passed = EMPTY.union(*values.values())
    if code.is_generator:
        made = machine.heap.make((*machine.site(node), obj), "builtins.generator")
        return deferred.generator(
            machine, made, scope, lambda: _run(machine, obj, code, values, scope, context), passed
        )

    def run() -> Value:
        _run(machine, obj, code, values, scope, context)
        return scope.result or frozenset({machine.heap.atom("builtins.NoneType")})

    if code.is_async:
        made = machine.heap.make((*machine.site(node), obj), "builtins.coroutine")
        return deferred.coroutine(machine, made, run, passed)
    return run()


def _run(machine: Run, obj: Obj, code: Code, values: dict[str, Value], scope: Scope, context: Context) -> None:
    """Run the body until it shows nothing new: once, but for functions that call themselves."""
    if obj in machine.active:
        return
    scope.state = State()
    scope.result = EMPTY
    for name, value in values.items():
        scope.state.names[name] = Binding(value, NO_DEFS, -1)
        scope.take(name, value, machine.heap)
    for name, held in obj.fields.items():
        if name.startswith(FREE):
            scope.around[name.removeprefix(FREE)] = held
    activation = Activation(scope, len(machine.tracing))
    machine.active[obj] = activation
    called = machine.heap.reason
    machine.heap.reason = enter(_name(code), called)
    outer_scope, outer_context = machine.scope, machine.context
    machine.context = context
    machine.uncertain += 1

    def once() -> bool:
        activation.grew = activation.recursed = False
        before, version = (scope.result, scope.all_values.get("@yield")), machine.heap.version
        machine.scope = scope
        is_news = _walk_body(machine, scope, code, obj)
        if machine.effort.is_exhausted:
            scope.result |= machine.exhausted(frozenset(o for value in scope.all_values.values() for o in value))
            return False
        if not activation.recursed:
            return False
        for name in values:
            scope.state.names[name] = Binding(scope.all_values[name], NO_DEFS, -1)
        if is_news or (scope.result, scope.all_values.get("@yield")) != before:
            return True
        return not machine.heap.round and (activation.grew or machine.heap.version != version)

    try:
        machine.until_settled(once)
    finally:
        machine.uncertain -= 1
        machine.scope, machine.context = outer_scope, outer_context
        machine.heap.reason = called
        del machine.active[obj]


def _name(code: Code) -> str:
    name = code.name or "lambda"
    return f"{code.owner.name}.{name}" if code.owner is not None else name


def _walk_body(machine: Run, scope: Scope, code: Code, obj: Obj) -> bool:
    """Walk the body once; return whether that is news about the notebook's variables."""
    module = machine.module.state
    fork = machine.module.state = module.fork()
    try:
        if code.is_lambda:
            scope.result |= machine.evaluate(code.body[0])
        else:
            machine.run_block(code.body)
    finally:
        machine.module.state = module
    # whatever path the body took: what it bound may hold
    scope.state.dead = False
    fork.dead = False
    return module.join([fork, module.fork()])


def _recursive(machine: Run, active: Activation, values: dict[str, Value], site: Site) -> Value:
    scope = active.scope
    active.recursed = True
    for memo in machine.tracing[active.depth :]:  # what it gives is not known yet
        memo.depends_on_all = True
    for name, value in values.items():
        if scope.take(name, value, machine.heap):
            active.grew = True
            machine.heap.version += 1
    if scope.code.is_generator:
        made = machine.heap.make((*site, scope.code), "builtins.generator")
        machine.heap.hold(made, ANY, scope.all_values.get("@yield", EMPTY))
        return frozenset({made})
    return scope.result


def _parameters(machine: Run, obj: Obj, code: Code, args: Arguments, node: Instruction) -> dict[str, Value]:
    values: dict[str, Value] = {}
    positional = list(args.positional)
    unpacked = EMPTY
    spread = EMPTY
    for keyword, value in args.keywords:
        if keyword is None:
            spread |= contents(value) | frozenset({machine.heap.atom("builtins.scalar")})
    keywords = {name: value for name, value in args.keywords if name is not None}
    for parameter in code.parameters:
        name = parameter.name
        default = obj.fields.get(f"{DEFAULT}{name}", EMPTY)
        if parameter.kind == "*":
            made = machine.heap.make((*machine.site(node), obj, name), "builtins.tuple")
            for value, _ in positional:
                machine.heap.hold(made, ANY, value)
            machine.heap.hold(made, ANY, unpacked)
            positional = []
            values[name] = frozenset({made})
        elif parameter.kind == "**":
            made = machine.heap.make((*machine.site(node), obj, name), "builtins.dict")
            for key, value in keywords.items():
                machine.heap.hold(made, f"[{key!r}]", value)
            machine.heap.hold(made, ANY, spread)
            machine.heap.give_keys(made, tuple(keywords))
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
                default = frozenset({machine.heap.atom("builtins.scalar")})
            values[name] = default | spread | unpacked
    return values
