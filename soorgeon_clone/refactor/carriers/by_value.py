"""Functions and modules that are pickled with their code, by cloudpickle, since no name leads to them elsewhere."""

from __future__ import annotations

from collections.abc import Container, Iterator

from soorgeon_clone.analysis.objects.heap import Obj, Value, holds
from soorgeon_clone.analysis.objects.keys import FREE
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, INSTANCE, LIB
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.carriers.ledger import Pickled


def function_by_value(borders: Borders, value: Value, exported: Container[str]) -> Pickled | None:
    """Return what it takes to pickle functions and modules by value, with defaults and attributes as they are.

    None if that would lose something: a class is not itself any more, a function's globals are not the notebook's.
    """
    refers: set[str] = set()
    seen: set[Obj] = set()
    stack = list(value)
    while stack:
        obj = stack.pop()
        if obj.type == LIB and not obj.path.startswith("sys."):
            continue
        if obj.type != FUNCTION or obj.module or obj.code.globals or obj.code.decorators:
            return None
        if obj.code.has_class:
            return None  # cloudpickle does not see what the body of a class in a function reads
        if any(part.type == "builtins.cell" and is_shared(part) for part in holds(obj)):
            return None
        free = outside_names(borders, obj) - {obj.name}
        if obj.name in outside_names(borders, obj) or not all(borders.is_import(n) or n in exported for n in free):
            return None
        refers |= free
        seen.add(obj)
        stack += _code_inside(borders, obj) - seen
    return Pickled("cloudpickle", frozenset(refers))


def _code_inside(borders: Borders, function: Obj) -> Value:
    """Return the functions, classes and instances of the notebook that a function holds (defaults, a closure's)."""
    if function not in borders.code_in:
        borders.code_in[function] = frozenset(_held_code(function))
    return borders.code_in[function]


def _held_code(function: Obj) -> Iterator[Obj]:
    seen = {function}
    stack = [function]
    while stack:
        for part in holds(stack.pop()):
            if part in seen:
                continue
            seen.add(part)
            if part.type in (FUNCTION, CLASS, INSTANCE):
                yield part
            elif not part.immutable:
                stack.append(part)


def is_shared(cell: Obj) -> bool:
    """Whether a variable of a function is seen by several functions made in it, and changes."""
    return bool(cell.changed) and len(cell.shares.all_values.get("@made", ())) > 1


def outside_names(borders: Borders, obj: Obj) -> set[str]:
    """Return the variables of the notebook that a function reads."""
    names = set(obj.code.free)
    scope = obj.scope
    while scope is not None and scope.kind != "module":
        if scope.code is not None:
            names -= scope.code.locals
        scope = scope.parent
    names -= {key.removeprefix(FREE) for key in obj.fields if key.startswith(FREE)}
    return {name for name in names if name in borders.binders}
