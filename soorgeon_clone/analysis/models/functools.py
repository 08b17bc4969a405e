"""What binds arguments to functions: partial, partialmethod; and what only dresses functions."""

from __future__ import annotations

from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.objects.arguments import Arguments
from soorgeon_clone.analysis.objects.heap import ANY, METHOD, Value
from soorgeon_clone.analysis.objects.kinds.method import ARGUMENTS, KEYWORDS, PARTIAL
from soorgeon_clone.analysis.objects.machine import Machine
from soorgeon_clone.analysis.objects.members import PARTIAL_METHOD


def _partial(w: Machine, args: Arguments, node: Instruction) -> Value:
    made = w.heap.make(w.site(node), METHOD)
    made.name = PARTIAL
    w.heap.hold(made, "partial", args.first)
    positional = w.heap.make((*w.site(node), ARGUMENTS), "builtins.tuple")
    for index, (value, _) in enumerate(args.positional[1:]):
        w.heap.hold(positional, str(index), value)
    keywords = w.heap.make((*w.site(node), KEYWORDS), "builtins.dict")
    for keyword, value in args.keywords:
        w.heap.hold(keywords, f"[{keyword!r}]" if keyword is not None else ANY, value)
    w.heap.hold(made, ARGUMENTS, frozenset({positional}))
    w.heap.hold(made, KEYWORDS, frozenset({keywords}))
    # remembered although immutable values are not held
    made.bound = Arguments(args.positional[1:], args.keywords)
    return frozenset({made})


def _partialmethod(w: Machine, args: Arguments, node: Instruction) -> Value:
    (made,) = _partial(w, args, node)
    made.name = PARTIAL_METHOD
    return frozenset({made})


def _wraps(w: Machine, args: Arguments, node: Instruction) -> Value:
    return frozenset({w.heap.lib("functools.wraps.decorator")})


def _identity(w: Machine, args: Arguments, node: Instruction) -> Value:
    return args.first


FUNCTIONS = {
    PARTIAL: _partial,
    PARTIAL_METHOD: _partialmethod,
    "functools.wraps": _wraps,
    "functools.wraps.decorator": _identity,
}
