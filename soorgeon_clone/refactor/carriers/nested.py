"""Values -> whether they may hold one another deeper than pickle follows: linked lists, trees, lists in lists."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.analysis.objects.heap import Obj, Value
from soorgeon_clone.analysis.objects.types import CONTAINERS, INSTANCE, METHOD

_NESTING = CONTAINERS | {INSTANCE, METHOD, "builtins.Exception"}


def may_be_deep(value: Value) -> bool:
    """Whether something in ``value`` may hold what was made where it was made itself: one after the other, any number.

    What libraries make is as deep as they know how to save.
    """
    state: dict[Obj, bool] = {}  # seen -> whether it is on the way to what is looked at
    for start in value:
        if start in state or start.type not in _NESTING:
            continue
        state[start] = True
        stack = [(start, _nested(start))]
        while stack:
            obj, inside = stack[-1]
            part = next(inside, None)
            if part is None:
                state[obj] = False
                stack.pop()
            elif part not in state:
                state[part] = True
                stack.append((part, _nested(part)))
            elif state[part]:
                return True
    return False


def _nested(obj: Obj) -> Iterator[Obj]:
    """Yield what is pickled within an object and may go on like that."""
    for value in obj.fields.values():
        yield from (part for part in value if part.type in _NESTING and not part.is_attributes)
