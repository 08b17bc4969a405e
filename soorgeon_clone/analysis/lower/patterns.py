"""The patterns of ``match`` -> the expressions that they evaluate, and the names that they bind."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from soorgeon_clone.analysis.lower.expressions import expression
from soorgeon_clone.analysis.lower.instructions import Instruction
from soorgeon_clone.analysis.lower.scopes import ScopeNames


@dataclass
class Pattern:
    """``binds``: name, how many parts deep in the subject its value is, and the container that it is put in, if any."""

    uses: list[Instruction] = field(default_factory=list)
    binds: list[tuple[str, int, str]] = field(default_factory=list)
    is_certain: bool = False

    def bind(self, scope: ScopeNames, name: str | None, depth: int, kind: str = "") -> None:
        if name is not None:
            scope.bind(name)
            self.binds.append((name, depth, kind))


def pattern(scope: ScopeNames, node: ast.pattern) -> Pattern:
    """Lower a pattern that stands in ``scope``."""
    found = Pattern(is_certain=isinstance(node, ast.MatchAs) and node.pattern is None)
    stack: list[tuple[ast.pattern, int]] = [(node, 0)]
    while stack:
        item, depth = stack.pop()
        inner: list[ast.pattern] = []
        step = 1
        if isinstance(item, ast.MatchValue):
            found.uses.append(expression(scope, item.value))
        elif isinstance(item, ast.MatchClass):
            found.uses.append(expression(scope, item.cls))
            inner = [*item.patterns, *item.kwd_patterns]
        elif isinstance(item, ast.MatchMapping):
            found.uses += [expression(scope, key) for key in item.keys]
            inner = item.patterns
            found.bind(scope, item.rest, depth + 1, "dict")
        elif isinstance(item, ast.MatchStar):
            found.bind(scope, item.name, depth, "list")
        elif isinstance(item, ast.MatchAs):
            inner, step = [item.pattern] if item.pattern is not None else [], 0
            found.bind(scope, item.name, depth)
        elif isinstance(item, ast.MatchSequence):
            inner = item.patterns
        elif isinstance(item, ast.MatchOr):
            inner, step = item.patterns, 0
        stack.extend((each, depth + step) for each in reversed(inner))
    return found
