"""A cell before and after it was formatted -> whether it still does, and shows, the same.

Formatting may change the layout alone, and the order of imports only where no import sees another: names that two of
them bind, star imports, modules of the user's own, which may do anything when they are imported. What tools read from
the rows of a cell stays in its row: the semicolon that hides a value, the form fields of Colab (``x = 1 #@param``).
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from soorgeon_clone.lint.imports import Import, bound_name
from soorgeon_clone.lint.script import parse
from soorgeon_clone.lint.surroundings import surroundings_of
from soorgeon_clone.notebook.ipython import CellSyntaxError, to_python

_FORM = re.compile(r"(.*?)#[ \t]*@(?:param|title|markdown)\b.*")
_HIDES = re.compile(r";[ \t]*(?:#.*)?$")


def difference(before: str, after: str, folder: Path, *, shows_docs: bool = False) -> str:
    """Return why the new source of a cell is not the same as the old one, for a notebook in ``folder``; "" if it is.

    ``shows_docs``: the notebook may show the white space in docstrings.
    """
    try:
        old, new = (parse(to_python(source).text) for source in (before, after))
    except (CellSyntaxError, SyntaxError, ValueError, RecursionError, MemoryError):
        return "formatting would make it invalid"
    if _dumped(old, folder, shows_docs) != _dumped(new, folder, shows_docs):
        return "its imports, or the white space in its texts, mean something as they are"
    if _forms(before) != _forms(after):
        return "formatting would part a form field from its value"
    if bool(_HIDES.search(before.rstrip())) != bool(_HIDES.search(after.rstrip())):
        return "formatting would show a value that is hidden"
    return ""


def _dumped(tree: ast.Module, folder: Path, shows_docs: bool) -> str:
    """Return what a tree does as a text; the tree is changed."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                setattr(node, name, _with_runs(body, folder))
        if not shows_docs and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                first.value.value = _words(first.value.value)
    return ast.dump(tree)


def _words(value: Any) -> Any:
    return inspect.cleandoc(value).split() if isinstance(value, str) else value


def _with_runs(body: list[ast.stmt], folder: Path) -> list[ast.stmt]:
    """Return statements with each run of imports replaced by what it does."""
    done: list[ast.stmt] = []
    for is_import, group in groupby(body, lambda node: isinstance(node, (ast.Import, ast.ImportFrom))):
        run = list(group)
        done += [ast.Expr(ast.Constant(_effect(run, folder)))] if is_import else run
    return done


def _effect(run: Sequence[Any], folder: Path) -> str:
    """Return what a run of imports does: what names are bound to at last, and the order where one may see another."""
    bound: dict[str, str] = {}
    imported: list[str] = []
    seen_by_local: list[tuple[str, list[str]]] = []
    stars = False
    for node in run:
        for alias in node.names:
            module = _module(node) or alias.name
            if _is_local(node, module, folder) and module not in imported:
                seen_by_local.append((module, sorted(imported)))
            imported += [module] if module not in imported else []
            stars = stars or alias.name == "*"
            bound[bound_name(node, alias) if alias.name != "*" else module + ".*"] = f"{module}:{alias.name}"
    return repr((list(bound.items()) if stars else sorted(bound.items()), sorted(seen_by_local)))


def _module(node: Import) -> str:
    return "." * node.level + (node.module or "") if isinstance(node, ast.ImportFrom) else ""


def _is_local(node: Import, module: str, folder: Path) -> bool:
    top = module.partition(".")[0]
    if not top:  # a relative import
        return True
    return top not in sys.stdlib_module_names and surroundings_of(str(folder)).is_beside(top)


def _forms(source: str) -> list[tuple[str, str]]:
    """Return the rows with fields of Colab's forms: the code before the mark, and the comment without its spaces."""
    found = []
    for row in source.split("\n"):
        if match := _FORM.match(row):
            code = match[1].strip()
            with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                code = ast.dump(ast.parse(code))
            found.append((code, "".join(row[match.end(1) :].split())))
    return found
