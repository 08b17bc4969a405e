"""Two saved values share nothing that can change: no object is reached from both, and no memory of arrays overlaps."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.words import words
from soorgeon_clone.pipeline.assumptions.guards.guard import Found, Guard, Subject
from soorgeon_clone.pipeline.assumptions.model import IN_MEMORY
from soorgeon_clone.pipeline.assumptions.walk import Reached, Walker, memory_of
from soorgeon_clone.pipeline.saving.memory import copies_on_write, one_memory, overlap, span


class Apart:
    """The guard of two variables or more."""

    def __init__(self, subject: Subject) -> None:
        self._names = subject.names
        self._in_memory = subject.assumptions[0].where == IN_MEMORY

    def begin(self, namespace: Mapping[str, Any]) -> None:
        """What counts is what is saved in the end."""

    def end(self, namespace: Mapping[str, Any]) -> Found | None:
        """Walk over what was saved."""
        walker = Walker()
        values = {name: namespace[name] for name in self._names if name in namespace}
        if self._in_memory:
            return _views_within(walker, values)
        reached = {name: walker.reach(value) for name, value in values.items()}
        for one, other in itertools.combinations(values, 2):
            text = _shared(walker, (one, values[one], reached[one]), (other, values[other], reached[other]))
            if text:
                return Found((one, other), text)
        return None


def _shared(walker: Walker, one: tuple[str, Any, Reached], other: tuple[str, Any, Reached]) -> str | None:
    (name, value, mine), (also, second, theirs) = one, other
    for address in mine.objects & theirs.objects:
        thing = _at(address, walker, value)
        if thing is not None and _can_change(thing):
            ways = [f"{each}{walker.way_to(held, address)}" for each, held in ((name, value), (also, second))]
            return f"{ways[0]} and {ways[1]} are one object, {words(thing)}"
    if _tensors_share(mine, theirs) or _tensors_share(theirs, mine):
        return f"{name} and {also} hold tensors that share memory"
    if (pair := _overlapping(mine, theirs)) is not None:
        ways = [f"{each}{walker.way_to(held, id(part))}" for each, held, part in
                ((name, value, pair[0]), (also, second, pair[1]))]  # fmt: skip
        return _shares_memory(*ways)
    return None


def _shares_memory(one: str, other: str) -> str:
    return f"{one} and {other} share memory: one is a view of the other, or both are of one array"


def _views_within(walker: Walker, values: Mapping[str, Any]) -> Found | None:
    """Return two arrays that are not one object and show the same memory."""
    found = walker.reach(tuple(values.values()))
    if _tensors_share(found, found):
        return Found(tuple(values), f"{' and '.join(values)} hold tensors that share memory")
    if (pair := _overlapping(found, found)) is None:
        return None
    whole = [(name, value, walker.reach(value)) for name, value in values.items()]
    ways = []
    for part in pair:
        name, value = next((name, value) for name, value, its in whole if any(part is one for one in its.arrays))
        ways.append((name, f"{name}{walker.way_to(value, id(part))}"))
    return Found(tuple(dict.fromkeys(name for name, _ in ways)), _shares_memory(*(way for _, way in ways)))


def _tensors_share(mine: Reached, theirs: Reached) -> bool:
    """Whether a tensor shows memory that another tensor, or an array, shows. Of one value: that is another object."""
    spans = [(*memory_of(tensor), tensor) for tensor in mine.tensors]
    others = [(*memory_of(tensor), tensor) for tensor in theirs.tensors]
    others += [(*span(array), array) for array in theirs.arrays] if spans else []
    return any(
        low < end and start < high and not (mine is theirs and one is other)
        for low, high, one in spans
        for start, end, other in others
    )


def _at(address: int, walker: Walker, value: Any) -> Any:
    """Return the object at an address that was reached from a value and is still alive, since the value is."""
    waiting, seen = [value], set()
    while waiting:
        one = waiting.pop()
        if id(one) == address:
            return one
        if id(one) not in seen and not isinstance(one, walker.leaves):
            seen.add(id(one))
            waiting.extend(walker.held(one))
    return None


def _can_change(thing: Any) -> bool:
    """Tell whether an object has a value of its own: none has what pickle finds by its name, or what has no content."""
    if type(thing) is object:
        return False
    try:
        return not isinstance(thing.__reduce_ex__(5), str)
    except Exception:
        return bool(gc.get_referents(thing))


def _overlapping(mine: Reached, theirs: Reached) -> tuple[Any, Any] | None:
    """Return two arrays that share memory in which something can be written; in one file, if that does not keep it."""
    if not mine.arrays or not theirs.arrays:
        return None
    copies = copies_on_write()
    spans = sorted(
        ((*span(array), side, array) for side, found in enumerate((mine, theirs)) for array in found.arrays),
        key=lambda span: span[:3],
    )
    open_spans: list[tuple[int, int, int, Any]] = []
    for place in spans:
        open_spans = [other for other in open_spans if other[1] > place[0]]
        for other in open_spans:
            if other[2] != place[2] and not (mine is theirs and other[3] is place[3]):
                pair = (other[3], place[3]) if other[2] == 0 else (place[3], other[3])
                framed = (id(pair[0]) in mine.framed) + (id(pair[1]) in theirs.framed)
                if (framed == 2) if copies and framed else (mine is theirs and one_memory(*pair)):
                    continue
                if _can_be_written(*pair) and overlap(*pair):
                    return pair
        if place[1] > place[0]:
            open_spans.append(place)
    return None


def _can_be_written(one: Any, other: Any) -> bool:
    """Tell whether the memory of either can be written, through it or through an array that it is a view of."""
    return any(array.flags.writeable for side in (one, other) for array in _bases(side))


def _bases(array: Any) -> Iterator[Any]:
    while hasattr(array, "flags"):
        yield array
        array = array.base


def guard(subject: Subject) -> Guard:
    """Return the guard of two variables or more."""
    return Apart(subject)
