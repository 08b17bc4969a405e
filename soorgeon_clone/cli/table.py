"""Rows -> aligned columns. Written by hand, because importing rich takes longer than a build that has nothing to do."""

from __future__ import annotations

import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Sequence

from soorgeon_clone.cli import say
from soorgeon_clone.visible import Shown, one_line

_NARROWEST = 40  # characters of a line that are counted on
_LEAST = 10  # characters of a column that stay
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: frozenset[int] = frozenset(),
    less: Sequence[int] = (),
) -> Shown:
    """The text of a table with a bold header. Columns whose number is in ``right`` are aligned to the right.

    Where a terminal is too narrow, columns of ``less`` go, the first one first; then the widest of the others are cut
    where they are plain text. Whoever reads the output of a pipe gets all.
    """
    rows = [[cell if isinstance(cell, Shown) else one_line(cell) for cell in row] for row in rows]
    widths = [max(_width(row[column]) for row in [header, *rows]) for column in range(len(header))]
    room = _room()
    if room is not None:
        columns = _columns(widths, less, room)
        header, widths = [header[column] for column in columns], [widths[column] for column in columns]
        right = frozenset(columns.index(column) for column in right if column in columns)
        rows = [[row[column] for column in columns] for row in rows]
        widths = _narrowed(widths, room)
        rows = [[cut(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    lines = [_line([say.style(name, bold=True) for name in header], widths, right)]
    lines += [_line(row, widths, right) for row in rows]
    return Shown("\n".join(lines))


def _room() -> int | None:
    """Return how many characters a line of the terminal has; None if it goes somewhere else."""
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        return None
    return max(shutil.get_terminal_size().columns, _NARROWEST)


def _columns(widths: Sequence[int], less: Sequence[int], room: int) -> list[int]:
    columns = list(range(len(widths)))
    for column in less:
        if sum(widths[one] for one in columns) + 2 * (len(columns) - 1) <= room:
            break
        columns.remove(column)
    return columns


def _narrowed(widths: Sequence[int], room: int) -> list[int]:
    narrow = list(widths)
    while sum(narrow) + 2 * (len(narrow) - 1) > room and max(narrow) > _LEAST:
        narrow[narrow.index(max(narrow))] -= 1
    return narrow


def cut(cell: str, width: int) -> str:
    """Return plain text as far as so many columns of a terminal have room for it."""
    if _width(cell) <= width or _ANSI.search(cell):
        return cell
    text = cell
    while _width(text) > width - 3:
        text = text[:-1]
    return Shown(f"{text}...")


def count(number: int, what: str) -> str:
    """Return a number with what is counted."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


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
