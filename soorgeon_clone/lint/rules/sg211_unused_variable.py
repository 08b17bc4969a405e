"""SG211: variables that nothing reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from soorgeon_clone.lint.mentions import mentioned_words
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class UnusedVariable:
    """A variable is given a value that no cell reads.

    Why:
        It may be left over from code that is gone, or a slip in a name. Off unless selected, since people look at
        variables without writing it down.

    Bad:
        n_rows = len(df)
        print(nrows)

    Good:
        n_rows = len(df)
        print(n_rows)
    """

    code = "SG211"
    name = "unused-variable"
    severity: Severity = "info"
    default = False
    aliases = ("F841",)

    def check(self, subject: Subject) -> Iterator[Finding]:
        names = subject.names
        if subject.open_row < float("inf"):
            return
        unpacked = set(_unpacked(subject))
        mentioned = mentioned_words(subject)
        for name, bindings in names.bindings.items():
            if name in names.uses or name.startswith("_") or any(b.kind != "variable" for b in bindings):
                continue
            if name in mentioned or name in unpacked:
                continue
            node = bindings[0].node
            if isinstance(node, ast.Name) and not bindings[0].deferred:
                yield subject.at(node, f"`{name}` is never read")


def _unpacked(subject: Subject) -> Iterator[str]:
    """Yield the names that are bound together with others: ``fig, ax = plt.subplots()``."""
    names = subject.names
    together: list[ast.Tuple | ast.List] = [*names.of_kind(ast.Tuple), *names.of_kind(ast.List)]
    for node in together:
        if isinstance(node.ctx, ast.Store):
            yield from (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))
