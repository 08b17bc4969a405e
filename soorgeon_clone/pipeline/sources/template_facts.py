"""The syntax of a template -> the tasks that it takes out of ``upstream``, and the names that must have a value."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import nodes


def upstream(tree: nodes.Template) -> Iterator[tuple[str, str | None]]:
    """Yield the tasks, and the keys of their products, that a template takes out of ``upstream``."""
    from jinja2 import nodes

    inner = set()
    for node in tree.find_all((nodes.Getitem, nodes.Getattr)):
        outer = _taken(node)
        if outer is None or isinstance(outer[0], nodes.Name):
            continue
        base = _taken(outer[0])
        if base is not None and _is_upstream(base[0]):
            inner.add(id(outer[0]))
            yield base[1], outer[1] if isinstance(node, nodes.Getitem) else None
    for node in tree.find_all((nodes.Getitem, nodes.Getattr)):
        found = _taken(node)
        if found is not None and _is_upstream(found[0]) and id(node) not in inner:
            yield found[1], None


def _taken(node: nodes.Node) -> tuple[nodes.Node, str] | None:
    """``a["b"]`` or ``a.b`` -> ``a`` and the key."""
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr):
        return node.node, node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        return node.node, node.arg.value
    return None


def _is_upstream(node: nodes.Node) -> bool:
    from jinja2 import nodes

    return isinstance(node, nodes.Name) and node.name == "upstream"


def names(tree: nodes.Template, known: Set[str] = frozenset()) -> dict[str, int]:
    """Return the names that must have a value, but for those ``known``, each with the line where it stands first."""
    from jinja2 import meta, nodes

    optional = {
        test.node.name
        for test in tree.find_all(nodes.Test)
        if test.name in ("defined", "undefined") and isinstance(test.node, nodes.Name)
    } | {
        one.node.name
        for one in tree.find_all(nodes.Filter)
        if one.name in ("default", "d") and isinstance(one.node, nodes.Name)
    }
    free = meta.find_undeclared_variables(tree) - optional - known - _builtin()
    found: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in free:
            found.setdefault(node.name, node.lineno)
    return found


def _builtin() -> set[str]:
    from jinja2.defaults import DEFAULT_NAMESPACE

    return set(DEFAULT_NAMESPACE)
