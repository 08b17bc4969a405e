"""A star import gives no name that the notebook binds otherwise."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.callee import star_module
from soorgeon_clone.pipeline.assumptions.comments import behind
from soorgeon_clone.pipeline.assumptions.guards.guard import Found, Guard, Subject


class BindsNothingElse:
    """The guard of one star import."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def begin(self, namespace: Mapping[str, Any]) -> None:
        """What the module gives is known when it is imported."""

    def end(self, namespace: Mapping[str, Any]) -> Found | None:
        """Compare what it gives with the names that are bound otherwise."""
        for module in _modules(self._subject):
            given = names_given_by(module)
            names = self._subject.names or _bound_otherwise((*self._subject.loads, *self._subject.own), module)
            if both := sorted(given.intersection(names)):
                listed = ", ".join(f"`{name}`" for name in both[:5])
                more = f" and {len(both) - 5:,} more" if len(both) > 5 else ""
                return Found(tuple(both), f"`from {module} import *` gives {listed}{more} as well")
        return None


def names_given_by(module: str) -> set[str]:
    """Return the names that a star import of a module binds, none if it is not imported."""
    loaded = sys.modules.get(module)
    if loaded is None:
        return set()
    listed = getattr(loaded, "__all__", None)
    return set(map(str, listed)) if listed is not None else {name for name in vars(loaded) if not name.startswith("_")}


def _modules(subject: Subject) -> list[str]:
    """Return the modules of star imports behind which the comment stands, or that it names."""
    named = [module for one in subject.assumptions if one.cause and (module := star_module(one.cause.statement))]
    if named:
        return named
    found = []
    for source in (*subject.loads, *subject.own):
        for line in source.splitlines():
            if module := star_module(line.strip()):
                code = line.partition("#")[0].rstrip()
                if any(line.rstrip() == behind(code, one) for one in subject.assumptions):
                    found.append(module)
    return found


def _bound_otherwise(cells: Iterable[str], module: str) -> set[str]:
    """Return the names that a task's cells bind by other statements, and the builtins that they read."""
    bound: set[str] = set()
    read: set[str] = set()
    for source in cells:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                bound.add(node.name)
            elif isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and node.module != module):
                bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    return bound | (read & set(dir(builtins)))


def guard(subject: Subject) -> Guard:
    """Return the guard of one star import."""
    return BindsNothingElse(subject)
