"""A call -> the dotted path of what it calls, from the imports of the notebook (``np.random.rand`` -> numpy...)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from soorgeon_clone.lint.names import Names


def import_paths(names: Names) -> Mapping[str, str]:
    """Return for each name that only imports bind the dotted path of what it denotes."""
    found: dict[str, str] = {}
    for name, bindings in names.bindings.items():
        if all(b.kind == "import" for b in bindings) and len({b.origin for b in bindings}) == 1:
            found[name] = bindings[0].origin
    return found


def path_of(node: ast.expr, paths: Mapping[str, str]) -> str:
    """Return the dotted path that an expression denotes; "" if it is not one of an import."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in paths:
        return ""
    return ".".join([paths[node.id], *reversed(parts)])


def calls(names: Names) -> Iterator[tuple[ast.Call, str]]:
    """Yield the calls of imported things, with their paths."""
    paths = import_paths(names)
    for node in names.of_kind(ast.Call):
        if path := path_of(node.func, paths):
            yield node, path
