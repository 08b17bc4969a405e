"""Rows -> aligned columns. Written by hand, because importing rich takes longer than a build that has nothing to do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from soorgeon_clone.cli import say
from soorgeon_clone.visible import Shown, one_line

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> Shown:
    """The text of a table with a bold header. Columns whose number is in ``right`` are aligned to the right."""
    rows = [[cell if isinstance(cell, Shown) else one_line(cell) for cell in row] for row in rows]
    widths = [max(_width(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [_line([say.style(name, bold=True) for name in header], widths, right)]
    lines += [_line(row, widths, right) for row in rows]
    return Shown("\n".join(lines))


def ago(then: float, now: float) -> str:
    """``3 minutes ago``."""
    seconds = max(0, int(now - then))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now" if seconds < 5 else f"{seconds} seconds ago"


def duration(seconds: float) -> str:
    """``0.04 s``, ``12.3 s``, ``4:05 min``, ``2:10 h``."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02} min"
    return f"{minutes // 60}:{minutes % 60:02} h"


def _line(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> str:
    parts = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        gap = " " * (width - _width(cell))
        parts.append(gap + cell if column in right else cell + gap)
    return "  ".join(parts).rstrip()


def _width(text: str) -> int:
    plain = _ANSI.sub("", text)
    if plain.isascii():
        return len(plain)
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in plain
    )
