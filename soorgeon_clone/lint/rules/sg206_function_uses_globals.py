"""SG206: functions that read or write variables of the notebook."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class FunctionUsesGlobals:
    """A function reads or writes variables of the notebook instead of taking and returning values.

    Why:
        What it gives depends on which cells ran before, and it cannot move to a module. `refactor` carries such
        functions into every task that needs them, with their variables. Off unless selected.

    Bad:
        def scale(x):
            return x / total

    Good:
        def scale(x, total):
            return x / total
    """

    code = "SG206"
    name = "function-uses-globals"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        names = subject.names
        variables = {name for name, bound in names.bindings.items() if any(b.kind == "variable" for b in bound)}
        written: dict[int, set[str]] = {}
        if names.nodes.get(ast.Global):
            for function in names.functions:
                written[id(function)] = {n for s in ast.walk(function) if isinstance(s, ast.Global) for n in s.names}
        for binding in names.bound:
            node = binding.node
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            writes = written.get(id(node), set())
            reads = {use.name for use in names.uses_by_function.get(node, ())} & variables - writes
            parts = [
                f"{verb} {', '.join(f'`{name}`' for name in sorted(found))}"
                for verb, found in (("reads", reads), ("writes", writes))
                if found
            ]
            if parts:
                message = f"`{node.name}` {' and '.join(parts)} of the notebook"
                yield subject.at(node, message, rows=1, hint="Make them arguments and results.")
