"""PlacedDrawing -> SVG."""

from __future__ import annotations

import itertools

from soorgeon_clone.pipeline.plot.model import COLOURS, DARK_COLOURS, PlacedArrow, PlacedBox, PlacedDrawing, width
from soorgeon_clone.visible import markup

_FONT = (
    "font-family=\"ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, 'Noto Sans', 'Noto Sans CJK SC', "
    "'PingFang SC', 'Hiragino Sans', 'Microsoft YaHei', 'Malgun Gothic', sans-serif\""
)


def svg_of(layout: PlacedDrawing, *, title: str = "pipeline") -> str:
    """The text of an SVG file. Each task is a group with its name in ``data-task``."""
    legend = _legend(layout)
    wide, high = round(layout.width), round(layout.height + (34 if legend else 0))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" {_FONT} font-size="13" role="group" aria-label="{markup(title)}">',
        f"<title>{markup(title)}</title>",
        f"<style>{_dark()}</style>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path class="tip" d="M0,0 L10,5 L0,10 z" fill="#7a8594"/></marker></defs>',
        f'<rect class="ground" width="{wide}" height="{high}" fill="#ffffff"/>',
        *map(_arrow, layout.arrows),
        *map(_label, layout.arrows),
        *map(_box, layout.boxes),
        legend,
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _dark() -> str:
    """Return the style of a dark ground: what has a class there has its light colours as attributes."""
    states = " ".join(
        f".{_class(state)} {{ fill: {fill}; stroke: {border}; }}" for state, (fill, border) in DARK_COLOURS.items()
    )
    return (
        "@media (prefers-color-scheme: dark) { .ground { fill: #14181e; } .line { stroke: #8b97a6; } "
        ".tip { fill: #8b97a6; } .behind { fill: #14181e; } .name { fill: #e3e8ef; } .quiet { fill: #9da8b7; } "
        f".label {{ fill: #b9c4d4; }} {states} }}"
    )


def _class(state: str) -> str:
    return state.replace(" ", "-")


def _box(placed: PlacedBox) -> str:
    fill, border = COLOURS[placed.box.state]
    x, y = placed.x - placed.width / 2, placed.y - placed.height / 2
    name_y = placed.y - 3 if placed.box.note else placed.y + 4.5
    note = (
        f'<text x="{placed.x:.1f}" y="{placed.y + 13:.1f}" text-anchor="middle" font-size="11" '
        f'class="quiet" fill="#5b6573">{markup(placed.box.note)}</text>'
        if placed.box.note
        else ""
    )
    name, tip = markup(placed.box.name), markup(placed.box.tip or placed.box.name)
    return (
        f'<g class="task" data-task="{name}"><title>{tip}</title>'
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{placed.width:.1f}" height="{placed.height:.1f}" rx="7" '
        f'class="{_class(placed.box.state)}" fill="{fill}" stroke="{border}" stroke-width="1.5"/>'
        f'<text class="name" x="{placed.x:.1f}" y="{name_y:.1f}" text-anchor="middle" fill="#1f2733">{name}</text>'
        f"{note}</g>"
    )


def _arrow(placed: PlacedArrow) -> str:
    tip = f"{placed.arrow.source} to {placed.arrow.target}{f': {placed.arrow.tip}' if placed.arrow.tip else ''}"
    return (
        f'<path class="line" d="{curve(placed.points)}" fill="none" stroke="#7a8594" stroke-width="1.3" '
        f'marker-end="url(#tip)"><title>{markup(tip)}</title></path>'
    )


def _label(placed: PlacedArrow) -> str:
    if not placed.arrow.label:
        return ""
    x, y = placed.label_at
    wide = width(placed.arrow.label) * 6.1 + 6
    return (
        f'<rect class="behind" x="{x - wide / 2:.1f}" y="{y - 8:.1f}" width="{wide:.1f}" height="15" rx="3" '
        f'fill="#ffffff" fill-opacity="0.88"/><text class="label" x="{x:.1f}" y="{y + 3.5:.1f}" text-anchor="middle" '
        f'font-size="11" fill="#44506a">{markup(placed.arrow.label)}'
        f"<title>{markup(placed.arrow.tip or placed.arrow.label)}</title></text>"
    )


def curve(points: tuple[tuple[float, float], ...]) -> str:
    """A smooth path through the points that leaves and arrives vertically."""
    parts = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (y0 + y1) / 2
        parts.append(f"C{x0:.1f},{middle:.1f} {x1:.1f},{middle:.1f} {x1:.1f},{y1:.1f}")
    return " ".join(parts)


def _legend(layout: PlacedDrawing) -> str:
    """The states that occur, in a row below the drawing; none for a pipeline that is only planned."""
    states = [state for state in COLOURS if any(placed.box.state == state for placed in layout.boxes)]
    parts, x, y = [], 20.0, layout.height + 12
    for state in states if states != ["planned"] else ():
        fill, border = COLOURS[state]
        parts.append(
            f'<rect class="{_class(state)}" x="{x:.1f}" y="{y - 9:.1f}" width="12" height="12" rx="3" fill="{fill}" '
            f'stroke="{border}"/><text class="quiet" x="{x + 17:.1f}" y="{y + 1:.1f}" font-size="11" '
            f'fill="#5b6573">{state}</text>'
        )
        x += 17 + len(state) * 6.5 + 14
    return "".join(parts)
