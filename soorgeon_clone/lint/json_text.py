"""The text of an .ipynb file -> where its cells, their sources and counts stand in it.

Edits are made in the text, so that nothing else in the file changes by a byte: Python's json can read a notebook, but
not write it as it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # json's own reader of strings; typeshed lacks it

_SPACE = " \t\n\r"
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True)
class Span:
    """A piece of the text: from ``start`` to before ``end``."""

    start: int
    end: int


@dataclass(frozen=True)
class CellText:
    """One cell: where it stands, and the value of each of its keys."""

    whole: Span
    values: Mapping[str, Span]


def cells_of(text: str) -> tuple[CellText, ...]:
    """Return the cells of a notebook of format 4. Raises ValueError if there are none to be found."""
    top = dict(members(text, _skip(text, 1 if text.startswith("\ufeff") else 0)))
    if "cells" not in top or text[top["cells"].start] != "[":
        raise ValueError("the notebook has no list of cells")
    found = []
    for span in items(text, top["cells"].start):
        if text[span.start] != "{":
            raise ValueError("a cell is not a table")
        found.append(CellText(span, dict(members(text, span.start))))
    return tuple(found)


def members(text: str, start: int) -> Iterator[tuple[str, Span]]:
    """Yield the keys of the object that begins at ``start``, with the places of their values."""
    position = _skip(text, start + 1)
    while text[position] != "}":
        key, position = scanstring(text, position + 1, True)
        begin = _skip(text, _skip(text, position) + 1)
        end = _decode(text, begin)[1]
        yield key, Span(begin, end)
        position = _after(text, end)


def items(text: str, start: int) -> Iterator[Span]:
    """Yield the places of the items of the array that begins at ``start``."""
    position = _skip(text, start + 1)
    while text[position] != "]":
        end = _decode(text, position)[1]
        yield Span(position, end)
        position = _after(text, end)


def _after(text: str, end: int) -> int:
    position = _skip(text, end)
    return _skip(text, position + 1) if text[position] == "," else position


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position
