"""Cells of a task -> whether Ploomber's check before a run would refuse them, though they run.

Ploomber comments magics out and gives the rest to pyflakes, so a name that a magic binds, `display`, a top-level
`await` or `files = !ls` are errors to it. Such a task needs ``static_analysis: disable`` in pipeline.yaml.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence

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
    nodes = list(ast.walk(tree))
    if any(isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) for node in nodes):
        return True
    if any(isinstance(node, ast.Name) and node.id in _UNKNOWN for node in nodes):
        return True
    try:
        return not _is_plain(tree, nodes) and bool(undefined_names([text]))
    except RecursionError:
        return True


def _is_plain(tree: ast.Module, nodes: Sequence[ast.AST]) -> bool:
    """Return whether all names are seen at once to be defined: most tasks need no more than this."""
    known = set(dir(builtins))
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            known.update((alias.asname or alias.name).split(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            known.add(statement.name)
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.For | ast.With):
            known.update(node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and _binds(node))
    return all(not isinstance(node, ast.Name) or node.id in known for node in nodes)


def _binds(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


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
