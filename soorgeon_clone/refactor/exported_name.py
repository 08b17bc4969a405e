"""Cells that import from ``exported`` -> the same with the module's other name: a file of the user's has that one."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from soorgeon_clone.notebook.model import Cell

EXPORTED = "exported"
# As imports are written here: one name or several in a line, or one in each line of parentheses.
_IMPORT = re.compile(rf"^from {EXPORTED} import (\w+(?:, \w+)*|\((?:\n    \w+,)+\n\))$", re.MULTILINE)


def defined_names(text: str) -> frozenset[str]:
    """Return the names that stand in the module for themselves, not for what it imports."""
    found: set[str] = set()
    for statement in ast.parse(text).body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(statement.name)
        elif not isinstance(statement, (ast.Import, ast.ImportFrom)):
            nodes = ast.walk(statement)
            found.update(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return frozenset(found)


def imported_from(cells: Sequence[Cell], names: Collection[str], module: str) -> tuple[Cell, ...]:
    """Return the cells with the lines that import one of ``names`` from our module; others are the user's own."""

    def line(match: re.Match[str]) -> str:
        ours = all(name in names for name in re.findall(r"\w+", match[1]))
        return f"from {module} import {match[1]}" if ours else match[0]

    return tuple(
        replace(cell, source=_IMPORT.sub(line, cell.source)) if cell.kind == "code" else cell for cell in cells
    )
