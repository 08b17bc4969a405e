"""SG205: ``from module import *``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from soorgeon_clone.lint.imports import is_written, stands_alone, wrapped
from soorgeon_clone.lint.mentions import mentioned_words
from soorgeon_clone.lint.model import Finding, Fix, ReplaceRows, Severity
from soorgeon_clone.lint.script import CodeCell
from soorgeon_clone.lint.subject import Subject


class StarImport:
    """A star import binds names that nobody sees.

    Why:
        It hides where a name comes from, may replace variables and builtins without a word (``from numpy import *``
        once replaced ``sum``), and keeps undefined names from being found. `--fix` writes out the names that are
        used, if the module's source tells which it has.

    Bad:
        from math import *
        area = pi * r**2

    Good:
        from math import pi
        area = pi * r**2
    """

    code = "SG205"
    name = "star-import"
    severity: Severity = "warning"
    default = True
    aliases = ("F403", "F405")

    def check(self, subject: Subject) -> Iterator[Finding]:
        stars = [
            (cell, node)
            for cell in subject.script.cells
            for node in cell.body
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*" and is_written(cell, node)
        ]
        if not stars:
            return
        for cell, node in stars:
            module = "." * node.level + (node.module or "")
            fix = _expanded(subject, cell, node, module, [other for _, other in stars])
            yield subject.at(node, f"`from {module} import *` binds names that nobody sees", fix=fix)


def _expanded(
    subject: Subject, cell: CodeCell, node: ast.ImportFrom, module: str, stars: list[ast.ImportFrom]
) -> Fix | None:
    from soorgeon_clone.analysis.star import exported_names

    exported = exported_names(module) if not node.level else ()
    used = {use.name for use in subject.names.used}
    names = sorted((used | mentioned_words(subject)).intersection(exported))
    if not names or not stands_alone(cell, node) or any(c.problem for c in subject.script.cells):
        return None
    known = {name for star in stars if not star.level for name in exported_names(star.module or "")}
    usages = (m for m in subject.messages if m.kind == "ImportStarUsage")
    safe = all(str(message.arguments[0]) in known for message in usages) and not _evaluates(used)
    first, last = node.lineno - cell.offset, (node.end_lineno or node.lineno) - cell.offset
    return Fix((ReplaceRows(cell.index, first, last, wrapped(f"from {module} import ", names)),), safe)


def _evaluates(used: set[str]) -> bool:
    return bool(used & {"eval", "exec", "globals", "locals", "vars"})
