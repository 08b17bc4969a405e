"""The cells of a script -> the names that it certainly reads before anything gives them a value.

Only what would certainly raise NameError is told: a name that no statement anywhere in the script binds, read where it
runs in any case. Code that can bind names in ways that cannot be seen has none.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

# IPython binds these, and the runner.
_GIVEN = frozenset(
    ("get_ipython", "display", "In", "Out", "exit", "quit", "open", "upstream", "product", "__file__", "__name__", "_")
)
_HIDDEN = frozenset(("exec", "eval", "globals", "locals", "vars", "setattr", "get_ipython", "__builtins__", "builtins"))
# What only runs if something is so, or later.
_NOT_CERTAIN = (
    ast.If, ast.Try, ast.While, ast.For, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.IfExp,
    ast.BoolOp, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.With, ast.AsyncWith, ast.AsyncFor,
    ast.Match, ast.AnnAssign, ast.Compare, ast.Delete,
)  # fmt: skip


def undefined(cells: Sequence[tuple[int, ast.Module]]) -> tuple[tuple[str, int, int], ...]:
    """Return each name with the cell and the line in it, both from 1. ``cells`` have their numbers."""
    nodes = [node for _, tree in cells for node in ast.walk(tree)]
    bound = {name for node in nodes for name in _bound(node)}
    read = {node.id for node in nodes if isinstance(node, ast.Name)}
    if "*" in bound or read & _HIDDEN:
        return ()
    found: dict[str, tuple[str, int, int]] = {}
    for number, tree in cells:
        for name, line in _certain(tree):
            known = name in bound or name in _GIVEN or hasattr(builtins, name) or name.startswith("_")
            if not known:
                found.setdefault(name, (name, number, line))
    return tuple(found.values())


def _certain(tree: ast.Module) -> Iterator[tuple[str, int]]:
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id, node.lineno
        if not isinstance(node, _NOT_CERTAIN):
            waiting += ast.iter_child_nodes(node)


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((alias.asname or alias.name).split(".")[0] for alias in node.names)
    elif isinstance(node, (ast.Global, ast.Nonlocal)):
        yield from node.names
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    elif isinstance(node, ast.arg):
        yield node.arg
