"""Two pandas objects -> which columns differ, and where first. Caches inside them are no part of their value."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.arrays import differing
from soorgeon_clone.pipeline.assumptions.differences.model import Difference, Found, Pair, Where
from soorgeon_clone.pipeline.assumptions.differences.plain import same_scalar
from soorgeon_clone.pipeline.assumptions.differences.words import GONE, SCALARS, key_words, words


def frame(was: Any, now: Any, where: Where) -> Found:
    """DataFrames: columns, index, then column by column; then what else they carry."""
    if len(was.columns) != len(now.columns) or not was.columns.equals(now.columns):
        yield _columns(was, now, where)
        return
    yield from index(was.columns, now.columns, (where, ".columns"))
    yield from index(was.index, now.index, (where, ".index"))
    if len(was) != len(now):
        yield Difference(where, f"{len(was):,} rows", f"{len(now):,} rows")
        return
    changed: list[Difference] = []
    for number in range(len(was.columns)):
        mine, theirs = was.iloc[:, number], now.iloc[:, number]
        found, inside = _values(mine, theirs, (where, f"[{key_words(was.columns[number])}]"))
        changed += [found] if found is not None else []
        yield from inside
    if changed:
        total = len(was.columns)
        extent = f"{len(changed):,} of {total:,} columns" if total > 1 else ""
        yield replace(changed[0], extent=extent)
    yield from _besides(was, now, where)


def series(was: Any, now: Any, where: Where) -> Found:
    """Series: name, index, values."""
    if was.name is not now.name:
        yield Pair(was.name, now.name, (where, ".name"))
    yield from index(was.index, now.index, (where, ".index"))
    if len(was) != len(now):
        yield Difference(where, f"{len(was):,} rows", f"{len(now):,} rows")
        return
    found, inside = _values(was, now, where)
    yield from inside
    if found is not None:
        yield found
    yield from _besides(was, now, where)


def index(was: Any, now: Any, where: Where) -> Found:
    """Indexes: names, dtype, labels."""
    if was is now:
        return
    if list(was.names) != list(now.names):
        yield Pair(list(was.names), list(now.names), (where, ".names"))
    if was.nlevels > 1:
        if type(was) is not type(now) or not was.equals(now):
            yield from _labels(was, now, where)
        return
    if type(was) is not type(now):
        yield Difference(where, type(was).__name__, type(now).__name__)
    elif len(was) != len(now):
        yield Difference(where, f"{len(was):,} labels", f"{len(now):,} labels")
    else:
        found, inside = _values(was, now, where)
        yield from inside
        if found is not None:
            yield found


def _labels(was: Any, now: Any, where: Where) -> Found:
    if len(was) != len(now):
        yield Difference(where, f"{len(was):,} labels", f"{len(now):,} labels")
    for number, (one, other) in enumerate(zip(was, now, strict=False)):
        yield Pair(one, other, (where, f"[{number}]"))


def _columns(was: Any, now: Any, where: Where) -> Difference:
    mine, theirs = list(was.columns), list(now.columns)
    for name in mine:
        if name not in theirs:
            return Difference((where, f"[{key_words(name)}]"), "a column", GONE)
    for name in theirs:
        if name not in mine:
            return Difference((where, f"[{key_words(name)}]"), GONE, "a column")
    return Difference((where, ".columns"), words(mine), "the same in another order")


def _besides(was: Any, now: Any, where: Where) -> Found:
    """What frames carry besides values: attrs, flags, what subclasses declare as metadata."""
    yield Pair(was.attrs, now.attrs, (where, ".attrs"))
    yield Pair(
        was.flags.allows_duplicate_labels,
        now.flags.allows_duplicate_labels,
        (where, ".flags.allows_duplicate_labels"),
    )
    for name in getattr(type(was), "_metadata", ()):
        if name not in ("name", "_name") and isinstance(name, str):
            yield Pair(getattr(was, name, None), getattr(now, name, None), (where, f".{name}"))


def _values(was: Any, now: Any, where: Where) -> tuple[Difference | None, list[Pair]]:
    """Compare the values of two columns, or indexes, of one length; also return pairs of objects in them."""
    if str(was.dtype) != str(now.dtype):
        return Difference((where, ".dtype"), str(was.dtype), str(now.dtype)), []
    numpy = sys.modules["numpy"]
    if was.dtype == object:
        return _objects(was, now, where)
    if isinstance(was.dtype, numpy.dtype):
        first = differing(was.to_numpy(), now.to_numpy())[1]
    elif hasattr(was.dtype, "categories") and hasattr(was.dtype, "ordered"):
        one, other = was.array if hasattr(was, "iloc") else was, now.array if hasattr(now, "iloc") else now
        if list(one.categories) != list(other.categories):
            return None, [Pair(list(one.categories), list(other.categories), (where, ".cat.categories"))]
        if one.ordered != other.ordered:
            return Difference((where, ".cat.ordered"), str(one.ordered), str(other.ordered)), []
        first = differing(numpy.asarray(one.codes), numpy.asarray(other.codes))[1]
    elif was.dtype != now.dtype:
        return Difference((where, ".dtype"), repr(was.dtype), repr(now.dtype)), []
    else:
        first = -1 if was.equals(now) else _first_element(was, now)
    if first < 0:
        return None, []
    return Difference((where, _label(was, first)), words(_at(was, first)), words(_at(now, first))), []


def _objects(was: Any, now: Any, where: Where) -> tuple[Difference | None, list[Pair]]:
    pairs: list[Pair] = []
    for number, (one, other) in enumerate(zip(was.to_numpy(), now.to_numpy(), strict=True)):
        if one is other:
            continue
        if type(one) is type(other) and type(one) in SCALARS:
            if not same_scalar(one, other):
                return Difference((where, _label(was, number)), words(one), words(other)), pairs
        else:
            pairs.append(Pair(one, other, (where, _label(was, number))))
    return None, pairs


def _first_element(was: Any, now: Any) -> int:
    """Return the place of the first element that differs, of arrays that are no arrays of numpy; -1 if none does."""
    missing = sys.modules["pandas"].isna
    for number, (one, other) in enumerate(zip(*(side.to_numpy(dtype=object) for side in (was, now)), strict=True)):
        if one is other or (missing(one) is True and missing(other) is True):
            continue
        if type(one) is not type(other) or one != other:
            return number
    return -1


def _at(values: Any, number: int) -> Any:
    return values.iloc[number] if hasattr(values, "iloc") else values[number]


def _label(values: Any, number: int) -> str:
    return (
        f"[{key_words(values.index[number])}]"
        if hasattr(values, "index") and hasattr(values, "iloc")
        else f"[{number}]"
    )
