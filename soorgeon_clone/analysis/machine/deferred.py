"""Code that runs later than where it stands: generators, generator expressions, coroutines, what `map` calls.

It is followed where it stands, and again where it is used if by then the variables that it reads denote something else,
or something new was sent or thrown into it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from soorgeon_clone.analysis.evidence import enter
from soorgeon_clone.analysis.machine.memo import Memo
from soorgeon_clone.analysis.machine.walk import Run
from soorgeon_clone.analysis.objects.heap import ANY, EMPTY, RETURNED, SOURCE, Obj, Value
from soorgeon_clone.analysis.objects.parts import ITERATORS, mutable
from soorgeon_clone.analysis.objects.state import Context, Scope


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
    memos: list[Memo] = field(default_factory=list)
    raised: Value = EMPTY
    version: int = -1  # of the heap, when it was followed last
    is_running: bool = False


def defer(w: Run, run: Callable[[], Value], own: Scope | None = None) -> Value:
    """Return the iterators that ``run`` makes; it is run again where they are used, if need be."""
    code = Deferred(run, w.scope, w.context, own, since=w.heap.now)
    _run(w, code)
    return code.made


def generator(w: Run, made: Obj, scope: Scope, run_body: Callable[[], None]) -> Value:
    """Return the generator that calling a function gives: it yields and returns what its body does in ``scope``."""

    def run() -> Value:
        run_body()
        w.heap.hold(made, ANY, scope.all_values.get("@yield", EMPTY))
        returned = mutable(scope.result)
        if returned:
            w.heap.hold(made, RETURNED, returned)
            stop = w.heap.make(("stop", made), "builtins.StopIteration")
            w.heap.hold(stop, ANY, returned)
            w.raised |= {stop}
        return frozenset({made})

    return defer(w, run, scope)


def coroutine(w: Run, made: Obj, run_body: Callable[[], Value]) -> Value:
    """Return the coroutine that calling an asynchronous function gives."""

    def run() -> Value:
        value = run_body()
        w.heap.hold(made, ANY, value)
        # what an await of it gives, of which a held value shows only the mutable part
        made.fields[ANY] = made.fields.get(ANY, EMPTY) | value
        return frozenset({made})

    return defer(w, run)


def resume(w: Run, iterator: Obj) -> None:
    """An iterator is used: its code runs, and that of what it takes from, with what its variables denote now."""
    seen = {iterator}
    stack = [iterator]
    while stack:
        obj = stack.pop()
        code = obj.later
        if code is not None and (
            code.version != w.heap.version
            or not w.raised <= code.raised
            or not all(w.still_holds(memo) for memo in code.memos[-1:])
        ):
            _run(w, code)
        for key in (SOURCE, ANY):
            more = {held for held in obj.fields.get(key, EMPTY) if held.type in ITERATORS} - seen
            seen |= more
            stack.extend(more)


def send(w: Run, iterator: Obj, value: Value) -> None:
    """Let the code of a generator get ``value`` from its ``yield``."""
    code = iterator.later
    if code is not None and code.own is not None:
        known = code.own.all_values.get("@sent", EMPTY)
        if not value <= known:
            code.own.all_values["@sent"] = known | value
            w.heap.version += 1
            _run(w, code)


def _run(w: Run, code: Deferred) -> None:
    if code.is_running:
        return
    w.effort.calls += 1
    if w.effort.is_exhausted:
        worn = w.exhausted(EMPTY)
        for obj in code.made:
            w.heap.hold(obj, ANY, worn)
        code.made |= worn
        return
    code.version = w.heap.version
    used = w.heap.reason
    if code.since != used.statement and code.own is None:
        w.heap.reason = enter("an iterator", used)
    memo = Memo(w.heap.reason)
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
        if obj.type in ITERATORS:
            obj.later = code
    code.raised = w.raised
    if w.tracing:
        w.tracing[-1].take(memo)
