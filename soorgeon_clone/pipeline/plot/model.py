"""The nouns of a drawing: boxes and arrows, and where a layout puts them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["up to date", "in cache", "stale", "failed", "planned"]

# State -> (fill, border): colours that differ in lightness too, for those who do not see all colours.
COLOURS: dict[str, tuple[str, str]] = {
    "up to date": ("#d9f2e3", "#2e8b57"),
    "in cache": ("#dbe9fb", "#3b6fb6"),
    "stale": ("#fdf1cf", "#b8860b"),
    "failed": ("#fadbd8", "#b03a2e"),
    "planned": ("#eef1f5", "#6b7685"),
}
# The same on a dark ground.
DARK_COLOURS: dict[str, tuple[str, str]] = {
    "up to date": ("#173d29", "#5fc08d"),
    "in cache": ("#1b3150", "#7ab0f5"),
    "stale": ("#43360f", "#dcb042"),
    "failed": ("#4a1f1b", "#f08a7d"),
    "planned": ("#262d37", "#93a0b0"),
}

_LONGEST_LABEL = 34  # characters of a label


@dataclass(frozen=True)
class Box:
    """A task. ``note`` is its second line (duration, state), ``tip`` what a pointer shows."""

    name: str
    state: State
    note: str = ""
    tip: str = ""


@dataclass(frozen=True)
class Arrow:
    """``target`` needs ``source``; ``label`` names what crosses as far as it fits, ``tip`` all of it."""

    source: str
    target: str
    label: str = ""
    tip: str = ""


def arrow(source: str, target: str, names: Sequence[str]) -> Arrow:
    """Return the arrow between two tasks where these names cross."""
    every = ", ".join(dict.fromkeys(names))
    if width(every) <= _LONGEST_LABEL:
        return Arrow(source, target, every, every)
    label = ""
    for name in names:
        longer = f"{label}, {name}" if label else name
        if width(longer) > _LONGEST_LABEL - 3:
            break
        label = longer
    while not label and width(names[0]) > _LONGEST_LABEL - 1:
        names = [names[0][:-1], *names[1:]]
    return Arrow(source, target, f"{label}, ..." if label else f"{names[0]}...", every)


def width(text: str) -> int:
    """Return how many characters of Latin a text is wide; those of Chinese, Japanese and Korean are two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


@dataclass(frozen=True)
class Drawing:
    """What is to be drawn. Boxes come in the DAG's order."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True)
class PlacedBox:
    """A box with its centre and size."""

    box: Box
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class PlacedArrow:
    """An arrow with the points that it passes, and the centre of its label."""

    arrow: Arrow
    points: tuple[tuple[float, float], ...]
    label_at: tuple[float, float]


@dataclass(frozen=True)
class PlacedDrawing:
    """A drawing with coordinates; y grows downwards."""

    boxes: tuple[PlacedBox, ...]
    arrows: tuple[PlacedArrow, ...]
    width: float
    height: float
