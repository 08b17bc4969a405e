"""A statement's text -> what it calls, and how it is given a variable, as far as text and imports tell."""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from soorgeon_clone.pipeline.assumptions.model import Effect


def effect_of(statement: str, names: Iterable[str], cells: Iterable[str], namespace: Mapping[str, Any]) -> Effect:
    """Return the call in a statement that is given one of these variables, else the first; nothing where none is
    known. ``cells`` hold the imports, ``namespace`` the objects whose methods are called."""
    calls = list(_calls(statement))
    wanted = set(names)
    imports = _imports(cells)
    for call in calls:
        argument = _argument(call, wanted)
        if argument:
            return Effect(_path(call.func, imports, namespace), argument)
    paths = [path for call in calls if (path := _path(call.func, imports, namespace))]
    return Effect(paths[0] if paths else "")


def packages_of(statement: str, cells: Iterable[str], namespace: Mapping[str, Any]) -> set[str]:
    """Return the packages whose code a statement calls: ``mylib`` of ``mylib.ml.balance(raw)``."""
    imports = _imports(cells)
    found = set()
    for call in _calls(statement):
        found.add(_path(call.func, imports, namespace).partition(".")[0])
    for name in {node.id for node in _nodes(statement, ast.Name)}:
        if name in imports:
            found.add(imports[name].partition(".")[0])
        elif name in namespace:
            value = namespace[name]
            found.add((getattr(value, "__module__", None) or type(value).__module__ or "").partition(".")[0])
    return found - {"", "builtins", "__main__"}


def star_module(line: str) -> str:
    """Return the module of ``from mylib.ml import *``; "" for other statements."""
    for node in _nodes(line, ast.ImportFrom):
        if any(alias.name == "*" for alias in node.names):
            return node.module or ""
    return ""


def entry_key(effect: Effect, namespace: Mapping[str, Any], imports_from: Iterable[str] = ()) -> tuple[str, str]:
    """Return the key of an entry in pyproject.toml for a call that is given a variable, and the parameter's name."""
    if effect.argument == "self" or not effect.argument:
        return effect.callee, effect.argument
    if not effect.argument.isdecimal():
        return f"{effect.callee}({effect.argument})", effect.argument
    position = int(effect.argument)
    names = _parameters(effect.callee)
    if position >= len(names):
        names = [f"argument{number}" for number in range(position + 1)]
    return f"{effect.callee}({', '.join(names[: position + 1])})", names[position]


def _parameters(path: str) -> list[str]:
    """Return the names of a function's positional parameters, if it can be found among what is imported."""
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        value: Any = sys.modules.get(".".join(parts[:length]))
        if value is None:
            continue
        for name in parts[length:]:
            value = getattr(value, name, None)
        try:
            parameters = inspect.signature(value).parameters.values()
        except (TypeError, ValueError):
            return []
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        found = [one.name for one in parameters if one.kind in kinds]
        return found[1:] if found[:1] == ["self"] else found
    return []


def _argument(call: ast.Call, names: set[str]) -> str:
    for number, one in enumerate(call.args):
        if _root(one) in names:
            return str(number)
    for keyword in call.keywords:
        if keyword.arg is not None and _root(keyword.value) in names:
            return keyword.arg
    if isinstance(call.func, ast.Attribute) and _root(call.func.value) in names:
        return "self"
    return ""


def _root(node: ast.expr) -> str | None:
    """Return the variable of ``raw``, ``raw["age"]``, ``raw.values``, ``*raw``."""
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Starred)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _path(node: ast.expr, imports: Mapping[str, str], namespace: Mapping[str, Any]) -> str:
    """Return the dotted path of what is called: through imports, or the class of the object that has the method."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    names.reverse()
    if node.id in imports:
        return ".".join((imports[node.id], *names))
    value = namespace.get(node.id)
    if names and value is not None and type(value).__module__ != "builtins":
        return ".".join((type(value).__module__, type(value).__qualname__, *names))
    module = getattr(value, "__module__", None)
    if module and not names and module not in ("__main__", "builtins"):
        return f"{module}.{getattr(value, '__qualname__', node.id)}"
    return ""


def _imports(cells: Iterable[str]) -> dict[str, str]:
    found = {}
    for source in cells:
        for node in _nodes(source, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        for node in _nodes(source, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _calls(statement: str) -> Iterator[ast.Call]:
    yield from _nodes(statement, ast.Call)


def _nodes(source: str, kind: Any) -> Iterator[Any]:
    yield from (node for node in _all_nodes(source) if isinstance(node, kind))


@functools.lru_cache(maxsize=64)
def _all_nodes(source: str) -> tuple[ast.AST, ...]:
    try:
        return tuple(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return ()
