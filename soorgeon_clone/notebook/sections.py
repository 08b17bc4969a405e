"""`Notebook` -> `Section`s: cut at the Markdown cells that hold a heading of some level."""

from __future__ import annotations

import re
from collections.abc import Sequence

from soorgeon_clone.notebook.headings import headings
from soorgeon_clone.notebook.model import Cell, Notebook, Section
from soorgeon_clone.notebook.slugs import task_names
from soorgeon_clone.notebook.tags import is_run

# What --split-on offers; the first that cuts a notebook is the one to recommend.
LEVELS = (2, 1, 3)
# Level -> the levels of the headings that cut. Where H3 headings cut, H2 headings do as well: a section does not go on
# below the heading of the next chapter. An H1 heading is the notebook's title.
_CUTS = {1: (1,), 2: (2,), 3: (2, 3)}


def split(notebook: Notebook, level: int = 2) -> tuple[Section, ...]:
    """Return the sections that headings of this level part, each with code.

    Cells above the first heading belong to the first section. A section without code is no section: its cells go to
    the next one that has some, or to the last. Without headings, or without any code, there is one section, named after
    the notebook.
    """
    parts = _with_code(_cut(notebook, level)) or [(notebook.name, list(notebook.cells))]
    names = task_names([title for title, _ in parts])
    return tuple(Section(name, title, tuple(cells)) for name, (title, cells) in zip(names, parts, strict=True))


def best_level(notebook: Notebook) -> int | None:
    """Return the level of headings that cuts the notebook in two or more sections; None if no level does."""
    return next((level for level in LEVELS if len(_with_code(_cut(notebook, level))) > 1), None)


def almost_heading(notebook: Notebook) -> str | None:
    """Return the first line of Markdown that would be a heading with a space in it (``##Load``); None without one."""
    lines = (line for cell in notebook.cells if cell.kind == "markdown" for line in cell.source.split("\n"))
    return next((line.strip() for line in lines if _ALMOST.match(line)), None)


_ALMOST = re.compile(r"#{1,6}[^\s#!]")


def has_code(cell: Cell) -> bool:
    """Tell whether a cell does anything: a code cell that is run, with more than blank lines and comments."""
    if not is_run(cell.kind, cell.tags):
        return False
    lines = (line.strip() for line in cell.source.split("\n"))
    return any(line and not line.startswith("#") for line in lines)


def _cut(notebook: Notebook, level: int) -> list[tuple[str, list[Cell]]]:
    parts: list[tuple[str, list[Cell]]] = []
    above: list[Cell] = []
    for cell in notebook.cells:
        titles = _titles(cell, level)
        if titles:
            parts.append((titles[0], above if not parts else []))
        (parts[-1][1] if parts else above).append(cell)
    return parts or [(notebook.name, above)]


def _with_code(parts: Sequence[tuple[str, list[Cell]]]) -> list[tuple[str, list[Cell]]]:
    kept: list[tuple[str, list[Cell]]] = []
    waiting: list[Cell] = []
    for title, cells in parts:
        if any(map(has_code, cells)):
            kept.append((title, waiting + cells))
            waiting = []
        else:
            waiting.extend(cells)
    if kept:
        kept[-1][1].extend(waiting)
    return kept


def _titles(cell: Cell, level: int) -> list[str]:
    if cell.kind != "markdown":
        return []
    return [heading.title for heading in headings(cell.source) if heading.level in _CUTS.get(level, (level,))]
