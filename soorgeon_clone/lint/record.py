"""Diagnostics <-> plain JSON values, for the cache and for `--output-format json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from soorgeon_clone.lint.model import Diagnostic, Edit, Finding, Fix, RemoveCell, ReplaceRows, SetCount


def pack(diagnostic: Diagnostic) -> list[Any]:
    """Return a diagnostic without its file as a list that JSON can hold."""
    return [
        *(diagnostic.code, diagnostic.name, diagnostic.severity, diagnostic.cell_id, diagnostic.lines),
        *diagnostic.finding,
    ]


def unpack(packed: Sequence[Any], file: str) -> Diagnostic:
    """Return what `pack` was given. Raises ValueError, TypeError or LookupError if that is not what it holds."""
    code, name, severity, cell_id, lines, *found = packed
    if found[_FIX] is not None:
        edits, safe, imports = found[_FIX]
        found[_FIX] = Fix(tuple(_edit(*one) for one in edits), safe, tuple(imports))
    return Diagnostic(code, name, severity, file, Finding(*found), cell_id, tuple(lines))


_FIX = Finding._fields.index("fix")


def _edit(*values: Any) -> Edit:
    """Return an edit, which is known by how much it says."""
    if len(values) == len(ReplaceRows._fields):
        cell, first, last, lines = values
        return ReplaceRows(cell, first, last, tuple(lines))
    return RemoveCell(*values) if len(values) == 1 else SetCount(*values)


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
