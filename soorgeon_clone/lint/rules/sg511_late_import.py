"""SG511: imports that are not at the top."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from soorgeon_clone.lint.late_imports import moved_up, top_of
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.notebook import tags

_ADDED = tags.ADDED | {tags.PARAMETERS, tags.INJECTED}
# Of one notebook: each looks at all the code above it.
_MOST_FIXES = 200


class LateImport:
    """An import stands below the cells that only import.

    Why:
        Readers look for requirements at the top, and a missing package is noticed after an hour of computing. `--fix`
        moves the import to the first cell with imports; where something above could change what it imports, that
        takes ``--unsafe-fixes``.

    Bad:
        # %%
        df = load()
        # %%
        import numpy as np

    Good:
        # %%
        import numpy as np
        # %%
        df = load()
    """

    code = "SG511"
    name = "late-import"
    severity: Severity = "info"
    default = True
    aliases = ("E402",)

    def check(self, subject: Subject) -> Iterator[Finding]:
        started = False
        left = _MOST_FIXES
        top = top_of(subject)
        for position, cell in enumerate(subject.script.cells):
            added = not cell.cell.tags.isdisjoint(_ADDED)
            for node in cell.body:
                if not isinstance(node, (ast.Import, ast.ImportFrom)):
                    # what `refactor` adds to a task stands above the imports of a person, and always will
                    started = started or not (_prepares(node) or added)
                elif started and getattr(node, "module", None) != "__future__":
                    fix = moved_up(subject, top, position, node) if left and top else None
                    left -= bool(left)
                    yield subject.at(node, "this import stands below code", fix=fix)


def _prepares(node: ast.stmt) -> bool:
    """Tell whether a statement belongs among imports: texts, magics, settings by a call, ``try`` around imports."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, (ast.Constant, ast.Call))
    if isinstance(node, ast.Try):
        return any(isinstance(inner, (ast.Import, ast.ImportFrom)) for inner in node.body)
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        return isinstance(target, (ast.Attribute, ast.Subscript)) or (
            isinstance(target, ast.Name) and target.id.startswith("__")
        )
    return isinstance(node, ast.If)
