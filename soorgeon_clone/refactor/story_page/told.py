"""Points of explanations -> HTML: what is so, with links to the statements that make it so, and what to write."""

from __future__ import annotations

from collections.abc import Iterable

from soorgeon_clone.analysis.evidence import OWN_CODE
from soorgeon_clone.refactor.scene import Evidence, Point
from soorgeon_clone.visible import markup, one_line

# What a reader sees in the statement itself.
PLAIN = frozenset({OWN_CODE, "an assignment", "an import", "gives it", "asks for it"})
_MOST = 6  # statements of a point that stand there unfolded
_LONGEST = 220  # characters of a sentence that stand there unfolded


def points_html(points: Iterable[Point]) -> str:
    """Return points as a list."""
    items = "".join(f"<li>{_point(point)}</li>" for point in points)
    return f'<ul class="points">{items}</ul>' if items else ""


def folded(text: str) -> str:
    """Return a sentence, the end of a long one folded."""
    if len(text) <= _LONGEST:
        return markup(text)
    cut = text.rfind(" ", 0, _LONGEST)
    cut = cut if cut > 0 else _LONGEST
    return (
        f'<details class="long"><summary>{markup(text[:cut])} '
        f'<span class="more">...</span></summary>{markup(text[cut:])}</details>'
    )


def cell_link(cell: int, row: int) -> str:
    """Return a link to a row of a cell, both counted from 1."""
    return f'<a href="#c{cell}-{row}">cell {cell}, row {row}</a>'


def _point(point: Point) -> str:
    statements = [_statement(one) for one in point.evidence]
    shown, rest = statements[:_MOST], statements[_MOST:]
    more = f"<details><summary>{len(rest)} more</summary><ul>{''.join(rest)}</ul></details>" if rest else ""
    remedies = "".join(
        f'<p class="remedy">{markup(text)}</p>' for text in dict.fromkeys(one.remedy for one in point.evidence) if text
    )
    listed = f'<ul class="evidence">{"".join(shown)}</ul>' if shown else ""
    return f"{folded(point.what)}{listed}{more}{remedies}"


def _statement(one: Evidence) -> str:
    way = f", in {markup(', '.join(one.within))}" if one.within else ""
    feared = ' class="feared"' if one.feared else ""
    because = f" <span{feared}>({markup(one.rule)})</span>" if one.rule not in PLAIN else ""
    return f"<li>{cell_link(one.cell, one.row)}: <code>{markup(one_line(one.source))}</code>{way}{because}</li>"
