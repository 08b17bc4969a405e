"""Two plain values of Python -> their differences: numbers, texts, containers."""

from __future__ import annotations

import math
import pickle
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.model import Difference, Found, Pair, Where
from soorgeon_clone.pipeline.assumptions.differences.words import GONE, SCALARS, key_words, words


def same_scalar(was: Any, now: Any) -> bool:
    """Tell whether two scalars of one type are the same; two that are not numbers are, 0.0 and -0.0 are not."""
    if bool(was == now):
        return type(was) is not float or was != 0 or math.copysign(1, was) == math.copysign(1, now)
    if type(was) is complex:
        return same_scalar(was.real, now.real) and same_scalar(was.imag, now.imag)
    return bool(was != was and now != now)


def scalar(was: Any, now: Any, where: Where) -> Found:
    if not same_scalar(was, now):
        yield Difference(where, words(was), words(now))


def buffer(was: Any, now: Any, where: Where) -> Found:
    if bytes(was) != bytes(now):
        yield Difference(where, f"{len(was):,} bytes", f"{len(now):,} bytes, which are others")


def sequence(was: Any, now: Any, where: Where) -> Found:
    if len(was) != len(now):
        yield Difference(where, words(was), words(now))
    if isinstance(was, deque) and was.maxlen != now.maxlen:
        yield Difference((where, ".maxlen"), words(was.maxlen), words(now.maxlen))
    for number, (one, other) in enumerate(zip(_items(was), _items(now), strict=False)):
        if one is not other and not _are_alike(one, other):
            yield Pair(one, other, (where, f"[{number}]"))


def _items(value: Any) -> Any:
    """Return an iterator that no subclass can replace."""
    kind: Any = next(kind for kind in (list, tuple, deque) if isinstance(value, kind))
    return kind.__iter__(value)


def _are_alike(one: Any, other: Any) -> bool:
    """Tell at once whether two are equal scalars: most parts are."""
    return type(one) is type(other) and type(one) in SCALARS and same_scalar(one, other)


def mapping(was: Any, now: Any, where: Where) -> Found:
    kind: Any = OrderedDict if isinstance(was, OrderedDict) else dict  # which keeps an order of its own
    one, other = list(kind.items(was)), list(kind.items(now))
    if len(one) == len(other):
        order: Difference | None = None
        for number, ((key, value), (also, new)) in enumerate(zip(one, other, strict=True)):
            if key is not also and not _are_alike(key, also):
                if type(key) in SCALARS or type(also) in SCALARS:
                    order = _keys(one, other, where)
                    yield order
                    return
                yield Pair(key, also, (where, f".keys()[{number}]"))
            if value is not new and not _are_alike(value, new):
                yield Pair(value, new, (where, f"[{key_words(key)}]"))
    else:
        yield _keys(one, other, where)


def _keys(one: list[tuple[Any, Any]], other: list[tuple[Any, Any]], where: Where) -> Difference:
    mine, theirs = ({_mark(key): (key, value) for key, value in items} for items in (one, other))
    for mark, (key, value) in mine.items():
        if mark not in theirs:
            return Difference((where, f"[{key_words(key)}]"), words(value), GONE)
    for mark, (key, value) in theirs.items():
        if mark not in mine:
            return Difference((where, f"[{key_words(key)}]"), GONE, words(value))
    return Difference(where, f"{len(one):,} keys", f"{len(other):,} keys in another order")


def _mark(value: Any) -> Any:
    """Return what stands for a key or an element: equal for equal ones, without a call of what its class defines."""
    if type(value) in SCALARS:
        return type(value), repr(value) if isinstance(value, float) else value
    if type(value) is tuple:
        return tuple, tuple(map(_mark, value))
    if type(value) is frozenset:
        return frozenset, frozenset(map(_mark, value))
    try:
        return type(value), pickle.dumps(value, 5)
    except Exception:
        return type(value), words(value)


def unordered(was: Any, now: Any, where: Where) -> Found:
    """Sets: their order does not count, since loading alone may change it."""
    mine, theirs = ({_mark(item): item for item in items} for items in (was, now))
    gone = [item for mark, item in mine.items() if mark not in theirs]
    new = [item for mark, item in theirs.items() if mark not in mine]
    if gone or new:
        first = f"with {words(gone[0])}" if gone else f"without {words(new[0])}"
        then = f"without {words(gone[0])}" if gone else f"with {words(new[0])}"
        yield Difference(where, f"{words(was)}, {first}", f"{words(now)}, {then}")


HANDLERS: dict[type, Callable[[Any, Any, Where], Found]] = {
    **dict.fromkeys(SCALARS, scalar),
    list: sequence,
    tuple: sequence,
    deque: sequence,
    dict: mapping,
    set: unordered,
    frozenset: unordered,
    bytearray: buffer,
}
