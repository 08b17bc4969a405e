"""The nouns: a pair of values that ought to be alike, its place, and a difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Where = tuple[Any, ...]
"""How a part is reached, as (the way to what holds it, the last step): ``((), '["age"]')``; () is the value itself."""


_MOST_STEPS = 16


@dataclass(frozen=True)
class Difference:
    """``was`` and ``now`` are short texts of what stands at ``where``. ``extent`` says how much else is different."""

    where: Where
    was: str
    now: str
    extent: str = ""

    def text(self, name: str) -> str:
        """Return it for a variable of this name: ``3 of 12 columns, first at raw["age"][17]: 31.0 -> 30.5``."""
        place = f"{name}{way(self.where)}: {self.was} -> {self.now}"
        return f"{self.extent}, first at {place}" if self.extent else place


@dataclass(frozen=True)
class Pair:
    """Two values to compare, at one place."""

    was: Any
    now: Any
    where: Where


Found = Iterator["Pair | Difference"]
"""What a comparison of one kind of value gives: differences, and pairs of parts that are to be compared in turn."""


def way(where: Where) -> str:
    """Return how a part is reached: ``["age"][17]``. Of a long way only both ends are told."""
    steps = []
    while where:
        where, step = where
        steps.append(step)
    if len(steps) > _MOST_STEPS:
        half = _MOST_STEPS // 2
        steps = [*steps[:half], f" ({len(steps) - 2 * half:,} steps) ", *steps[-half:]]
    return "".join(reversed(steps))
