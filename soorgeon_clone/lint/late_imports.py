"""An import further down -> the edits that move it to the first cell with imports."""

from __future__ import annotations

import ast
import sys

from soorgeon_clone.lint.imports import Import, bound_name, removal, stands_alone, statement_rows, top_imports
from soorgeon_clone.lint.model import Fix, ReplaceRows
from soorgeon_clone.lint.subject import Subject

# What may change what an import gives, or what is done on import.
_CHANGES_IMPORTS = (
    *("sys.path", "environ", "putenv", "chdir", "pip", "conda", "install", "load_ext", "matplotlib.use"),
    *("%cd", "%env", "reload", "sys.modules", "import_module", "addsitedir", "%run", "writefile"),
)


def moved_up(subject: Subject, position: int, node: Import) -> Fix | None:
    """Return the fix; None if the statement shares rows, or its names have other meanings in the notebook."""
    cells = subject.script.cells
    cell = cells[position]
    target = next((found for found in top_imports(subject.script) if stands_alone(cells[found.cell], found.node)), None)
    if target is None or target.cell >= position or not stands_alone(cell, node):
        return None
    names = {bound_name(node, alias) for alias in node.names}
    bindings = subject.names.bindings
    if "*" in names or any(b.kind != "import" for name in names for b in bindings.get(name, ())):
        return None
    if any(len({b.origin for b in bindings.get(name, ())}) > 1 for name in names):
        return None
    last = _last_import(subject, target.cell)
    row = (last.end_lineno or last.lineno) - cells[target.cell].offset
    between = "\n".join(other.cell.source for other in cells[target.cell : position + 1])
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "."]
    standard = all(module.partition(".")[0] in sys.stdlib_module_names for module in modules)
    safe = standard or not any(word in between for word in _CHANGES_IMPORTS)
    insertion = ReplaceRows(cells[target.cell].index, row + 1, row, statement_rows(cell, node))
    return Fix((removal(cell, node), insertion), safe)


def _last_import(subject: Subject, cell: int) -> Import:
    """Return the last import of the first run of imports in a cell."""
    found: Import | None = None
    for node in subject.script.cells[cell].body:
        alone = isinstance(node, (ast.Import, ast.ImportFrom)) and stands_alone(subject.script.cells[cell], node)
        if alone:
            assert isinstance(node, (ast.Import, ast.ImportFrom))
            found = node
        elif found is not None:
            break
    assert found is not None
    return found
