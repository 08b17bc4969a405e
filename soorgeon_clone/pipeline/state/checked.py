"""What stands in a file that others may have written -> values that have their types, or ValueError."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_LATEST = 1e11  # seconds since the epoch; the year 5138


Value = TypeVar("Value")


def checked(value: object, name: Callable[[str], object], content: Callable[[Any], Value | None]) -> dict[str, Value]:
    """A mapping of texts that ``name`` accepts to what ``content`` makes of the values. Raises ValueError."""
    if not isinstance(value, dict):
        raise ValueError("no mapping")
    found: dict[str, Value] = {}
    for key, one in value.items():
        kept = content(one)
        if not isinstance(key, str) or not name(key) or kept is None:
            raise ValueError("a name or a value that cannot be")
        found[key] = kept
    return found


def number(value: object) -> float:
    """A number of seconds that can be. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _LATEST:  # NaN is neither
        raise ValueError("no number of seconds")
    return value


def product_name(name: str) -> bool:
    """Whether a text may be the path of a product. Which ones a task has, its declaration says."""
    return bool(name) and "\0" not in name


def readable_name(name: str) -> bool:
    """Whether a text may be the path of a file that a task reads: relative, and upwards at its beginning only."""
    while name.startswith("../"):
        name = name[3:]
    return bool(name) and "\0" not in name and name[0] != "/" and ".." not in name.split("/")
