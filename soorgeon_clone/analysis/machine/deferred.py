"""Code that runs later than where it stands: generators, generator expressions, coroutines, what `map` calls.

It is followed where it stands, and again where it is used if by then the variables that it reads denote something else,
or something new was sent or thrown into it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from soorgeon_clone.analysis.evidence import enter
from soorgeon_clone.analysis.machine import bodies, unknown_calls
from soorgeon_clone.analysis.objects import access
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.state import Context, Scope

if TYPE_CHECKING:
    from soorgeon_clone.analysis.machine.walk import Walker

TYPES = frozenset({"builtins.generator", "builtins.iterator", "builtins.coroutine"})


@dataclass(eq=False)
class Deferred:
    """Code that gives iterators, where it stands, and what it did each time that it was followed.

    ``own``: the scope of a generator's body, which gets what is sent.
    """

    run: Callable[[], Value]
    scope: Scope
    context: Context
    own: Scope | None
    made: Value = EMPTY
    since: int = -1  # the statement that it stands in
    memos: list[bodies.Memo] = field(default_factory=list)
    raised: Value = EMPTY
    version: int = -1  # of the heap, when it was followed last
    is_running: bool = False


def defer(w: Walker, run: Callable[[], Value], own: Scope | None = None) -> Value:
    """Return the iterators that ``run`` makes; it is run again where they are used, if need be."""
    code = Deferred(run, w.scope, w.context, own, since=w.heap.now)
    _run(w, code)
    return code.made


def generator(w: Walker, made: Obj, scope: Scope, run_body: Callable[[], None]) -> Value:
    """Return the generator that calling a function gives: it yields and returns what its body does in ``scope``."""

    def run() -> Value:
        run_body()
        w.heap.hold(made, "*", scope.ever.get("@yield", EMPTY))
        returned = frozenset(obj for obj in scope.result if not obj.immutable)
        if returned:
            w.heap.hold(made, "*returned", returned)
            stop = w.heap.make(("stop", made), "builtins.StopIteration")
            w.heap.hold(stop, "*", returned)
            w.raised |= {stop}
        return frozenset({made})

    return defer(w, run, scope)


def coroutine(w: Walker, made: Obj, run_body: Callable[[], Value]) -> Value:
    """Return the coroutine that calling an asynchronous function gives."""

    def run() -> Value:
        value = run_body()
        w.heap.hold(made, "*", value)
        # what an await of it gives, of which a held value shows only the mutable part
        made.fields["*"] = made.fields.get("*", EMPTY) | value
        return frozenset({made})

    return defer(w, run)


def resume(w: Walker, iterator: Obj) -> None:
    """An iterator is used: its code runs, and that of what it takes from, with what its variables denote now."""
    seen = {iterator}
    stack = [iterator]
    while stack:
        obj = stack.pop()
        code = obj.code
        if isinstance(code, Deferred) and (
            code.version != w.heap.version
            or not w.raised <= code.raised
            or not all(bodies.still_holds(w, memo) for memo in code.memos[-1:])
        ):
            _run(w, code)
        for key in ("*source", "*"):
            more = {held for held in obj.fields.get(key, EMPTY) if held.type in TYPES} - seen
            seen |= more
            stack.extend(more)


def send(w: Walker, iterator: Obj, value: Value) -> None:
    """Let the code of a generator get ``value`` from its ``yield``."""
    code = iterator.code
    if isinstance(code, Deferred) and code.own is not None:
        known = code.own.ever.get("@sent", EMPTY)
        if not value <= known:
            code.own.ever["@sent"] = known | value
            w.heap.version += 1
            _run(w, code)


def use(w: Walker, obj: Obj, name: str, value: Value) -> Value | None:
    """Return what ``generator.send(value)`` and ``generator.throw(value)`` give; None for other methods."""
    if name == "send":
        send(w, obj, value)
    elif name == "throw":
        w.raised |= frozenset(o for o in value if not o.immutable)
    else:
        return None
    access.advance(w, obj)
    return access.contents(frozenset({obj})) or frozenset({w.heap.atom("builtins.scalar")})


def _run(w: Walker, code: Deferred) -> None:
    if code.is_running:
        return
    w.effort.calls += 1
    if w.effort.is_exhausted:
        worn = unknown_calls.worn(w, EMPTY)
        for obj in code.made:
            w.heap.hold(obj, "*", worn)
        code.made |= worn
        return
    code.version = w.heap.version
    used = w.heap.reason
    if code.since != used.statement and code.own is None:
        w.heap.reason = enter("an iterator", used)
    memo = bodies.Memo(w.heap.reason)
    code.memos.append(memo)  # all are kept: what was done in one is told by its id
    outer = w.scope, w.context
    w.scope, w.context = code.scope, code.context
    code.is_running = True
    w.tracing.append(memo)
    try:
        code.made |= code.run()
    finally:
        w.tracing.pop()
        w.heap.reason = used
        code.is_running = False
        w.scope, w.context = outer
    for obj in code.made:
        if obj.type in TYPES:
            obj.code = code
    code.raised = w.raised
    if w.tracing:
        w.tracing[-1].take(memo)
