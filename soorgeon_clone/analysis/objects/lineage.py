"""A class of the notebook -> the classes in which its members are looked up, in Python's order (C3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from soorgeon_clone.analysis.limits import TooMany
from soorgeon_clone.analysis.objects.heap import EMPTY, Heap, Obj, Value
from soorgeon_clone.analysis.objects.keys import BASE, BASES
from soorgeon_clone.analysis.objects.types import CLASS

# A class that derives from more is not understood, and from more than these in several ways, not merged.
_MOST_CLASSES = 300
_MOST_MERGED = 100

Order = tuple[frozenset[Obj], ...]
"""Classes, nearest first; several at one place where it is not known which of them stands there."""


# How often a class of the process that others derive from got a base: orders that were found before the last time are
# found again.
_bases_added = 0


def add_base(heap: Heap, cls: Obj, value: Value) -> None:
    """Let ``cls`` have ``value`` as its next base. A class body that is walked again gives the same bases again."""
    add_bases(heap, cls, value)
    if not any(held == value for held in _bases(cls)):
        _hold(heap, cls, f"{BASE}{len(_bases(cls)):03}", value)


def add_bases(heap: Heap, cls: Obj, value: Value) -> None:
    """Let ``cls`` have ``value`` among its bases; in which place is not known."""
    _hold(heap, cls, BASES, value)


def _hold(heap: Heap, cls: Obj, key: str, value: Value) -> None:
    global _bases_added
    if not value <= cls.fields.get(key, EMPTY):
        _bases_added += cls.is_base
        cls.order = None
        heap.hold(cls, key, value)


def order_of(cls: Obj) -> Order:
    """Return the classes of the notebook that a class looks up its members in, itself first.

    Raises TooMany where a class derives from more than are looked at.
    """
    if cls.order is None or cls.order[0] != _bases_added:
        cls.order = (_bases_added, _found_order(cls))
    order: Order = cls.order[1]
    return order


def _found_order(cls: Obj) -> Order:
    groups = (frozenset({cls}), *_by_distance(_bases_among_classes(cls), frozenset({cls})))
    for obj in frozenset().union(*groups[1:]):
        obj.is_base = True
    count = sum(map(len, groups))
    if count > _MOST_CLASSES:
        raise TooMany(f"a class derives from more than {_MOST_CLASSES} classes of the notebook")
    if count == len(groups) or count > _MOST_MERGED:
        return groups
    try:
        return _order(cls, {})
    except _Ring:
        return groups


def lineage(classes: Iterable[Obj]) -> Iterator[Obj]:
    """Yield classes of the notebook with all their bases, nearest first, each once."""
    seen: set[Obj] = set()
    for cls in classes:
        for group in order_of(cls) if cls.type == CLASS else ():
            for obj in group:
                if obj not in seen:
                    seen.add(obj)
                    yield obj


def member(classes: Iterable[Obj], name: str) -> Value:
    """Return what an attribute of any of ``classes`` may be."""
    found = EMPTY
    for cls in classes:
        for group in order_of(cls) if cls.type == CLASS else ():
            held = [obj.fields.get(name, EMPTY) for obj in group]
            found = found.union(*held)
            if all(held):
                break
    return found


def after(cls: Obj, owner: Obj) -> Order:
    """Return what ``super()`` in a method of ``owner`` looks through for an instance of ``cls``."""
    order = order_of(cls)
    place = next((index for index, group in enumerate(order) if owner in group), None)
    if place is None:
        return order_of(owner)[1:]
    rest = order[place + 1 :]
    others = order[place] - {owner}
    return (others, *rest) if others else rest


def _bases(cls: Obj) -> list[Value]:
    return [value for key, value in cls.fields.items() if key.startswith(BASE)]


def _bases_among_classes(cls: Obj) -> list[Value]:
    """Return the bases that are classes of the notebook; last, those whose place is not known."""
    bases = [frozenset(o for o in value if o.type == CLASS and o is not cls) for value in _bases(cls)]
    rest = cls.bases
    loose = frozenset(o for o in rest if o.type == CLASS and o is not cls) - frozenset().union(*bases)
    return [value for value in (*bases, loose) if value]


class _Ring(Exception):
    """A class derives from itself: it is one of a loop, in which several classes are one to us."""


def _order(cls: Obj, known: dict[Obj, Order | None]) -> Order:
    """Return the order of a class; ``known`` holds those that were found, and None for those that are looked for."""
    if cls in known:
        if (order := known[cls]) is None:
            raise _Ring
        return order
    known[cls] = None
    own = frozenset({cls})
    bases = _bases_among_classes(cls)
    merged = None
    if all(len(value) == 1 for value in bases):
        orders = [[next(iter(group)) for group in _order(next(iter(value)), known)] for value in bases]
        merged = _merged([*orders, [next(iter(value)) for value in bases]])
    rest = _by_distance(bases, own) if merged is None else (frozenset({obj}) for obj in merged)
    known[cls] = (own, *rest)
    return known[cls] or ()


def _merged(orders: Sequence[list[Obj]]) -> list[Obj] | None:
    """Merge orders so that each is kept; None where that cannot be, or where a class stands among many."""
    left = [list(order) for order in orders if order]
    result: list[Obj] = []
    while left:
        head = next((o[0] for o in left if not any(o[0] in other[1:] for other in left)), None)
        if head is None:
            return None
        result.append(head)
        left = [rest for order in left if (rest := [obj for obj in order if obj is not head])]
    return result


def _by_distance(bases: list[frozenset[Obj]], around: frozenset[Obj]) -> Iterator[frozenset[Obj]]:
    """Yield what is known if the order is not: those that are as many steps away stand at one place."""
    seen = set(around)
    group = frozenset().union(*bases) - seen
    while group:
        yield group
        seen.update(group)
        further = frozenset(o for obj in group for o in obj.bases if o.type == CLASS)
        group = further - seen
