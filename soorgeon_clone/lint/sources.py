"""The text of a notebook file, new sources of code cells -> the text with these in it, nothing else changed by a byte.

A notebook in JSON is edited as `document` does. In all other formats that jupytext reads, a cell's rows stand in the
file as they are; what comes out is read again, and is taken only if it is the same notebook with the new sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from soorgeon_clone.errors import UserError
from soorgeon_clone.lint.differences import changes
from soorgeon_clone.lint.document import edited
from soorgeon_clone.lint.model import ReplaceRows
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.read import parse


def with_sources(text: str, notebook: Notebook, new: Mapping[int, str]) -> tuple[str, list[int]]:
    """Return the file, and the cells whose new source could not be put into it. Raises CannotEdit for JSON."""
    if not new:
        return text, []
    if text.lstrip("\ufeff \t\r\n")[:1] == "{":
        edits = [edit for index, source in new.items() for edit in _rows(index, notebook.cells[index].source, source)]
        return edited(text, notebook, edits), []
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(newline)
    places = _places(lines, notebook)
    kept = {index: source for index, source in new.items() if index in places}
    done = newline.join(_replaced(lines, notebook, places, kept))
    if not _is_right(done, notebook, kept):  # a cell that comes to be two, for example: those that do not are kept
        done, tried, kept = text, kept, {}
        for index, source in tried.items():
            with_it = newline.join(_replaced(lines, notebook, places, kept | {index: source}))
            if _is_right(with_it, notebook, kept | {index: source}):
                done, kept = with_it, kept | {index: source}
    return done, sorted(new.keys() - kept.keys())


def _rows(cell: int, before: str, after: str) -> list[ReplaceRows]:
    old, new = before.split("\n"), after.split("\n")
    return [ReplaceRows(cell, a + 1, b, tuple(new[c:d])) for a, b, c, d in changes(old, new)]


def _places(lines: Sequence[str], notebook: Notebook) -> dict[int, int]:
    """Return the first line of each code cell that stands in the file row by row."""
    found = {}
    cursor = 0
    for cell in notebook.cells:
        rows = cell.source.split("\n")
        if cell.kind != "code" or not cell.source.strip():
            continue
        start = next((at for at in range(cursor, len(lines) - len(rows) + 1) if _stands_at(lines, at, rows)), None)
        if start is not None:
            found[cell.index] = start
            cursor = start + len(rows)
    return found


def _stands_at(lines: Sequence[str], at: int, rows: Sequence[str]) -> bool:
    """Tell whether rows stand in the file from a line on; scripts have magics as comments."""
    return all(
        line in (row, f"# {row}") or (not at and line == f"\ufeff{row}")
        for line, row in zip(lines[at : at + len(rows)], rows, strict=True)
    )


def _replaced(lines: Sequence[str], notebook: Notebook, places: Mapping[int, int], new: Mapping[int, str]) -> list[str]:
    done = list(lines)
    for index in sorted(new, reverse=True):
        for edit in reversed(_rows(index, notebook.cells[index].source, new[index])):
            first = places[index] + edit.first - 1
            done[first : places[index] + edit.last] = edit.lines
    return done


def _is_right(text: str, notebook: Notebook, new: Mapping[int, str]) -> bool:
    try:
        found = parse(text.encode("utf-8"), notebook.path)
    except UserError:
        return False
    wanted = [(cell.kind, new.get(cell.index, cell.source)) for cell in notebook.cells]
    return [(cell.kind, cell.source) for cell in found.cells] == wanted
