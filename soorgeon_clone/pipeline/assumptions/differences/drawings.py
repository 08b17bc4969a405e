"""Two figures of matplotlib, or parts of them -> whether they are drawn alike. What drawing caches does not count."""

from __future__ import annotations

from typing import Any

from soorgeon_clone.pipeline.assumptions.differences.model import Difference, Found, Pair, Where
from soorgeon_clone.pipeline.assumptions.differences.words import words


def drawing(was: Any, now: Any, where: Where) -> Found:
    """Artists: by the picture of the figure that they are in; without a figure they have no value."""
    sides = [_figure(one) for one in (was, now)]
    if sides[0] is None or sides[1] is None:
        return
    if _pixels(sides[0]) != _pixels(sides[1]):
        yield Difference(where, words(was), "one that is drawn otherwise")


def plot(was: Any, now: Any, where: Where) -> Found:
    """Plots of plotnine, by what they were made of: each drawing fills in more, and looks different from the last."""
    yield Pair(was.data, now.data, (where, ".data"))
    yield Pair(dict(was.mapping), dict(now.mapping), (where, ".mapping"))
    names = [[type(layer.geom).__name__ for layer in side.layers] for side in (was, now)]
    yield Pair(names[0], names[1], (where, ".layers"))


def _figure(artist: Any) -> Any:
    figure: Any = artist if hasattr(artist, "savefig") else getattr(artist, "figure", None)
    while getattr(figure, "figure", figure) is not figure:  # a part of a figure that is a figure itself
        figure = figure.figure
    return figure


def _pixels(figure: Any) -> tuple[tuple[int, ...], bytes]:
    from importlib import import_module

    agg = import_module("matplotlib.backends.backend_agg")
    before = figure.canvas
    try:
        canvas = agg.FigureCanvasAgg(figure)
        canvas.draw()
        picture = canvas.buffer_rgba()
        return tuple(picture.shape), bytes(picture)
    finally:
        figure.set_canvas(before)
