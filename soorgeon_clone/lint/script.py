"""`Notebook` -> its code cells as one Python module, with the way back from a row of the module to a cell's row."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from soorgeon_clone.notebook.ipython import to_python
from soorgeon_clone.notebook.model import Cell, Magic, Notebook
from soorgeon_clone.notebook.syntax import CellSyntaxError
from soorgeon_clone.notebook.tags import is_run

_PARSE = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


@dataclass(frozen=True)
class CodeCell:
    """A code cell: ``text`` is its Python ("" if it has a syntax error), ``offset`` the module's rows above it."""

    cell: Cell
    text: str
    offset: int
    body: tuple[ast.stmt, ...] = ()
    magics: tuple[Magic, ...] = ()
    maybe: bool = False
    doubtful: frozenset[str] = frozenset()
    problem: CellSyntaxError | None = None

    @property
    def index(self) -> int:
        return self.cell.index

    @cached_property
    def rows(self) -> list[str]:
        """The rows of ``text``."""
        return self.text.split("\n")

    @cached_property
    def source_rows(self) -> list[str]:
        """The rows of the cell as it is written."""
        return self.cell.source.split("\n")

    @cached_property
    def starts(self) -> list[int]:
        """The first rows of ``body``, in the module."""
        return [statement.lineno for statement in self.body]


@dataclass(frozen=True)
class Script:
    """All code cells in order. ``tree`` holds the statements of those that are Python."""

    cells: tuple[CodeCell, ...]
    tree: ast.Module

    @cached_property
    def _offsets(self) -> list[int]:
        return [cell.offset for cell in self.cells]

    def cell_at(self, row: int) -> CodeCell:
        """Return the cell that holds a row of the module."""
        return self.cells[bisect_right(self._offsets, row - 1) - 1]

    def column(self, row: int, offset: int) -> int:
        """Return the 1-based column of what the parser finds at byte ``offset`` of a row of the module."""
        cell = self.cell_at(row)
        line = cell.rows[row - cell.offset - 1]
        if line.isascii():
            return offset + 1
        return len(line.encode()[:offset].decode(errors="ignore")) + 1


def script_of(notebook: Notebook) -> Script:
    """Return the code of the notebook. Cells that are not Python, or not run, are in it without statements."""
    cells: list[CodeCell] = []
    offset = 0
    for cell in notebook.cells:
        if cell.kind != "code":
            continue
        try:
            code = to_python(cell.source if is_run(cell.kind, cell.tags) else "\n" * cell.source.count("\n"))
            made = CodeCell(cell, code.text, offset, (), code.magics, code.maybe, code.doubtful)
        except CellSyntaxError as error:
            made = CodeCell(cell, "", offset, problem=error)
        cells.append(made)
        offset += cell.source.count("\n") + 1
    parsed = _parse(cells)
    body = [statement for cell in parsed for statement in cell.body]
    return Script(parsed, ast.Module(body, []))


def _parse(cells: list[CodeCell]) -> tuple[CodeCell, ...]:
    """Return the cells with their statements: parsed in one go, or one by one where joining them changes something."""
    rows = [cell.text if cell.problem is None else "\n" * cell.cell.source.count("\n") for cell in cells]
    bodies: list[list[ast.stmt]] = [[] for _ in cells]
    try:
        starts = [cell.offset for cell in cells]
        for statement in parse("\n".join(rows)).body:
            bodies[bisect_right(starts, _first_row(statement) - 1) - 1].append(statement)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        bodies = [_parse_alone(cell) for cell in cells]
    return tuple(
        CodeCell(c.cell, c.text, c.offset, tuple(body), c.magics, c.maybe, c.doubtful, c.problem)
        for c, body in zip(cells, bodies, strict=True)
    )


def _first_row(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", None)
    return decorators[0].lineno if decorators else statement.lineno


def _parse_alone(cell: CodeCell) -> list[ast.stmt]:
    if cell.problem is not None:
        return []
    try:
        tree = parse(cell.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    ast.increment_lineno(tree, cell.offset)
    return tree.body


def parse(text: str) -> ast.Module:
    """Return the syntax tree of a cell's Python, where ``await`` may stand at the top."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(text, "<cell>", "exec", _PARSE, dont_inherit=True)
    assert isinstance(tree, ast.Module)
    return tree


def has_code(source: str) -> bool:
    """Tell whether a code cell does anything: it has more than blank lines and comments."""
    return re.search(r"(?m)^[ \t]*[^#\s]", source) is not None
