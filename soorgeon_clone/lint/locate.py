"""(cell, row) -> the line of the file, for programs that know files and not notebooks (GitHub, SARIF, GitLab)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from soorgeon_clone.files import regular
from soorgeon_clone.lint import json_text


class Lines:
    """The lines of one file. ``of`` gives 1 where it does not know."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._rows: Mapping[int, Sequence[int]] | None = None

    @classmethod
    def read(cls, path: str) -> Lines:
        try:
            return cls(regular.read_bytes(path).decode("utf-8", "replace"))
        except OSError:
            return cls("")

    def of(self, cell: int | None, row: int | None) -> int:
        """Return the 1-based line on which a row of a cell stands in the file."""
        if cell is None:
            return 1
        if self._rows is None:
            self._rows = rows_of_json(self._text) if _is_json(self._text) else rows_of_script(self._text)
        rows = self._rows.get(cell)
        if not rows:
            return 1
        return rows[min(max((row or 1) - 1, 0), len(rows) - 1)]


def _is_json(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] == "{"


def rows_of_json(text: str) -> Mapping[int, Sequence[int]]:
    """Return for each cell the lines of its rows: that of the cell itself if it has none."""
    try:
        cells = json_text.cells_of(text)
    except (ValueError, IndexError):
        return {}
    breaks = [position for position, char in enumerate(text) if char == "\n"]
    found: dict[int, Sequence[int]] = {}
    for index, cell in enumerate(cells):
        source = cell.values.get("source")
        starts = [cell.whole.start]
        if source is not None and text[source.start] == "[":
            starts = [span.start for span in json_text.items(text, source.start)] or [source.start]
        elif source is not None:
            starts = [source.start]
        found[index] = [bisect_right(breaks, start) + 1 for start in starts]
    return found


def rows_of_script(text: str) -> Mapping[int, Sequence[int]]:
    """Return for each cell the lines of its rows, found by its text from the top of the file downwards."""
    from soorgeon_clone.errors import UserError
    from soorgeon_clone.notebook.read import parse

    lines = [_plain(line) for line in text.split("\n")]
    suffixes = (".md", ".Rmd") if "\n```" in text and "\n# %%" not in text else (".py",)
    try:
        notebook = parse(text.encode("utf-8", "replace"), None, suffixes[0])
    except UserError:
        return {}
    found: dict[int, Sequence[int]] = {}
    cursor = 0
    for cell in notebook.cells:
        rows = [_plain(row) for row in cell.source.split("\n")]
        if not any(rows):
            continue
        start = next((at for at in range(cursor, len(lines)) if lines[at : at + len(rows)] == rows), None)
        if start is None:
            start = next((at for at in range(cursor, len(lines)) if lines[at] == rows[0]), cursor)
        found[cell.index] = range(start + 1, start + len(rows) + 1)
        cursor = start + len(rows)
    return found


def _plain(line: str) -> str:
    """Return a line without the comment sign that Markdown and magics get in scripts."""
    return line.lstrip("# \t").rstrip()
