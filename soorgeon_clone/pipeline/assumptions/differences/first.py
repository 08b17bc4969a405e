"""Two values, one of them loaded afresh -> the first difference between them.

Nothing recurses, so neither depth nor circles matter, and no comparison that a class defines is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences import arrays, drawings, frames, objects, plain
from soorgeon_clone.pipeline.assumptions.differences.model import Difference, Found, Pair, Where
from soorgeon_clone.pipeline.assumptions.differences.words import SCALARS, words

Handler = Callable[[Any, Any, Where], Found]
_HANDLERS: dict[type, Handler] = {**plain.HANDLERS, **objects.HANDLERS}
_CONTAINERS = (list, tuple, dict, set, frozenset)
# Module and class, whose subclasses are meant as well -> how they are compared. They are not imported for it.
_OF_LIBRARIES: tuple[tuple[str, str, Handler], ...] = (
    ("numpy", "ndarray", arrays.array),
    ("pandas", "DataFrame", frames.frame),
    ("pandas", "Series", frames.series),
    ("pandas", "Index", frames.index),
    ("scipy.sparse", "sparray", arrays.sparse),
    ("scipy.sparse", "spmatrix", arrays.sparse),
    ("torch", "Tensor", arrays.tensor),
    ("matplotlib.artist", "Artist", drawings.drawing),
    ("plotnine", "ggplot", drawings.plot),
)


def first_difference(was: Any, now: Any, again: Callable[[], Any] | None = None) -> Difference | None:
    """Return where a value differs from what it was, None if it does not.

    ``again`` gives one more copy of what it was: where two copies differ, the value is no value, and nothing is said.
    """
    unstable: set[Where] | None = None
    for found in differences(was, now):
        if again is None:
            return found
        if unstable is None:
            unstable = {one.where for one in differences(was, again())}
        if found.where not in unstable:
            return found
    return None


def differences(was: Any, now: Any) -> Iterator[Difference]:
    """Yield the differences, those of what comes first in a value first."""
    waiting: list[Pair] = [Pair(was, now, ())]
    met: set[tuple[int, int]] = set()
    kept: list[Pair] = []  # what was made only to be compared must live as long as `met` knows it by its address
    while waiting:
        pair = waiting.pop()
        if pair.was is pair.now:
            continue
        if type(pair.was) not in SCALARS:
            key = (id(pair.was), id(pair.now))
            if key in met:
                continue
            met.add(key)
            kept.append(pair)
        inner = []
        for found in _compared(pair):
            if isinstance(found, Difference):
                yield found
            else:
                inner.append(found)
        waiting.extend(reversed(inner))


def _compared(pair: Pair) -> Found:
    was, now, where = pair.was, pair.now, pair.where
    kind = type(was)
    if kind is not type(now) and not _is_one_class(kind, type(now)):
        yield Difference(where, words(was), words(now))
        return
    handler = _HANDLERS.get(kind)
    if handler is not None:
        yield from handler(was, now, where)
        return
    if isinstance(was, type):
        yield from objects.definition(was, now, where)
        return
    for module, name, of_library in _OF_LIBRARIES:
        loaded = sys.modules.get(module)
        known = getattr(loaded, name, None) if loaded is not None else None
        if isinstance(known, type) and issubclass(kind, known):
            yield from of_library(was, now, where)
            return
    for container in _CONTAINERS:
        if issubclass(kind, container):
            yield from _HANDLERS[container](was, now, where)
            yield from objects.attributes(kind, objects.held_by(was), objects.held_by(now), where)
            return
    yield from objects.generic(was, now, where)


def _is_one_class(one: type, other: type) -> bool:
    """Tell whether two classes are one that was pickled with its code, and made again."""
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)
