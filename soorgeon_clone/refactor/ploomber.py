"""Cells of a task -> whether Ploomber's check before a run would refuse them, though they run.

Ploomber comments magics out and gives the rest to pyflakes, so a name that a magic binds, `display`, a top-level
`await` or `files = !ls` are errors to it. Such a task needs ``static_analysis: disable`` in pipeline.yaml.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from soorgeon_clone.analysis.undefined import undefined_names
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.size import is_heavy

_LINE = re.compile(r"\s*(?:%[a-zA-Z]|!.)")
_CELL = re.compile(r"\s*(%%[a-zA-Z]+)")
_RUNS_PYTHON = frozenset({"%%capture", "%%timeit", "%%time"})
# Known to IPython, unknown to pyflakes.
_UNKNOWN = frozenset({"display", "get_ipython", "In", "Out", "exit", "quit"})


def is_refused(cells: Sequence[Cell]) -> bool:
    """Return whether ``ploomber build`` would stop at the task, or at least take its time to look at it."""
    if is_heavy(cell.source for cell in cells if cell.kind == "code"):
        return True
    text = "\n".join(line for cell in cells if cell.kind == "code" for line in _without_magics(cell.source))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    statements = [_Names.of(statement) for statement in tree.body]
    if any(names.awaits or names.read & _UNKNOWN for names in statements):
        return True
    try:
        return not _are_plain(statements) and bool(undefined_names([text]))
    except RecursionError:
        return True


class _Names(NamedTuple):
    """The names of a statement: what it binds for others, in functions and classes of its own, and reads anywhere."""

    binds: frozenset[str]
    inside: frozenset[str]
    read: frozenset[str]
    awaits: bool

    @classmethod
    def of(cls, statement: ast.stmt) -> _Names:
        inside: set[str] = set()
        read: set[str] = set()
        awaits = False
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                (inside if isinstance(node.ctx, ast.Store) else read).add(node.id)
            elif isinstance(node, ast.arg):
                inside.add(node.arg)
            elif isinstance(node, ast.alias):
                inside.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside.add(node.name)
            elif isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
                awaits = True
        names = frozenset(inside)
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return cls(frozenset({statement.name}), names, frozenset(read), awaits)
        return cls(names, names, frozenset(read), awaits)


def _are_plain(statements: Sequence[_Names]) -> bool:
    """Return whether all names are seen at once to be defined: most tasks need no more than this."""
    known = frozenset(dir(builtins)).union(*(names.binds for names in statements))
    return all(names.read - names.inside <= known for names in statements)


def _without_magics(source: str) -> Iterator[str]:
    rest_is_other = False
    for line in source.split("\n"):
        magic = _CELL.match(line)
        if rest_is_other or magic or _LINE.match(line):
            yield f"# {line}"
        else:
            yield line
        if magic and magic.group(1) not in _RUNS_PYTHON:
            rest_is_other = True
