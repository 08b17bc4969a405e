"""Two objects of one class -> the pairs of what they hold: as pickle sees them, else by their attributes."""

from __future__ import annotations

import copyreg
import functools
import io
import threading
import types
import weakref
from collections.abc import Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.caches import MISSING, is_cache, is_counter, is_store
from soorgeon_clone.pipeline.assumptions.differences.model import Difference, Found, Pair, Where
from soorgeon_clone.pipeline.assumptions.differences.words import GONE, words

# What has no value that could be compared.
_OPAQUE = (
    *(types.ModuleType, types.GeneratorType, types.CoroutineType, types.FrameType, types.TracebackType),
    *(types.BuiltinFunctionType, types.CodeType, weakref.ReferenceType, io.IOBase),
    *(type(threading.Lock()), type(threading.RLock()), threading.Thread, threading.local),
)


def generic(was: Any, now: Any, where: Where) -> Found:
    """Any object: by what `__reduce_ex__` gives, as pickle does; where that fails, by its attributes."""
    kind = type(was)
    if is_store(kind):
        return
    if isinstance(was, _OPAQUE) and not isinstance(was, (io.BytesIO, io.StringIO)):
        return
    try:
        registered: Any = copyreg.dispatch_table.get(kind)
        one, other = (registered(side) if registered else side.__reduce_ex__(5) for side in (was, now))
    except Exception:
        yield from attributes(kind, held_by(was), held_by(now), where)
        return
    if not isinstance(one, tuple) or not isinstance(other, tuple):
        if one != other:
            yield Difference(where, words(one), words(other))
        return
    yield from _reduced(kind, one, other, where)


def _reduced(kind: type, one: tuple[Any, ...], other: tuple[Any, ...], where: Where) -> Found:
    one, other = ((*one, None, None, None)[:5], (*other, None, None, None)[:5])
    if one[0] is not other[0]:
        yield Pair(one[0], other[0], where)
    yield Pair(tuple(one[1]), tuple(other[1]), (where, ".__reduce__()"))
    yield from _states(kind, one[2], other[2], where)
    for number in (3, 4):
        mine, theirs = ([] if side is None else list(side) for side in (one[number], other[number]))
        if number == 4:
            yield Pair(dict(_hashable(mine)), dict(_hashable(theirs)), where)
        else:
            yield Pair(mine, theirs, where)


def _hashable(pairs: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    return [(key if type(key).__hash__ is not None else words(key), value) for key, value in pairs]


def _states(kind: type, was: Any, now: Any, where: Where) -> Found:
    one, other = _as_attributes(was), _as_attributes(now)
    if one is not None and other is not None:
        yield from attributes(kind, one, other, where)
    elif isinstance(was, tuple) and isinstance(now, tuple) and len(was) == len(now):
        for number, (mine, theirs) in enumerate(zip(was, now, strict=True)):
            if not is_counter(kind, number) and not (_is_empty(mine) and _is_empty(theirs)):
                yield Pair(mine, theirs, (where, f".__getstate__()[{number}]"))
    else:
        yield Pair(was, now, (where, ".__getstate__()"))


def _is_empty(part: Any) -> bool:
    """Tell whether a part of a state stands for no attributes: a dictionary is made when it is first asked for."""
    return part is None or (type(part) is dict and not part)


def _as_attributes(state: Any) -> dict[str, Any] | None:
    """Return the attributes that a state holds: a dict, or a pair of dicts, that of the slots last."""
    parts = (state,) if not isinstance(state, tuple) else state if len(state) == 2 else (state,)
    if not all(part is None or (isinstance(part, dict) and all(type(key) is str for key in part)) for part in parts):
        return None
    return {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}


def attributes(kind: type, was: Mapping[str, Any], now: Mapping[str, Any], where: Where) -> Found:
    """Attributes by their names. Their order does not count."""
    for name in (*was, *(name for name in now if name not in was)):
        one, other = was.get(name, MISSING), now.get(name, MISSING)
        if one is other or is_cache(kind, name, one, other):
            continue
        place: Where = (where, f".{name}")
        if one is MISSING:
            yield Difference(place, GONE, words(other))
        elif other is MISSING:
            yield Difference(place, words(one), GONE)
        else:
            yield Pair(one, other, place)


def held_by(value: Any) -> dict[str, Any]:
    """Return the attributes that an object holds itself, those in slots included."""
    found: dict[str, Any] = {}
    for base in type(value).__mro__:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else tuple(slots):
            descriptor = base.__dict__.get(name)
            if isinstance(descriptor, types.MemberDescriptorType):
                try:
                    found[name] = descriptor.__get__(value, base)
                except AttributeError:
                    continue
    try:
        own = object.__getattribute__(value, "__dict__")
    except Exception:
        return found
    return {**found, **own} if isinstance(own, dict) else found


def function(was: Any, now: Any, where: Where) -> Found:
    """Functions: their code, their defaults, what they remember."""
    for name in ("co_code", "co_names", "co_varnames"):
        if getattr(was.__code__, name) != getattr(now.__code__, name):
            yield Difference(where, f"the function {was.__qualname__}", "another function")
            return
    for name in ("__defaults__", "__kwdefaults__"):
        yield Pair(getattr(was, name), getattr(now, name), (where, f".{name}"))
    yield Pair(closed_over(was), closed_over(now), (where, ".__closure__"))
    yield from attributes(types.FunctionType, vars(was), vars(now), where)


def closed_over(code: Any) -> dict[str, Any]:
    """Return what the variables of an enclosing function hold."""
    found = {}
    for name, cell in zip(code.__code__.co_freevars, code.__closure__ or (), strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            found[name] = None
    return found


def definition(was: Any, now: Any, where: Where) -> Found:
    """Classes: one that was pickled with its code is made again, and is compared by its name."""
    if (was.__module__, was.__qualname__) != (now.__module__, now.__qualname__):
        yield Difference(where, words(was), words(now))


def memoized(was: Any, now: Any, where: Where) -> Found:
    """Functions that keep their results: what is kept does not count."""
    yield Pair(was.__wrapped__, now.__wrapped__, where)


HANDLERS: dict[type, Any] = {
    types.FunctionType: function,
    type: definition,
    functools._lru_cache_wrapper: memoized,
}
