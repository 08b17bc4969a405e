"""Classes that the rows of `kinds.yaml` make objects of, since a pickle names a class by its module."""

from __future__ import annotations

import contextlib
import enum
import functools
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any

P = namedtuple("P", "x y")


@dataclass
class D:
    size: int
    tags: list[str] = field(default_factory=list)


class S:
    __slots__ = ("a", "b")


class C:
    def __init__(self, items: list[int]) -> None:
        self.items = items

    @functools.cached_property
    def total(self) -> int:
        return sum(self.items)


class L:
    _loaded: Any = None

    def __init__(self) -> None:
        self.name = "a"
        self._table = None

    def load(self) -> Any:
        if self._table is None:
            self._table, self._loaded = {"a": 1}, True
        return self._table


class R:
    def __init__(self, n: int) -> None:
        self.n = n

    def __reduce__(self) -> Any:
        return R, (self.n,)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@functools.lru_cache
def remembered(x: int) -> int:
    return x + 1


with contextlib.suppress(ImportError):
    import attr

    A = attr.make_class("A", ["x"])
    A.__module__ = __name__
with contextlib.suppress(ImportError):
    import pydantic

    class M(pydantic.BaseModel):
        a: int
        b: list[str]
