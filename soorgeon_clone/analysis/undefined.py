"""Cells in order -> names that are used and never defined, and pyflakes' other messages (the only door to pyflakes)."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Message(NamedTuple):
    """One message: ``kind`` is pyflakes' class (``UndefinedName``), ``row`` and ``offset`` (bytes) its place."""

    kind: str
    row: int
    offset: int
    text: str
    arguments: tuple[object, ...]


def messages(module: ast.Module, provided: Iterable[str]) -> tuple[Message, ...]:
    """Return what pyflakes says about a module that also sees the names ``provided``."""
    from pyflakes import checker

    try:
        found = checker.Checker(module, filename="<notebook>", builtins=set(provided))
    except RecursionError:
        return ()
    return tuple(
        Message(type(m).__name__, m.lineno, m.col, m.message % m.message_args, tuple(m.message_args))
        for m in found.messages
    )


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
