"""Notebook and titles -> the notebook with headings: a Markdown cell for each, or a heading that changes its level."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from soorgeon_clone.notebook.headings import headings
from soorgeon_clone.notebook.model import Cell, Notebook

Titles = Mapping[int, str]
"""Index of a cell -> the title of the heading that stands before it."""

_HASHES = re.compile(r"^ {0,3}#{1,6}(?=[ \t])")


def with_headings(notebook: Notebook, titles: Titles, level: int) -> Notebook:
    """Return the notebook with a heading of ``level`` before the cells that ``titles`` names.

    The cells keep their indices, which messages show; new ones have negative indices.
    """
    return replace(notebook, cells=tuple(_headed(notebook, titles, level)))


def _headed(notebook: Notebook, titles: Titles, level: int) -> Iterator[Cell]:
    for number, cell in enumerate(notebook.cells, 1):
        title = titles.get(cell.index)
        if title is None:
            yield cell
        elif cell.kind == "markdown" and _begins_with(cell.source, title):
            yield replace(cell, source=_HASHES.sub("#" * level, cell.source.lstrip("\n")))
        else:
            yield Cell(-number, "markdown", f"{'#' * level} {_escaped(title)}")
            yield cell


def _begins_with(source: str, title: str) -> bool:
    """Tell whether a text begins with a line of hashes that has this title."""
    line = source.lstrip("\n").split("\n", 1)[0]
    found = headings(line)
    return bool(found) and found[0].title == title and _HASHES.match(line) is not None


def _escaped(title: str) -> str:
    """Return a title in which Markdown finds no markup."""
    return re.sub(r"([\\`*_{}\[\]<>#$|])", r"\\\1", title)
