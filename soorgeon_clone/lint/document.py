"""The text of a notebook file, edits -> the text with nothing else changed by a byte.

A notebook in JSON keeps indentation, key order, escapes and the end of the file; a script in the percent format keeps
its lines. Other text formats are not edited: jupytext would lay them out anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from soorgeon_clone.lint import json_text
from soorgeon_clone.lint.json_text import CellText, Span
from soorgeon_clone.lint.model import Edit, RemoveCell, ReplaceRows, SetCount
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.percent import read_script

_MARKER = r"[ \t]*#[ \t]*%%(?!%)(?:\s.*)?$"


class CannotEdit(Exception):
    """The file's text cannot be edited in place; the message says why."""


@dataclass
class _Changes:
    """The edits of one cell."""

    rows: list[ReplaceRows] = field(default_factory=list)
    count: int | None = None
    removed: bool = False


def edited(text: str, notebook: Notebook, edits: Iterable[Edit], order: Sequence[int] | None = None) -> str:
    """Return ``text`` (which was read as ``notebook``) with the edits made, and then its cells in ``order``.

    Raises CannotEdit.
    """
    changes = _by_cell(edits, len(notebook.cells))
    if text.lstrip("\ufeff \t\r\n")[:1] == "{":
        return _edited_json(text, notebook, changes, order)
    return _edited_script(text, notebook, changes, order)


def can_edit(data: bytes, raw: Mapping[str, Any] | None) -> bool:
    """Tell whether `edited` knows the format of a file, whose JSON, if it is any, is ``raw``."""
    if raw is not None:
        return raw.get("nbformat", 4) == 4 and "cells" in raw
    return read_script(data.decode("utf-8", "replace").replace("\r\n", "\n")) is not None


def _by_cell(edits: Iterable[Edit], cells: int) -> list[_Changes]:
    changes = [_Changes() for _ in range(cells)]
    for edit in edits:
        if isinstance(edit, ReplaceRows):
            changes[edit.cell].rows.append(edit)
        elif isinstance(edit, RemoveCell):
            changes[edit.cell].removed = True
        else:
            changes[edit.cell].count = edit.number
    return changes


def _new_rows(rows: Sequence[str], replaced: Sequence[ReplaceRows]) -> list[tuple[int, str]]:
    """Return the rows after the edits, each with its old number from 0, or -1 if it is new."""
    result = list(enumerate(rows))
    insertions_last = sorted(enumerate(replaced), key=lambda one: (one[1].first, one[1].last, one[0]), reverse=True)
    for _, edit in insertions_last:
        result[edit.first - 1 : edit.last] = [(-1, line) for line in edit.lines]
    return result


# JSON


def _edited_json(text: str, notebook: Notebook, changes: Sequence[_Changes], order: Sequence[int] | None) -> str:
    try:
        cells = json_text.cells_of(text)
    except (ValueError, IndexError) as error:
        raise CannotEdit(str(error)) from None
    if len(cells) != len(notebook.cells):
        raise CannotEdit("the file is of an old notebook format: open it in Jupyter and save it again")
    pieces = [
        _edited_cell(text, cell, change, notebook.cells[index].source)
        for index, (cell, change) in enumerate(zip(cells, changes, strict=True))
    ]
    kept = [index for index in (order or range(len(cells))) if not changes[index].removed]
    gaps = [text[one.whole.end : other.whole.start] for one, other in pairwise(cells)]
    body = "".join(
        part for number, index in enumerate(kept) for part in ((gaps[number - 1] if number else ""), pieces[index])
    )
    return text[: cells[0].whole.start] + body + text[cells[-1].whole.end :]


def _edited_cell(text: str, cell: CellText, change: _Changes, source: str) -> str:
    replacements: list[tuple[Span, str]] = []
    if change.rows:
        span = cell.values.get("source")
        if span is None:
            raise CannotEdit("a cell has no source")
        replacements.append((span, _edited_source(text, span, change.rows, source)))
    if change.count is not None:
        replacements += _edited_counts(text, cell, change.count)
    return _replaced(text, cell.whole, replacements)


def _replaced(text: str, whole: Span, replacements: Sequence[tuple[Span, str]]) -> str:
    result, position = "", whole.start
    for span, new in sorted(replacements, key=lambda one: one[0].start):
        result += text[position : span.start] + new
        position = span.end
    return result + text[position : whole.end]


def _edited_source(text: str, span: Span, edits: Sequence[ReplaceRows], source: str) -> str:
    value = json.loads(text[span.start : span.end])
    whole = "".join(value) if isinstance(value, list) else value
    lines = whole.split("\n")
    if len(lines) != source.count("\n") + 1:
        raise CannotEdit("a cell has line ends of old Macs")
    newline = "\r\n" if "\r\n" in whole else "\n"
    bare = [line.removesuffix("\r") for line in lines]
    rows = _new_rows(bare, edits)
    if not isinstance(value, list):
        return _quoted(newline.join(line for _, line in rows), text)
    ended = [line + newline for _, line in rows[:-1]] + [line for _, line in rows[-1:] if line]
    spans = list(json_text.items(text, span.start))
    one_each = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else []) == value
    written = []
    for (number, _), line in zip(rows, ended, strict=False):
        same = one_each and 0 <= number < len(value) and value[number] == line
        written.append(text[spans[number].start : spans[number].end] if same else _quoted(line, text))
    return _list_like(text, span, spans, written)


def _list_like(text: str, span: Span, spans: Sequence[Span], written: Sequence[str]) -> str:
    """Return a JSON list with the white space of the old one."""
    if not written:
        return "[]"
    if not spans:
        return "[" + ", ".join(written) + "]"
    before, after = text[span.start : spans[0].start], text[spans[-1].end : span.end]
    gap = text[spans[0].end : spans[1].start] if len(spans) > 1 else "," + before[1:]
    return before + gap.join(written) + after


def _quoted(line: str, text: str) -> str:
    """Return a JSON text, with non-ASCII characters as the file has them."""
    escaped = text.isascii() and "\\u" in text
    quoted = json.dumps(line, ensure_ascii=escaped)
    return json.dumps(line) if re.search("[\ud800-\udfff]", quoted) else quoted


def _edited_counts(text: str, cell: CellText, count: int) -> list[tuple[Span, str]]:
    span = cell.values.get("execution_count")
    if span is None:
        return []
    old = text[span.start : span.end]
    found = [(span, str(count))]
    outputs = cell.values.get("outputs")
    if outputs is not None and text[outputs.start] == "[":
        for output in json_text.items(text, outputs.start):
            values = dict(json_text.members(text, output.start)) if text[output.start] == "{" else {}
            own = values.get("execution_count")
            if own is not None and text[own.start : own.end] == old:
                found.append((own, str(count)))
    return found


# Scripts


def _edited_script(text: str, notebook: Notebook, changes: Sequence[_Changes], order: Sequence[int] | None) -> str:
    if read_script(text.replace("\r\n", "\n")) is None:
        raise CannotEdit("only .ipynb files and scripts in the percent format can be edited in place")
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(newline)
    starts = [number for number, line in enumerate(lines) if re.match(_MARKER, line)]
    if len(starts) != len(notebook.cells):
        raise CannotEdit("its cell markers cannot be told from other lines")
    chunks = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]
    bodies, gaps = [], []
    for index, (chunk, change) in enumerate(zip(chunks, changes, strict=True)):
        size = len(chunk)
        while size > 1 and not chunk[size - 1].strip():
            size -= 1
        gaps.append(chunk[size:])
        bodies.append(_edited_chunk(chunk[:size], change, notebook.cells[index].source))
    kept = [index for index in (order or range(len(chunks))) if not changes[index].removed]
    # The last gap is the end of the file, and stays there.
    between = [*gaps[: len(kept) - 1], gaps[-1]]
    result = lines[: starts[0]]
    for index, gap in zip(kept, between, strict=True):
        result += bodies[index] + (gap or ([""] if index != kept[-1] else []))
    return newline.join(result)


def _edited_chunk(chunk: list[str], change: _Changes, source: str) -> list[str]:
    if not change.rows:
        return chunk
    rows = source.split("\n")
    while len(rows) > 1 and not rows[-1].strip():
        rows.pop()
    if len(rows) != len(chunk) - 1:
        raise CannotEdit("a cell stands in the file in another form")
    return [chunk[0], *(line for _, line in _new_rows(chunk[1:], change.rows))]


def overlap(one: Edit, other: Edit) -> bool:
    """Tell whether two edits touch the same rows, cell or count; insertions at one place do not disturb each other."""
    if one.cell != other.cell:
        return False
    if isinstance(one, RemoveCell) or isinstance(other, RemoveCell):
        return True
    if isinstance(one, SetCount) or isinstance(other, SetCount):
        return isinstance(one, SetCount) and isinstance(other, SetCount)
    if one.last < one.first or other.last < other.first:
        inner, outer = (one, other) if one.last < one.first else (other, one)
        return outer.first < inner.first <= outer.last
    return one.first <= other.last and other.first <= one.last
