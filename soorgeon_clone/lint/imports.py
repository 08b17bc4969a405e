"""The import statements of a notebook, and the edits that take a name out of one."""

from __future__ import annotations

import ast
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from soorgeon_clone.lint.model import ReplaceRows
from soorgeon_clone.lint.script import CodeCell, Script

Import = ast.Import | ast.ImportFrom

# Of one statement. What imports more was written by a machine, and each of its names would be a fix as long as it.
_MOST_NAMES = 500


def whole(node: Import, alias: ast.alias) -> str:
    """Return the statement that imports one name of those that ``node`` does, in one form."""
    if isinstance(node, ast.Import):
        return f"import {ast.unparse(alias)}"
    return f"from {'.' * node.level}{node.module or ''} import {ast.unparse(alias)}"


class TopImport(NamedTuple):
    """An import statement at the top level of a cell, by its position in ``script.cells``."""

    cell: int
    node: Import


def top_imports(script: Script) -> Iterator[TopImport]:
    """Yield the import statements that stand at the top level of cells, in order."""
    for position, cell in enumerate(script.cells):
        for statement in cell.body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                yield TopImport(position, statement)


def stands_alone(cell: CodeCell, node: ast.stmt) -> bool:
    """Tell whether a statement has its rows for itself, and stands in the source as it does in the cell's Python."""
    first, last = node.lineno - cell.offset, (node.end_lineno or node.lineno) - cell.offset
    source, text = cell.source_rows, cell.rows
    if source[first - 1 : last] != text[first - 1 : last] or node.col_offset:
        return False
    behind = source[last - 1].encode()[node.end_col_offset :].decode(errors="replace").strip()
    return not _shares_rows(cell, node) and (not behind or behind.startswith("#"))


def _shares_rows(cell: CodeCell, node: ast.stmt) -> bool:
    """Tell whether another statement of the cell stands in a row of this one."""
    starts = cell.starts
    first, last = bisect_left(starts, node.lineno), bisect_right(starts, node.end_lineno or node.lineno)
    above = cell.body[first - 1 : first] if first else ()
    return any((other.end_lineno or 0) >= node.lineno for other in above) or any(
        other is not node for other in cell.body[first:last]
    )


def is_written(cell: CodeCell, node: ast.stmt) -> bool:
    """Tell whether a statement stands in the source: it may have come from a magic (``%pylab``)."""
    row = node.lineno - cell.offset
    return cell.source_rows[row - 1] == cell.rows[row - 1]


def statement_rows(cell: CodeCell, node: ast.stmt) -> tuple[str, ...]:
    """Return the source rows of a statement."""
    source = cell.source_rows
    return tuple(source[node.lineno - cell.offset - 1 : (node.end_lineno or node.lineno) - cell.offset])


def removal(cell: CodeCell, node: ast.stmt) -> ReplaceRows:
    """Return the edit that takes out a statement that stands alone, with blank rows that it leaves at the top."""
    source = cell.source_rows
    first, last = node.lineno - cell.offset, (node.end_lineno or node.lineno) - cell.offset
    if not any(row.strip() for row in source[: first - 1]):
        while last < len(source) and not source[last].strip():
            last += 1
    return ReplaceRows(cell.index, first, last, ())


def without(cell: CodeCell, node: Import, unwanted: set[str]) -> ReplaceRows | None:
    """Return the edit that takes names (as they are bound) out of an import statement; None if it cannot be made."""
    if not stands_alone(cell, node):
        return None
    first, last = node.lineno - cell.offset, (node.end_lineno or node.lineno) - cell.offset
    if len(node.names) > _MOST_NAMES:
        return None
    kept = [alias for alias in node.names if bound_name(node, alias) not in unwanted]
    if len(kept) == len(node.names):
        return None
    if not kept:
        return removal(cell, node)
    rows = statement_rows(cell, node)
    if len(rows) == 1:
        raw = rows[0].encode()
        start, end = node.names[0].col_offset, node.names[-1].end_col_offset or len(raw)
        return ReplaceRows(cell.index, first, last, ((raw[:start] + _listed(kept) + raw[end:]).decode(),))
    return ReplaceRows(cell.index, first, last, _rows_without(rows, node, kept))


def _listed(aliases: list[ast.alias]) -> bytes:
    return ", ".join(f"{a.name} as {a.asname}" if a.asname else a.name for a in aliases).encode()


def _rows_without(rows: tuple[str, ...], node: Import, kept: list[ast.alias]) -> tuple[str, ...]:
    """Return the rows of a statement over several rows: those with one name each are taken out, others written anew."""
    gone = [alias for alias in node.names if alias not in kept]
    by_row = {alias.lineno: [a for a in node.names if a.lineno == alias.lineno] for alias in node.names}
    alone = all(len(by_row[alias.lineno]) == 1 for alias in gone)
    inside = all(node.lineno < alias.lineno < (node.end_lineno or 0) for alias in gone)
    if alone and inside:
        numbers = {alias.lineno - node.lineno for alias in gone}
        return tuple(row for number, row in enumerate(rows) if number not in numbers)
    module = "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    head = f"from {module} import " if isinstance(node, ast.ImportFrom) else "import "
    return wrapped(head, _listed(kept).decode().split(", "))


def wrapped(head: str, names: list[str], width: int = 88) -> tuple[str, ...]:
    """Return an import statement, over several rows in parentheses if it is long."""
    line = head + ", ".join(names)
    if len(line) <= width or head.startswith("import "):
        return (line,)
    rows, row = [], "   "
    for name in names:
        if len(row) + len(name) + 2 > width:
            rows.append(row)
            row = "   "
        row += f" {name},"
    return (head + "(", *rows, row, ")")


def modules_of(node: Import) -> tuple[str, ...]:
    """Return the top-level modules that a statement imports, "" for a relative import, but not the standard library's.

    What one of the user's own does when it is imported, nobody knows: it may set up the notebook.
    """
    if isinstance(node, ast.ImportFrom):
        names = ["" if node.level else node.module or ""]
    else:
        names = [alias.name for alias in node.names]
    tops = dict.fromkeys(name.partition(".")[0] for name in names)
    return tuple(top for top in tops if top not in sys.stdlib_module_names)


def bound_name(node: Import, alias: ast.alias) -> str:
    """Return the name that one part of an import statement binds."""
    if isinstance(node, ast.Import):
        return alias.asname or alias.name.partition(".")[0]
    return alias.asname or alias.name
