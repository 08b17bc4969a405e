"""PlacedDrawing -> PNG (or PDF), drawn by matplotlib where it is installed."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.plot.model import COLOURS, PlacedDrawing
from soorgeon_clone.visible import one_line

_DPI = 72.0


@contextlib.contextmanager
def _without_local_settings() -> Iterator[None]:
    """When it is imported, matplotlib reads ``matplotlibrc`` in the working folder before all others, and it may be
    anybody's. In its own folder it finds its own."""
    found, before = find_spec("matplotlib"), Path.cwd()
    if found is not None and found.submodule_search_locations:
        os.chdir(Path(found.submodule_search_locations[0], "mpl-data"))
    try:
        yield
    finally:
        os.chdir(before)


def png_of(layout: PlacedDrawing, suffix: str = ".png") -> bytes:
    """Return the picture, in the format of a file that ends so. A UserError says what to do without matplotlib."""
    try:
        with _without_local_settings():
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure
            from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
            from matplotlib.path import Path as Line
    except ImportError:
        raise UserError(
            f"a picture as {suffix or 'PNG'} needs matplotlib, which is not installed",
            hint="pip install matplotlib, or choose another form: plot -o pipeline.svg, .html or .mmd.",
            exit_code=2,
        ) from None
    figure: Any = Figure(figsize=(max(layout.width, 120) / _DPI, (layout.height + 30) / _DPI), dpi=_DPI * 2)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, max(layout.width, 120))
    axes.set_ylim(layout.height + 30, 0)
    axes.axis("off")
    for arrow in layout.arrows:
        points, codes = [arrow.points[0]], [Line.MOVETO]
        for (x0, y0), (x1, y1) in itertools.pairwise(arrow.points):
            points += [(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2), (x1, y1)]
            codes += [Line.CURVE4] * 3
        axes.add_patch(
            FancyArrowPatch(path=Line(points, codes), arrowstyle="-|>", mutation_scale=9, color="#7a8594", lw=1.1)
        )
        if arrow.arrow.label:
            box = {"boxstyle": "round,pad=0.15", "fc": "#ffffff", "ec": "none", "alpha": 0.88}
            text = _plain(arrow.arrow.label)
            axes.text(*arrow.label_at, **text, ha="center", va="center", fontsize=8, color="#44506a", bbox=box)
    for placed in layout.boxes:
        fill, border = COLOURS[placed.box.state]
        corner = (placed.x - placed.width / 2, placed.y - placed.height / 2)
        axes.add_patch(
            FancyBboxPatch(
                corner, placed.width, placed.height, boxstyle="round,pad=0,rounding_size=7", fc=fill, ec=border, lw=1.3
            )
        )
        up = 7 if placed.box.note else 0
        axes.text(
            placed.x, placed.y - up, **_plain(placed.box.name), ha="center", va="center", fontsize=9.5, color="#1f2733"
        )
        if placed.box.note:
            axes.text(
                placed.x, placed.y + 9, **_plain(placed.box.note), ha="center", va="center", fontsize=8, color="#5b6573"
            )
    x = 20.0
    for state in [state for state in COLOURS if any(placed.box.state == state for placed in layout.boxes)]:
        fill, border = COLOURS[state]
        axes.add_patch(
            FancyBboxPatch((x, layout.height + 5), 10, 10, boxstyle="round,pad=0,rounding_size=2", fc=fill, ec=border)
        )
        axes.text(x + 15, layout.height + 10, state, va="center", fontsize=8, color="#5b6573")
        x += 15 + len(state) * 6.5 + 14
    picture = io.BytesIO()
    try:
        figure.savefig(picture, format=suffix.removeprefix(".").lower() or "png")
    except ValueError as error:  # matplotlib knows no such format, and names those that it knows
        raise UserError(f"a picture cannot end in {suffix}", hint=str(error), exit_code=2) from None
    return picture.getvalue()


def _plain(text: str) -> dict[str, Any]:
    """How matplotlib is given a text in which it must see no formula."""
    return {"s": one_line(text), "parse_math": False}
