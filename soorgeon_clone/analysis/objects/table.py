"""The type of an object -> the kind that answers for it: the files in `kinds/` say for which types they do."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from soorgeon_clone.analysis.objects import kinds
from soorgeon_clone.analysis.objects.kind import Kind
from soorgeon_clone.analysis.objects.kinds.library_object import LibraryObject

_ANY, _NOBODY_KNOWS = LibraryObject(), Kind()


@cache
def _known() -> tuple[Kind, ...]:
    for module in iter_modules(kinds.__path__):
        import_module(f"{kinds.__name__}.{module.name}")
    return tuple(kind() for kind in _all_below(Kind)[1:])


def _all_below(kind: type[Kind]) -> list[type[Kind]]:
    return [kind, *(each for below in kind.__subclasses__() for each in _all_below(below))]


@cache
def kind_of(type_: str) -> Kind:
    """Return the kind that answers for objects of a type."""
    for kind in _known():
        own = vars(type(kind))
        if type_ in own.get("types", ()) or (
            "prefix" in own and type_ not in _named() and type_.startswith(kind.prefix)
        ):
            return kind
    return _ANY if "." in type_ else _NOBODY_KNOWS


@cache
def _named() -> frozenset[str]:
    return frozenset().union(*(kind.types for kind in _known()))
