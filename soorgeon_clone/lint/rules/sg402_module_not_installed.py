"""SG402: imports of modules that are not there."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from soorgeon_clone.lint.model import Finding, Severity

if TYPE_CHECKING:
    from soorgeon_clone.lint.subject import Subject
    from soorgeon_clone.lint.surroundings import Surroundings


class ModuleNotInstalled:
    """A module is imported that is neither installed nor a file beside the notebook.

    Why:
        The notebook does not run in this environment. What is judged is the environment in which `lint` runs; where
        that is another one (as in most pre-commit hooks), this rule says nothing: it speaks only if at least one
        third-party module of the notebook is found. Imports in ``try`` are left alone.

    Bad:
        import pandas as pd
        import pnadas_profiling

    Good:
        import pandas as pd
        import pandas_profiling
    """

    code = "SG402"
    name = "module-not-installed"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Yield every import of what is not in the standard library: `confirm` looks around."""
        seen = set()
        for cell in subject.script.cells:
            for node in cell.body:
                if isinstance(node, ast.ImportFrom) and (node.level or not node.module):
                    continue
                if not isinstance(node, (ast.Import, ast.ImportFrom)):
                    continue
                modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                for module in modules:
                    top = module.partition(".")[0]
                    if top in sys.stdlib_module_names or top in seen:
                        continue
                    seen.add(top)
                    yield subject.at(node, f"module `{top}` is not installed here", subject=top)

    def confirm(self, finding: Finding, others: tuple[str, ...], surroundings: Surroundings) -> bool:
        """Tell whether the module is really missing, while another of the notebook's modules is there."""
        if surroundings.has_module(finding.subject):
            return False
        return any(surroundings.is_installed(other) for other in others)
