"""An import further down -> the edits that move it to the first cell with imports."""

from __future__ import annotations

import ast
import builtins
from typing import NamedTuple

from soorgeon_clone.lint.imports import (
    Import,
    bound_name,
    modules_of,
    removal,
    stands_alone,
    statement_rows,
    top_imports,
)
from soorgeon_clone.lint.model import Fix, ReplaceRows
from soorgeon_clone.lint.script import CodeCell
from soorgeon_clone.lint.subject import Subject

# What may change what an import gives, or what is done on import.
_CHANGES_IMPORTS = (
    *("sys.path", "environ", "putenv", "chdir", "pip", "conda", "install", "load_ext", "matplotlib.use"),
    *("%cd", "%env", "reload", "sys.modules", "import_module", "addsitedir", "%run", "writefile"),
    *("filterwarnings", "simplefilter", "basicConfig", "setLevel", "logging.disable"),  # what an import says
)


class Top(NamedTuple):
    """The first run of imports: the position of its cell, and the row of the cell below which others are put.

    ``changing`` are the positions of cells that may change what an import gives.
    """

    cell: int
    row: int
    changing: tuple[int, ...]


def top_of(subject: Subject) -> Top | None:
    """Return where imports belong in a notebook; None if no import in it stands alone."""
    cells = subject.script.cells
    target = next((one.cell for one in top_imports(subject.script) if stands_alone(cells[one.cell], one.node)), None)
    if target is None:
        return None
    changing = (n for n, cell in enumerate(cells) if any(word in cell.cell.source for word in _CHANGES_IMPORTS))
    return Top(target, _last_import(cells[target]), tuple(changing))


def moved_up(subject: Subject, top: Top, position: int, node: Import) -> Fix | None:
    """Return the fix; None if the statement shares rows, or its names have other meanings in the notebook."""
    cells = subject.script.cells
    cell = cells[position]
    if top.cell >= position or not stands_alone(cell, node):
        return None
    names = {bound_name(node, alias) for alias in node.names}
    bindings = subject.names.bindings
    if "*" in names or any(b.kind != "import" for name in names for b in bindings.get(name, ())):
        return None
    if any(len({b.origin for b in bindings.get(name, ())}) > 1 for name in names):
        return None
    if names & vars(builtins).keys():  # what is above means the builtin
        return None
    modules = modules_of(node)
    safe = not modules or not any(top.cell <= other <= position for other in top.changing)
    insertion = ReplaceRows(cells[top.cell].index, top.row + 1, top.row, statement_rows(cell, node))
    return Fix((removal(cell, node), insertion), safe, modules)


def _last_import(cell: CodeCell) -> int:
    """Return the last row of the first run of imports that stand alone in a cell."""
    row = 0
    for node in cell.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)) and stands_alone(cell, node):
            row = (node.end_lineno or node.lineno) - cell.offset
        elif row:
            break
    return row
