"""What objects hold, as far as nobody has to be asked for it: their contents, cells, what is in containers."""

from __future__ import annotations

import posixpath
import sys

from soorgeon_clone.analysis.objects.heap import EMPTY, Obj, Value, spread
from soorgeon_clone.analysis.objects.keys import (
    AMENDED,
    ANY,
    FACTORY,
    FILE,
    KEYS,
    LABELS,
    LOST,
    NAMED,
    OF_CLASS,
    RETURNED,
    SOURCE,
)
from soorgeon_clone.analysis.objects.types import CELL_OF_TABLE, CONTAINERS, FRAMES, MAPPINGS, NUMBERS, TABLES

_CHANGEABLE = MAPPINGS | {"builtins.list", "builtins.set", "collections.deque"}

# what an object holds although iterating over it does not give it; a lazy iterator holds what it takes from
_NO_ELEMENTS = frozenset({KEYS, OF_CLASS, SOURCE, FACTORY, RETURNED, LOST, NAMED, AMENDED, LABELS, FILE})


def contents(value: Value) -> Value:
    """Return everything that the objects hold directly, keys of mappings left out."""
    parts = [held for obj in value for name, held in obj.fields.items() if name not in _NO_ELEMENTS]
    return parts[0] if len(parts) == 1 else EMPTY.union(*parts) if parts else EMPTY


def is_of_library(obj: Obj) -> bool:
    """Whether it is an object of a library that can change, and neither an array, a table nor a container."""
    is_other = obj.type in CONTAINERS or obj.type.startswith((*NUMBERS, "builtins."))
    return "." in obj.type and not is_other and not obj.immutable


def may_keep_arrays(obj: Obj) -> bool:
    """Whether it is one of a library that is none of Python's own: it may have arrays that nobody gave it."""
    return is_of_library(obj) and obj.type.partition(".")[0] not in sys.stdlib_module_names


def with_dictionary(obj: Obj) -> Value:
    """Return an object and, if somebody asked for it, the dictionary that holds its attributes."""
    return frozenset({obj, *(view for view in obj.views if view.is_attributes)})


def known_items(value: Value) -> tuple[tuple[str, Value], ...] | None:
    """Return the items of a dictionary whose keys are certain, texts all of them; None for anything else."""
    if len(value) != 1:
        return None
    (obj,) = value
    if obj.keys is None or ANY in obj.fields or KEYS in obj.fields:
        return None
    return tuple((key, obj.fields.get(f"[{key!r}]", EMPTY)) for key in obj.keys)


def is_mutable_container(obj: Obj) -> bool:
    """Whether an object is a list, a dictionary or the like, which whoever has it may change."""
    return obj.type in _CHANGEABLE and not obj.immutable


def inmost(value: Value) -> Value:
    """Return the objects, and in place of containers what is in them, however deep."""
    if not any(obj.type in CONTAINERS for obj in value):
        return value
    found = spread(value, lambda obj: contents(frozenset({obj})) if obj.type in CONTAINERS else EMPTY)
    return frozenset(obj for obj in found if obj.type not in CONTAINERS)


def with_elements(value: Value) -> Value:
    """Return objects, and of containers all that they hold, in containers in them as well."""
    if not any(obj.type in CONTAINERS for obj in value):
        return value
    return frozenset(spread(value, lambda obj: EMPTY.union(*obj.fields.values()) if obj.type in CONTAINERS else EMPTY))


def cells(value: Value) -> Value:
    """Return what is inside of objects; what shows tables (``df.loc``, groups, rows) gives what their cells hold."""
    found = contents(value)
    for obj in found:
        if obj.type.startswith(TABLES):
            break
    else:
        return found
    result: set[Obj] = set()
    stack, seen = list(value), set(value)
    while stack:
        obj = stack.pop()
        shows = obj.type.startswith(TABLES) and obj.type not in FRAMES
        for held in contents(frozenset({obj})):
            if not (shows and held.type.startswith(TABLES)) or held.type == CELL_OF_TABLE:
                result.add(held)
            elif held not in seen:
                seen.add(held)
                stack.append(held)
    return frozenset(result)


def mutable(value: Value) -> Value:
    return frozenset(obj for obj in value if not obj.immutable)


def path_text(obj: Obj) -> str | None:
    """Return the path that a constant text or path stands for."""
    if isinstance(obj.const, str) and obj.type in ("builtins.str", "pathlib.Path"):
        return posixpath.normpath(obj.const) if obj.const else ""
    return None
