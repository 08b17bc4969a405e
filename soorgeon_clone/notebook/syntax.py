"""Whether text is Python as a notebook runs it: as statements at the top level, where ``await`` may stand."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

_FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

# What tells Python from a few words of prose or of another language that happen to parse.
_TELLING = (ast.Call, ast.Assign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


class CellSyntaxError(Exception):
    """A cell is no Python, even with its IPython syntax kept aside. ``row`` and ``column`` are 1-based, in the cell."""

    def __init__(self, row: int, column: int, message: str) -> None:
        super().__init__(f"line {row}, column {column}: {message}")
        self.row = row
        self.column = column
        self.message = message


def problem(source: str) -> CellSyntaxError | None:
    """Return why the source does not compile as the statements of a cell, or None.

    Raises CellSyntaxError where no rewriting of IPython's syntax could help.
    """
    try:
        _compile(source)
    except SyntaxError as error:
        if _compiles_apart(source):
            return None
        column = error.offset or 1
        return CellSyntaxError(max(error.lineno or 1, 1), max(column, 1), error.msg or "invalid syntax")
    except (RecursionError, MemoryError, OverflowError):
        raise CellSyntaxError(1, 1, "nested too deeply for Python to compile") from None
    except ValueError as error:  # null bytes, lone surrogates
        raise CellSyntaxError(*_first_odd_character(source), str(error)) from None
    return None


def _compile(source: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(source, "<cell>", "exec", flags=_FLAGS, dont_inherit=True)


def _compiles_apart(source: str) -> bool:
    """Tell whether each statement compiles by itself, which is how IPython runs them (``x = 1; global x`` is fine)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        for statement in tree.body:
            _compile(ast.Module([statement], []))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _first_odd_character(source: str) -> tuple[int, int]:
    odd = re.search("[\0\ud800-\udfff]", source)
    before = source[: odd.start()] if odd else ""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def is_python(text: str) -> bool:
    """Tell whether text is a number of whole statements: an open bracket, or a row that goes on below it, is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "<cell>", "exec", flags=_FLAGS | ast.PyCF_ONLY_AST, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def is_simple(statement: str) -> bool:
    """Tell whether the text is Python that may follow a colon or a semicolon: no ``for``, no ``def``."""
    try:
        body = ast.parse("if 1: " + statement.strip()).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return len(body) == 1


def is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def is_telling(text: str) -> bool:
    """Tell whether text that parses is more than a few words that happen to (``not python``)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return any(isinstance(node, _TELLING) for node in ast.walk(ast.parse(text)))


def names_bound(text: str) -> tuple[frozenset[str], bool]:
    """Return every name that Python text binds in any scope, and whether it may bind others that it does not show."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nodes = list(ast.walk(ast.parse(text)))
    return frozenset(name for node in nodes if (name := _name_bound(node))), any(map(_binds_unseen, nodes))


def _name_bound(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return name
        case ast.alias(name=name, asname=asname):
            return asname or name.partition(".")[0]
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.ExceptHandler(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name):
            return name
        case ast.MatchMapping(rest=name):
            return name
    return None


def _binds_unseen(node: ast.AST) -> bool:
    match node:
        case ast.alias(name="*") | ast.Name(id="exec" | "globals" | "locals" | "vars" | "setattr"):
            return True
        case ast.Attribute(attr="user_ns" | "push" | "run_cell" | "ex"):  # of get_ipython()
            return True
        case ast.Call(func=ast.Attribute(attr="run_line_magic"), args=[ast.Constant(value=magic), *_]):
            return magic in ("run", "store", "load", "loadpy", "macro")
    return False
