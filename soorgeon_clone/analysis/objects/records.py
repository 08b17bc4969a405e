"""Classes whose instances keep what they are given, under the names of fields: dataclasses and named tuples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from soorgeon_clone.analysis.objects.heap import EMPTY, Heap, Obj, Value
from soorgeon_clone.analysis.objects.keys import ANY, FIELD
from soorgeon_clone.analysis.objects.lineage import lineage, member
from soorgeon_clone.analysis.objects.parts import mutable
from soorgeon_clone.analysis.objects.types import CLASS

NAMED_TUPLE = "typing.NamedTuple"


def say_fields(cls: Obj, names: Iterable[str]) -> None:
    """Note which fields an instance of ``cls`` is given by position; none: nobody knows."""
    said = tuple(names)
    cls.positions = said if cls.positions in (None, said) else ()


def say_default(heap: Heap, cls: Obj, name: str, value: Value) -> None:
    """Note what an instance of ``cls`` that is not given a field gets: one object for all of them."""
    heap.hold(cls, f"{FIELD}{name}", mutable(value))


def defaults(cls: Obj) -> Iterator[tuple[str, Value]]:
    """Yield each field that has a mutable default, and that."""
    for part in lineage((cls,)):
        for key, value in part.fields.items():
            if key.startswith(FIELD) and value:
                yield key.removeprefix(FIELD), value


def fields(cls: Obj) -> tuple[str, ...]:
    """Return the fields that an instance is given by position; none where they or their order are not known."""
    of_parts = [part.positions for part in lineage((cls,)) if part.positions is not None]
    return of_parts[0] if len(of_parts) == 1 and not member((cls,), "__new__") else ()


def is_named_tuple(cls: Obj) -> bool:
    return any(base.path == NAMED_TUPLE for base in cls.bases)


def has_field(obj: Obj, name: str) -> bool:
    """Return whether an instance has an attribute because it is a field of its class."""
    return bool(obj.classes) and all(cls.type == CLASS and name in fields(cls) for cls in obj.classes)


def field_at(obj: Obj, place: int) -> Value | None:
    """Return what an instance of a named tuple has at a position; None where that is not known."""
    found = obj.fields.get(ANY, EMPTY)
    for cls in obj.classes:
        names = fields(cls)
        if not -len(names) <= place < len(names) or member((cls,), "__iter__") or member((cls,), "__getitem__"):
            return None
        found |= obj.fields.get(names[place], EMPTY)
    return found or None
