"""The nouns of a drawing: boxes and arrows, and where a layout puts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["up to date", "in cache", "stale", "failed"]

# State -> (fill, border): colours that differ in lightness too, for those who do not see all colours.
COLOURS: dict[str, tuple[str, str]] = {
    "up to date": ("#d9f2e3", "#2e8b57"),
    "in cache": ("#dbe9fb", "#3b6fb6"),
    "stale": ("#fdf1cf", "#b8860b"),
    "failed": ("#fadbd8", "#b03a2e"),
}


@dataclass(frozen=True)
class Box:
    """A task. ``note`` is its second line (duration, state), ``tip`` what a pointer shows."""

    name: str
    state: State
    note: str = ""
    tip: str = ""


@dataclass(frozen=True)
class Arrow:
    """``target`` needs ``source``; ``label`` names the variables that cross."""

    source: str
    target: str
    label: str = ""


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
