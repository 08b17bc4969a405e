"""Diagnostics <-> plain JSON values, for the cache and for `--output-format json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from soorgeon_clone.lint.model import Diagnostic, Edit, Finding, Fix, RemoveCell, ReplaceRows, SetCount


def pack(diagnostic: Diagnostic) -> list[Any]:
    """Return a diagnostic without its file as a list that JSON can hold."""
    found = diagnostic.finding
    return [
        diagnostic.code,
        diagnostic.name,
        diagnostic.severity,
        diagnostic.cell_id,
        list(diagnostic.lines),
        found.message,
        [found.cell, found.row, found.column, found.end_row, found.end_column],
        found.hint,
        found.subject,
        None if found.fix is None else [found.fix.safe, [_pack_edit(edit) for edit in found.fix.edits]],
    ]


def unpack(packed: Sequence[Any], file: str) -> Diagnostic:
    """Return what `pack` was given. Raises ValueError, TypeError or IndexError if that is not what it holds."""
    code, name, severity, cell_id, lines, message, place, hint, subject, fix = packed
    unpacked = None if fix is None else Fix(tuple(_unpack_edit(edit) for edit in fix[1]), fix[0])
    cell, row, column, end_row, end_column = place
    finding = Finding(message, cell, row, column, end_row, end_column, hint, unpacked, subject)
    return Diagnostic(code, name, severity, file, finding, cell_id, tuple(lines))


def _pack_edit(edit: Edit) -> list[Any]:
    if isinstance(edit, ReplaceRows):
        return ["rows", edit.cell, edit.first, edit.last, list(edit.lines)]
    if isinstance(edit, RemoveCell):
        return ["remove", edit.cell]
    return ["count", edit.cell, edit.count]


def _unpack_edit(packed: Sequence[Any]) -> Edit:
    kind, *values = packed
    if kind == "rows":
        return ReplaceRows(values[0], values[1], values[2], tuple(values[3]))
    return RemoveCell(values[0]) if kind == "remove" else SetCount(values[0], values[1])


def as_mapping(diagnostic: Diagnostic) -> Mapping[str, Any]:
    """Return a diagnostic as programs read it; its keys are kept between versions. Cells count from 1."""
    found = diagnostic.finding
    return {
        "file": diagnostic.file,
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity,
        "message": found.message,
        "hint": found.hint or None,
        "cell": None if found.cell is None else found.cell + 1,
        "cell_id": diagnostic.cell_id,
        "row": found.row,
        "column": found.column,
        "end_row": found.end_row,
        "end_column": found.end_column,
        "fix": None if found.fix is None else "safe" if found.fix.safe else "unsafe",
    }
