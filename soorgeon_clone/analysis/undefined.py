"""Cells in order -> names that are used and never defined; the only module that knows pyflakes."""

from __future__ import annotations

import ast
from collections.abc import Sequence


def undefined_names(texts: Sequence[str]) -> frozenset[str]:
    """Return the names that pyflakes finds undefined in the cells' Python, taken as one module."""
    from pyflakes import checker, messages

    body: list[ast.stmt] = []
    for text in texts:
        try:
            tree = compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except (SyntaxError, ValueError):
            continue
        assert isinstance(tree, ast.Module)
        body.extend(tree.body)
    module = ast.Module(body=body, type_ignores=[])
    found = checker.Checker(module, filename="<notebook>", builtins={"display", "get_ipython"})
    kinds = (messages.UndefinedName, messages.UndefinedLocal)
    return frozenset(str(m.message_args[0]) for m in found.messages if isinstance(m, kinds))
