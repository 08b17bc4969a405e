"""PlacedDrawing -> SVG."""

from __future__ import annotations

import itertools

from soorgeon_clone.pipeline.plot.model import COLOURS, PlacedArrow, PlacedBox, PlacedDrawing
from soorgeon_clone.visible import markup

_FONT = "font-family=\"ui-sans-serif, system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\""


def svg_of(layout: PlacedDrawing, *, title: str = "pipeline") -> str:
    """The text of an SVG file. Each task is a group with its name in ``data-task``."""
    width, height = round(layout.width), round(layout.height + 34)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" {_FONT} font-size="13">',
        f"<title>{markup(title)}</title>",
        '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0,0 L10,5 L0,10 z" fill="#7a8594"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *map(_arrow, layout.arrows),
        *map(_label, layout.arrows),
        *map(_box, layout.boxes),
        _legend(layout),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _box(placed: PlacedBox) -> str:
    fill, border = COLOURS[placed.box.state]
    x, y = placed.x - placed.width / 2, placed.y - placed.height / 2
    name_y = placed.y - 3 if placed.box.note else placed.y + 4.5
    note = (
        f'<text x="{placed.x:.1f}" y="{placed.y + 13:.1f}" text-anchor="middle" font-size="11" '
        f'fill="#5b6573">{markup(placed.box.note)}</text>'
        if placed.box.note
        else ""
    )
    name, tip = markup(placed.box.name), markup(placed.box.tip or placed.box.name)
    return (
        f'<g class="task" data-task="{name}"><title>{tip}</title>'
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{placed.width:.1f}" height="{placed.height:.1f}" rx="7" '
        f'fill="{fill}" stroke="{border}" stroke-width="1.5"/>'
        f'<text x="{placed.x:.1f}" y="{name_y:.1f}" text-anchor="middle" fill="#1f2733">{name}</text>'
        f"{note}</g>"
    )


def _arrow(placed: PlacedArrow) -> str:
    return f'<path d="{curve(placed.points)}" fill="none" stroke="#7a8594" stroke-width="1.3" marker-end="url(#tip)"/>'


def _label(placed: PlacedArrow) -> str:
    if not placed.arrow.label:
        return ""
    x, y = placed.label_at
    width = len(placed.arrow.label) * 6.1 + 6
    return (
        f'<rect x="{x - width / 2:.1f}" y="{y - 8:.1f}" width="{width:.1f}" height="15" rx="3" fill="#ffffff" '
        f'fill-opacity="0.88"/><text x="{x:.1f}" y="{y + 3.5:.1f}" text-anchor="middle" font-size="11" '
        f'fill="#44506a">{markup(placed.arrow.label)}</text>'
    )


def curve(points: tuple[tuple[float, float], ...]) -> str:
    """A smooth path through the points that leaves and arrives vertically."""
    parts = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (y0 + y1) / 2
        parts.append(f"C{x0:.1f},{middle:.1f} {x1:.1f},{middle:.1f} {x1:.1f},{y1:.1f}")
    return " ".join(parts)


def _legend(layout: PlacedDrawing) -> str:
    """The states that occur, in a row below the drawing."""
    states = [state for state in COLOURS if any(placed.box.state == state for placed in layout.boxes)]
    parts, x, y = [], 20.0, layout.height + 12
    for state in states:
        fill, border = COLOURS[state]
        parts.append(
            f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="12" height="12" rx="3" fill="{fill}" stroke="{border}"/>'
            f'<text x="{x + 17:.1f}" y="{y + 1:.1f}" font-size="11" fill="#5b6573">{state}</text>'
        )
        x += 17 + len(state) * 6.5 + 14
    return "".join(parts)
