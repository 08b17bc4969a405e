"""An SVG drawing -> the same in a frame in which it is zoomed and moved."""

from __future__ import annotations


def zoomable(svg: str) -> str:
    """Return the frame with its buttons; `page.js` makes them work, without it the frame scrolls."""
    return (
        '<div class="zoom"><div class="buttons"><button type="button" data-zoom="in" aria-label="Larger">+</button>'
        '<button type="button" data-zoom="out" aria-label="Smaller">−</button>'
        '<button type="button" data-zoom="fit">whole</button></div>'
        '<div class="view" tabindex="0" role="region" aria-label="Drawing; plus, minus and 0 zoom, arrow keys move">'
        f"{svg}</div></div>"
    )
