"""The source of cells -> how much code it is, and whether that is more than is looked at closely.

Trees of Python and what is made of them take a thousand times the room of the text. A notebook of ten thousand cells,
or one with a list of a hundred thousand numbers in a cell, is more than anybody writes; what is larger is not parsed
at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from soorgeon_clone.notebook.model import Cell

# The most that `weight` may give for a cell, where time can grow faster than the code, and for a notebook: seconds of
# parsing and analysis.
MOST = 250_000
MOST_OF_ALL = 1_000_000

_WORD = 2
_CELL = 20
_LONG = 20  # digits of a number that cost as much as another number
_SMALL = 2_000  # characters: no source of this length is heavy, whatever it holds

_NO_ROW_ENDS = ("\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029")
_PIECE = re.compile(
    r"""#[^\n]*|(?P<prefix>[A-Za-z]{0,2})(?P<quote>'''|\"{3}|['"])|(?P<data>\d[\w.]*|,)|\w+|[^\w\s]""",
)
_END_OF_TEXT = {
    "'": re.compile(r"(?s)\\.|'|\n"),
    '"': re.compile(r'(?s)\\.|"|\n'),
    "'''": re.compile(r"(?s)\\.|'''"),
    '"""': re.compile(r'(?s)\\.|"""'),
}


def is_heavy(sources: Iterable[str]) -> bool:
    """Tell whether the sources of cells, one of them or all together, are more code than is looked at closely."""
    left = MOST_OF_ALL
    for source in sources:
        own = weight(source)
        left -= _CELL + own
        if own >= MOST or left <= 0:
            return True
    return False


def heaviest(cells: Iterable[Cell]) -> Cell:
    """Return the code cell that a message about too much code should name."""
    return max((cell for cell in cells if cell.kind == "code"), key=lambda cell: len(cell.source))


def weight(source: str, most: int = MOST) -> int:
    """Return how much code a source is, at most ``most``: 1 for a number, a comma or a text, 2 for any other piece.

    The fields of an f-string count as often as it is long, which is what reading them costs.
    """
    if len(source) < _SMALL:  # a piece and the space behind it are four characters or more
        return len(source) // 2
    position = 0
    # parso takes the square of their number to find out that no row ends there
    count = sum(map(source.count, _NO_ROW_ENDS))
    while count < most and (piece := _PIECE.search(source, position)):
        position = piece.end()
        if quote := piece.group("quote"):
            end = _end_of_text(source, position, quote)
            count += 1
            if "f" in piece.group("prefix").lower():
                count += source.count("{", position, end) * (end - position) // 300
            position = end
        else:
            count += 1 + len(piece.group()) // _LONG if piece.group("data") else _WORD
    return min(count, most)


def _end_of_text(source: str, start: int, quote: str) -> int:
    for found in _END_OF_TEXT[quote].finditer(source, start):
        if found.group() == quote or found.group() == "\n":
            return found.end()
    return len(source)
