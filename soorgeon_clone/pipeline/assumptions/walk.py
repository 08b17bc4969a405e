"""A value -> all that can change and is reached from it, and the memory of its arrays."""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import gc
import logging
import pathlib
import re
import sys
import threading
import types
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.words import SCALARS, key_words

# What nothing in can change, or what pickle refers to by its name: both values have it anyway.
_LEAVES: tuple[type, ...] = (
    *(type, types.ModuleType, types.CodeType, types.FrameType, range, slice),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, decimal.Decimal),
    *(enum.Enum, pathlib.PurePath, re.Pattern, logging.Logger, weakref.ReferenceType, types.GetSetDescriptorType),
    *(types.MemberDescriptorType, types.WrapperDescriptorType, types.MethodDescriptorType, property, threading.local),
)
_TRANSPARENT = (
    *(tuple, frozenset, types.MethodType, types.BuiltinFunctionType, types.MappingProxyType, types.CellType),
    functools.partial,
)
# Module and class, with its subclasses, of what libraries promise never to change.
_FIXED = (
    ("fractions", "Fraction"),
    ("numpy", "generic"),
    ("numpy", "dtype"),
    ("pandas", "Index"),
    ("pandas.api.extensions", "ExtensionDtype"),
    ("pandas._libs.internals", "BlockValuesRefs"),
    ("pyarrow", "Array"),
    ("pyarrow", "ChunkedArray"),
    ("pyarrow", "DataType"),
    ("pyarrow", "Table"),
    ("polars", "DataFrame"),
    ("polars", "Series"),
    ("sympy", "Basic"),
)


@dataclass
class Reached:
    """What was reached from one value: addresses of what can change, arrays, which of them are in frames, tensors."""

    objects: set[int] = field(default_factory=set)
    arrays: list[Any] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)
    framed: set[int] = field(default_factory=set)


class Walker:
    """Walks values. What libraries are there is looked up once, and what a class is, too."""

    def __init__(self) -> None:
        fixed = [getattr(sys.modules.get(module), name, None) for module, name in _FIXED]
        self.leaves = (*_LEAVES, *(one for one in fixed if isinstance(one, type)))
        self.array: Any = getattr(sys.modules.get("numpy"), "ndarray", ())
        self.tensor: Any = getattr(sys.modules.get("torch"), "Tensor", ())
        pandas = sys.modules.get("pandas")
        self.frames = tuple(getattr(pandas, name) for name in ("DataFrame", "Series") if hasattr(pandas, name))
        self._leaf_types: set[type] = set(SCALARS)
        self._plain_types: set[type] = {list, dict, set}

    def reach(self, value: Any) -> Reached:
        """Return what is reached from a value."""
        found = Reached()
        self._reach([value], found, set(), framed=False)
        return found

    def _reach(self, waiting: list[Any], found: Reached, seen: set[int], *, framed: bool) -> None:
        leaves, plain, objects, referents = self._leaf_types, self._plain_types, found.objects, gc.get_referents
        while waiting:
            one = waiting.pop()
            kind = type(one)
            if kind in leaves or id(one) in seen:
                continue
            if kind in plain:
                objects.add(id(one))
                seen.add(id(one))
                waiting += [inner for inner in referents(one) if type(inner) not in leaves]
                continue
            if isinstance(one, self.leaves):
                leaves.add(kind)
                continue
            seen.add(id(one))
            if isinstance(one, self.array):
                found.arrays.append(one)
                if framed:
                    found.framed.add(id(one))
                self._reach(list(self.held(one)), found, seen, framed=False)
            elif isinstance(one, self.frames) and not framed:
                objects.add(id(one))
                self._reach(list(self.held(one)), found, seen, framed=True)
            elif isinstance(one, self.tensor):
                found.tensors.append(one)
            else:
                if kind not in _TRANSPARENT and not isinstance(one, types.FunctionType):
                    objects.add(id(one))
                waiting.extend(self.held(one))

    def held(self, one: Any) -> Iterator[Any]:
        """Yield what an object holds. A function holds what it closes over and remembers, not the module around it."""
        if isinstance(one, types.FunctionType):
            yield from (part for part in (one.__closure__, one.__defaults__, one.__kwdefaults__) if part)
            yield from vars(one).values()
        elif isinstance(one, types.BuiltinFunctionType):  # of a list: `a.append`; of a module: `len`
            yield one.__self__
        elif isinstance(one, self.array):
            if one.dtype.hasobject and not one.dtype.names:
                yield from one.flat
            if type(one) is not self.array:
                yield from getattr(one, "__dict__", {}).values()
        else:
            yield from gc.get_referents(one)

    def way_to(self, value: Any, target: int) -> str:
        """Return how an object is reached from a value: ``["a"][0]``."""
        waiting: list[tuple[Any, str]] = [(value, "")]
        seen: set[int] = set()
        while waiting:
            one, way = waiting.pop(0)
            if id(one) == target:
                return way
            if type(one) in SCALARS or id(one) in seen or isinstance(one, self.leaves):
                continue
            seen.add(id(one))
            own = getattr(one, "__dict__", None)
            if type(own) is dict and not isinstance(one, types.FunctionType):
                seen.add(id(own))  # its values are attributes
                waiting.extend((inner, f"{way}.{name}") for name, inner in own.items())
            steps = _steps(one)
            waiting.extend((inner, way + steps.get(id(inner), "")) for inner in self.held(one))
        return ""


def _steps(one: Any) -> dict[int, str]:
    """Return the last step to each part of a value, by its address, where it has one."""
    found: dict[int, str] = {}
    if isinstance(one, dict):
        found = {id(value): f"[{key_words(key)}]" for key, value in dict.items(one)}
    elif isinstance(one, (list, tuple)):
        found = {id(value): f"[{number}]" for number, value in enumerate(one)}
    return found


def memory_of(tensor: Any) -> tuple[int, int]:
    """Return the first address of the memory that a tensor may show a part of, and the one behind its last."""
    try:
        storage = tensor.untyped_storage()
        return int(storage.data_ptr()), int(storage.data_ptr()) + int(storage.nbytes())
    except Exception:  # a tensor without memory of its own
        return 0, 0
