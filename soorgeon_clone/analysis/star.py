"""A path -> whether it is a module, and the names that a star import of it binds: read from files, never imported."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import sys
from functools import lru_cache
from pathlib import Path

from soorgeon_clone.files import regular

_MOST_BYTES = 1_000_000  # of a module; what a larger one holds, nobody knows


@lru_cache(maxsize=256)
def exported_names(path: str) -> tuple[str, ...]:
    """Return the public names of module ``path`` (empty if they cannot be known)."""
    return tuple(sorted(_names(path, frozenset())))


@lru_cache(maxsize=1024)
def is_module_path(path: str) -> bool:
    """Whether ``path`` is a module's. What is not installed here is taken for one if it has no dot."""
    return "." not in path or path == "os.path" or _find(path) is not None


def is_installed(top: str) -> bool:
    """Whether a top-level module is installed here, or part of Python itself."""
    return top in sys.builtin_module_names or _find(top) is not None


def _names(path: str, seen: frozenset[str]) -> set[str]:
    if path in seen:
        return set()
    if path in sys.builtin_module_names:
        return {
            name for name in dir(sys.modules.get(path) or importlib.import_module(path)) if not name.startswith("_")
        }
    spec = _find(path)
    if spec is None or spec.origin is None:
        return set()
    origin = Path(spec.origin)
    if origin.suffix != ".py":
        if path.partition(".")[0] in sys.stdlib_module_names:  # an extension module of Python itself, such as math
            return _public(path)
        return set()
    try:
        tree = ast.parse(regular.read_bytes(origin, limit=_MOST_BYTES))
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, RecursionError, MemoryError):
        return set()  # no file, no Python, or too deep or in no encoding of text
    return _of_tree(tree, path, is_package=origin.name == "__init__.py", seen=seen | {path})


def _public(path: str) -> set[str]:
    """Return the public names of a module of Python itself that has no source."""
    return {name for name in dir(importlib.import_module(path)) if not name.startswith("_")}


def _find(path: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module's file without importing its parents."""
    search: list[str] | None = None
    spec = None
    for part in path.split("."):
        try:
            spec = importlib.machinery.PathFinder.find_spec(part if search is None else f"x.{part}", search)
        except (ImportError, ValueError):
            return None
        if spec is None:
            return None
        search = list(spec.submodule_search_locations or [])
    return spec


def _of_tree(tree: ast.Module, path: str, *, is_package: bool, seen: frozenset[str]) -> set[str]:
    names: set[str] = set()
    listed: set[str] | None = None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            if node in tree.body:
                names.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, path, is_package)
            for alias in node.names:
                if alias.name == "*":
                    names |= _names(module, seen)
                else:
                    names.add(alias.asname or alias.name)
        elif isinstance(node, ast.Import):
            names.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            targets = [statement.target]
        else:
            continue
        for target in targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Name):
                    names.add(part.id)
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
            try:
                value = ast.literal_eval(statement.value) if statement.value is not None else ()
                listed = (listed or set()) | {str(item) for item in value}
            except (ValueError, TypeError, AttributeError):
                listed = None
                names.add("__all__")
    return listed if listed else {name for name in names if not name.startswith("_")}


def _absolute(node: ast.ImportFrom, path: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = path.split(".")
    keep = len(parts) - node.level + (1 if is_package else 0)
    return ".".join([*parts[:keep], *([node.module] if node.module else [])])
