"""Definitions, and what modules hold -> a picture of what they remember, to be compared with a later one.

Only plain values are looked at, and objects of the code that is asked about: what else they hold is not theirs.
"""

from __future__ import annotations

import functools
import itertools
import random
import re
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.caches import is_computed_once
from soorgeon_clone.pipeline.assumptions.differences.objects import closed_over, held_by
from soorgeon_clone.pipeline.assumptions.differences.words import SCALARS, key_words, words
from soorgeon_clone.pipeline.assumptions.dumping import digest_of

_MOST = 20_000  # parts of one picture
_SCALAR_NAMES = frozenset(one.__name__ for one in SCALARS)
_COUNTERS = (itertools.count, itertools.cycle)

_AGAIN, _GONE, _NONE = "again", "gone", ("NoneType", None)


class Picture(dict[str, object]):
    """The way to each part (``mylib._seen[0]``) -> something that is equal as long as the part is as it was.

    An object that is met again is described where it was met first: ``ids`` tells which one it is, by its way, and
    ``homes`` where that was.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ids: dict[str, int] = {}
        self.homes: dict[int, str] = {}

    def join(self, other: Picture) -> None:
        """Add another one."""
        self.update(other)
        self.ids.update(other.ids)
        self.homes.update(other.homes)

    def at(self, way: str) -> object:
        """Return what stands for a part, wherever it is described; `_GONE` where there is none."""
        found = self.get(way, _GONE)
        if found != _AGAIN and found != _GONE:
            return found
        for end in (len(way), *reversed([place for place, letter in enumerate(way) if letter in ".[ "])):
            if self.get(way[:end]) == _AGAIN:
                return self.get(self.homes[self.ids[way[:end]]] + way[end:], _GONE)
        return _GONE


def picture_of(name: str, value: Any, owns: Callable[[str], bool]) -> Picture:
    """Return a picture of a value that is called ``name``. ``owns`` says of a module whether its objects count."""
    found = Picture()
    waiting: list[tuple[str, Any, int]] = [(name, value, 0)]
    met: dict[int, Any] = {}
    while waiting and len(found) < _MOST:
        way, one, depth = waiting.pop()
        kind = type(one)
        if kind in SCALARS:
            found[way] = (kind.__name__, repr(one) if kind is float else one)
            continue
        found.ids[way] = id(one)
        if id(one) in met:
            found[way] = _AGAIN
            continue
        met[id(one)] = one
        found.homes[id(one)] = way
        found[way], inner = _part(way, one, kind, owns, top=depth == 0)
        waiting.extend((step, each, depth + 1) for step, each in inner)
    return found


def changed_in(before: Picture, after: Picture, may: Callable[[str], bool] = lambda way: False) -> str | None:
    """Return what differs in a later picture, in words; None if nothing does. What is new and private is no change.

    ``may`` says of the way to something that was not there, or was None, whether it may be there.
    """
    for way, was in before.items():
        now = after.at(way)
        if was == _AGAIN:
            is_same = before.ids[way] == after.ids.get(way) or before.at(way) == now
        else:
            is_same = was == now
        if not is_same and "cache" not in way.lower() and not (was == _NONE and now != _GONE and may(way)):
            return f"{way}: {_words(was)} -> {_words(now)}"
    for way, now in after.items() if len(before) < _MOST else ():
        loaded = isinstance(now, tuple) and now[0] in ("a function", "a class")  # when it was first asked for
        if loaded or now == _AGAIN or before.at(way) != _GONE or "cache" in way.lower():
            continue
        if not _is_private(way) and not may(way):
            return f"{way}: (nothing) -> {_words(now)}"
    return None


def _part(
    way: str, one: Any, kind: type, owns: Callable[[str], bool], *, top: bool
) -> tuple[object, list[tuple[str, Any]]]:
    """Return what stands for a value itself, and the parts of it that count."""
    if isinstance(one, types.FunctionType):
        own = top or owns(one.__module__ or "")
        return ("a function" if own else "a function of others", id(one)), list(_remembered_by(way, one)) if own else []
    if isinstance(one, types.MethodType):
        return ("a method", getattr(one.__func__, "__qualname__", "")), [(f"{way}.__self__", one.__self__)]
    if isinstance(one, functools.partial):
        return "a partial", [(f"{way}.func", one.func), (f"{way}.args", one.args), (f"{way}.keywords", one.keywords)]
    if isinstance(one, type):
        own = top or owns(one.__module__)
        return ("a class" if own else "a class of others", id(one)), list(_attributes_of(way, one, owns)) if own else []
    if isinstance(one, types.ModuleType):
        return "a module", []
    if isinstance(one, (list, tuple, deque)):
        return (kind.__name__, len(one)), [(f"{way}[{number}]", each) for number, each in enumerate(one)]
    if isinstance(one, dict):
        return (kind.__name__,), list(_entries_of(way, one))
    if isinstance(one, (set, frozenset)):
        return (kind.__name__, len(one), frozenset(each for each in one if type(each) in SCALARS)), []
    if isinstance(one, _COUNTERS):
        return (kind.__name__, repr(one)), []
    if isinstance(one, random.Random):
        return ("a generator", one.getstate()), []
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(one, numpy.ndarray):
        return ("an array", str(one.dtype), one.shape, digest_of(one)), []
    if numpy is not None and isinstance(one, (numpy.random.Generator, numpy.random.RandomState)):
        bits = one.bit_generator if isinstance(one, numpy.random.Generator) else one._bit_generator
        return ("a generator", repr(bits.state)), []
    if isinstance(one, bytearray):
        return (kind.__name__, bytes(one)), []
    if kind.__module__.partition(".")[0] == "pandas":
        return (f"an object of type {kind.__qualname__}", digest_of(one)), []
    if owns(kind.__module__ or ""):
        return f"an object of type {kind.__qualname__}", [
            (f"{way}.{key}", each) for key, each in held_by(one).items() if not is_computed_once(kind, key)
        ]
    return (f"an object of type {kind.__qualname__}", id(one)), []


def _entries_of(way: str, one: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """Yield a way to each entry: two keys may have the same words."""
    seen: dict[str, int] = {}
    for key, value in dict.items(one):
        step = f"{way}[{key_words(key)}]"
        number = seen[step] = seen.get(step, 0) + 1
        yield (step if number == 1 else f"{step}#{number}"), value


def _remembered_by(way: str, function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    yield f"{way}.__defaults__", function.__defaults__
    yield f"{way}.__kwdefaults__", function.__kwdefaults__
    yield from ((f"{way} ({name})", value) for name, value in closed_over(function).items())
    yield from ((f"{way}.{name}", value) for name, value in vars(function).items() if name != "__wrapped__")


def _attributes_of(way: str, kind: type, owns: Callable[[str], bool]) -> Iterator[tuple[str, Any]]:
    attributes: Mapping[str, Any] = vars(kind)
    for name, value in attributes.items():
        if name.startswith("__") and name.endswith("__") and name not in ("__init__", "__call__"):
            continue
        if isinstance(value, (staticmethod, classmethod)):
            value = value.__func__
        yield f"{way}.{name}", value


def _is_private(way: str) -> bool:
    """Tell whether what is new is a private attribute."""
    return re.search(r"\._\w*$", way) is not None


def _words(part: object) -> str:
    if not isinstance(part, tuple):
        return str(part)
    kind, *rest = part
    if len(rest) == 1 and kind in _SCALAR_NAMES:
        return str(rest[0]) if kind == "float" else words(rest[0])
    if rest and isinstance(rest[0], int) and str(kind) in ("list", "tuple", "dict", "set", "frozenset", "deque"):
        return f"a {kind} of {rest[0]:,}"
    return str(kind)
