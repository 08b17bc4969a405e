"""A cell tagged ``parameters`` -> the params of its task."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.size import is_heavy
from soorgeon_clone.notebook.tags import PARAMETERS


def parameters_of(cells: Sequence[Cell]) -> tuple[dict[str, str], list[Cell]]:
    """Return (name -> source of its value, the cells without the cell that said so).

    A cell counts if it is tagged ``parameters`` and only binds names to literals; any other stays where it is.
    """
    for position, cell in enumerate(cells):
        if cell.kind == "code" and PARAMETERS in cell.tags:
            found = _literals(cell.source)
            if found is not None:
                return found, [*cells[:position], *cells[position + 1 :]]
    return {}, list(cells)


def _literals(source: str) -> dict[str, str] | None:
    if is_heavy([source]):
        return None
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    rows = source.encode().split(b"\n")
    found: dict[str, str] = {}
    for statement in body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target: ast.expr = statement.targets[0]
            value: ast.expr | None = statement.value
        elif isinstance(statement, ast.AnnAssign):
            target, value = statement.target, statement.value
        else:
            return None
        if not isinstance(target, ast.Name) or value is None or target.id in ("upstream", "product"):
            return None
        try:
            ast.literal_eval(value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            return None
        found[target.id] = _segment(rows, value)
    return found or None


def _segment(rows: Sequence[bytes], node: ast.expr) -> str:
    """Return the text of a node, as `ast.get_source_segment` does, which splits the whole source for each."""
    end_row, end = node.end_lineno or node.lineno, node.end_col_offset
    picked = [*rows[node.lineno - 1 : end_row]]
    picked[-1] = picked[-1][:end]
    picked[0] = picked[0][node.col_offset :]
    return b"\n".join(picked).decode()
