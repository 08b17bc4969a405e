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
from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, RETURNED, SOURCE
from soorgeon_clone.analysis.objects.parts import mutable
from soorgeon_clone.analysis.objects.state import Context, Scope
from soorgeon_clone.analysis.objects.types import ITERATORS


@dataclass(eq=False)
class Deferred:
    """Code that gives iterators, where it stands, and what it did each time that it was followed.

    ``own``: the scope of a generator's body, which gets what is sent. ``mentions`` gives what it may use.
    """

    run: Callable[[], Value]
    scope: Scope
    context: Context
    own: Scope | None
    mentions: Callable[[], Value]
    made: Value = EMPTY
    since: int = -1  # the statement that it stands in
    memos: list[Memo] = field(default_factory=list)
    raised: Value = EMPTY
    asof: tuple[int, int] = (-1, -1)  # when it was followed last
    is_running: bool = False


def defer(machine: Run, run: Callable[[], Value], mentions: Callable[[], Value], own: Scope | None = None) -> Value:
    """Return the iterators that ``run`` makes; it is run again where they are used, if need be.

    ``mentions`` gives what it may use, where it is not followed.
    """
    code = Deferred(run, machine.scope, machine.context, own, mentions, since=machine.heap.now)
    _run(machine, code)
    return code.made


def generator(machine: Run, made: Obj, scope: Scope, run_body: Callable[[], None], passed: Value) -> Value:
    """Return the generator that calling a function gives: it yields and returns what its body does in ``scope``."""

    def run() -> Value:
        run_body()
        machine.heap.hold(made, ANY, scope.all_values.get("@yield", EMPTY))
        returned = mutable(scope.result)
        if returned:
            machine.heap.hold(made, RETURNED, returned)
            stop = machine.heap.make(("stop", made), "builtins.StopIteration", inside=returned)
            machine.raised |= {stop}
        return frozenset({made})

    return defer(machine, run, lambda: passed, scope)


def coroutine(machine: Run, made: Obj, run_body: Callable[[], Value], passed: Value) -> Value:
    """Return the coroutine that calling an asynchronous function gives."""

    def run() -> Value:
        value = run_body()
        machine.heap.hold(made, ANY, value)
        # what an await of it gives, of which a held value shows only the mutable part
        made.fields[ANY] = made.fields.get(ANY, EMPTY) | value
        return frozenset({made})

    return defer(machine, run, lambda: passed)


def resume(machine: Run, iterator: Obj) -> None:
    """An iterator is used: its code runs, and that of what it takes from, with what its variables denote now."""
    seen = {iterator}
    stack = [iterator]
    if iterator.later is not None:
        machine.depend_on_all()
    while stack:
        obj = stack.pop()
        code = obj.later
        if code is not None and (
            code.asof != machine.heap.asof()
            or not machine.raised <= code.raised
            or not all(machine.still_holds(memo) for memo in code.memos[-1:])
        ):
            _run(machine, code)
        for key in (SOURCE, ANY):
            more = {held for held in obj.fields.get(key, EMPTY) if held.type in ITERATORS} - seen
            seen |= more
            stack.extend(more)


def send(machine: Run, iterator: Obj, value: Value) -> None:
    """Let the code of a generator get ``value`` from its ``yield``."""
    code = iterator.later
    if code is not None and code.own is not None and code.own.take("@sent", value, machine.heap):
        machine.heap.version += 1
        _run(machine, code)


def _run(machine: Run, code: Deferred) -> None:
    if code.is_running:
        return
    machine.effort.calls += 1
    if machine.gives_up():
        return
    if machine.effort.is_exhausted:
        scope, machine.scope = machine.scope, code.scope
        worn = machine.exhausted(code.made | code.mentions())
        machine.scope = scope
        for obj in code.made:
            machine.heap.hold(obj, ANY, worn)
        code.made |= worn
        return
    code.asof = machine.heap.asof()
    used = machine.heap.reason
    if code.since != used.statement and code.own is None:
        machine.heap.reason = enter("an iterator", used)
    memo = Memo(machine.heap.reason)
    code.memos.append(memo)  # all are kept: what was done in one is told by its id
    outer = machine.scope, machine.context
    machine.scope, machine.context = code.scope, code.context
    code.is_running = True
    machine.tracing.append(memo)
    try:
        code.made |= code.run()
    finally:
        machine.tracing.pop()
        machine.heap.reason = used
        code.is_running = False
        machine.scope, machine.context = outer
    for obj in code.made:
        if obj.type in ITERATORS:
            obj.later = code
    code.raised = machine.raised
    if machine.tracing:
        machine.tracing[-1].take(memo)
