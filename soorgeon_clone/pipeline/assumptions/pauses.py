"""Statements that are known to make settings -> cells in which guards do not look at what these do.

A call before such a statement, and one behind it, are put into the syntax tree of its cell; the text stays as it is.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterable
from typing import Any

from soorgeon_clone.pipeline.assumptions.statements import normalized

_PAUSE, _RESUME = "soorgeon-clone: pause", "soorgeon-clone: resume"  # among the builtins; no code can have such names


class Pauses:
    """The statements of one task, by their text. ``pause`` and ``resume`` are called around each."""

    def __init__(self, statements: Iterable[str], pause: Callable[[], None], resume: Callable[[], None]) -> None:
        self._statements = frozenset(statements)
        self._calls = {_PAUSE: pause, _RESUME: resume}
        self._source = ""
        self._transformers: list[Any] | None = None

    def before(self, source: str) -> None:
        """Make ready for a cell, "" for one in which there are none: where IPython runs it, it asks for the tree."""
        self._source = source.replace("\r\n", "\n")
        vars(builtins).update(self._calls)
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        if shell is not None and self._transformers is None:
            self._transformers = shell.ast_transformers
            self._transformers.append(self)

    def end(self) -> None:
        """Leave no trace."""
        if self._transformers is not None and self in self._transformers:
            self._transformers.remove(self)
        for name in self._calls:
            vars(builtins).pop(name, None)

    def visit(self, tree: Any) -> Any:
        """Return the tree of the cell with the calls in it. Behind its last statement there is none."""
        if not isinstance(tree, ast.Module) or not self._source:
            return tree
        body: list[ast.stmt] = []
        for node in tree.body:
            if not self._is_meant(node):
                body.append(node)
                continue
            body += [_call(_PAUSE, node), node]
            if node is not tree.body[-1]:
                body.append(_call(_RESUME, node))
        tree.body = body
        return tree

    def _is_meant(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return False
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        rows = "\n".join(self._source.split("\n")[first - 1 : node.end_lineno])
        alone = ast.get_source_segment(self._source, node) or ""
        return not self._statements.isdisjoint((normalized(rows), normalized(alone)))


def _call(name: str, node: ast.stmt) -> ast.stmt:
    call = ast.Expr(ast.Call(ast.Name(name, ast.Load()), [], []))
    for one in ast.walk(call):
        ast.copy_location(one, node)
    return call
