"""The arguments of a call, and what is known of them: constants, and which parameters may get what."""

from __future__ import annotations

from typing import Any

from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value
from soorgeon_clone.analysis.objects.keys import FUNC
from soorgeon_clone.analysis.objects.types import FUNCTION, METHOD


class Arguments:
    """The values of a call: positional (value, is it unpacked), keywords (None: unpacked mapping); ``all`` of them."""

    __slots__ = ("all", "keywords", "positional")

    def __init__(
        self, positional: tuple[tuple[Value, bool], ...] = (), keywords: tuple[tuple[str | None, Value], ...] = ()
    ) -> None:
        self.positional = positional
        self.keywords = keywords
        value = EMPTY
        for item, _ in positional:
            value |= item
        for _, item in keywords:
            value |= item
        self.all = value

    def at(self, index: int) -> Value:
        """Return what stands at a position, if anything does."""
        return self.positional[index][0] if len(self.positional) > index else EMPTY

    @property
    def first(self) -> Value:
        return self.at(0)

    def after(self, *values: Value) -> Arguments:
        """Return these with ``values`` before them."""
        return Arguments((*((value, False) for value in values), *self.positional), self.keywords)


NO_ARGUMENTS = Arguments()


def passing(*values: Value) -> Arguments:
    """Return the arguments of a call with ``values`` at its positions."""
    return Arguments(tuple((value, False) for value in values))


def given(args: Arguments, names: tuple[str, ...] | None) -> dict[str, str | None]:
    """Return the parameters that a call passes with the source of their constants (None: not a constant)."""
    result: dict[str, str | None] = {}
    for index, (value, starred) in enumerate(args.positional):
        if starred:
            result["*"] = None
            break
        name = names[index] if names and index < len(names) else str(index)
        result[name] = constant_source(value)
    for keyword, value in args.keywords:
        if keyword is None:
            result["**"] = None
        else:
            result[keyword] = constant_source(value)
    return result


def constant(value: Value) -> Any:
    """Return the constant (str, int, bool) that ``value`` certainly is, else None."""
    if len(value) == 1:
        (obj,) = value
        return obj.const
    return None


def constant_source(value: Value) -> str | None:
    """Return the source text of the constant that ``value`` certainly is, else None."""
    if len(value) == 1:
        (obj,) = value
        if obj.type == "builtins.NoneType":
            return "None"
        if obj.const is not None:
            return repr(obj.const)
        if obj.type in ("builtins.int", "builtins.float"):
            return "1"  # a number, whichever
    return None


def arity(obj: Obj) -> int:
    """Return how many arguments a position may pass to ``obj``."""
    if obj.type == FUNCTION and obj.code is not None:
        return sum(1 for p in obj.code.parameters if not p.kind and not p.keyword_only)
    if obj.type == METHOD:
        return max([arity(f) - 1 for f in obj.fields.get(FUNC, EMPTY)], default=1)
    return 1


def any_arguments(obj: Obj, value: Value, first: Value | None = None) -> Arguments:
    """Return arguments for any call of ``obj``: parameters that have defaults may get ``value`` or not.

    ``first`` is what the first parameter gets, if that is known.
    """
    known = () if first is None else ((first, False),)
    required = max(0, arity(obj) - _optional(obj) - len(known))
    rest = ((value, True),) if _optional(obj) else ()
    return Arguments((*known, *((value, False) for _ in range(required)), *rest))


def _optional(obj: Obj) -> int:
    """Return how many of the parameters that a position may fill have defaults, and whether there is a ``*args``."""
    if obj.type == FUNCTION and obj.code is not None:
        return sum(p.default is not None and not p.keyword_only for p in obj.code.parameters if p.kind != "**")
    return max([_optional(f) for f in obj.fields.get(FUNC, EMPTY)], default=0)
