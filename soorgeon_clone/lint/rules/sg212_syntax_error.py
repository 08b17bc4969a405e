"""SG212: cells that are no Python."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.notebook.tags import MAY_FAIL


class SyntaxErrorInCell:
    """A code cell is not valid Python, even with IPython's magics kept aside.

    Why:
        The cell cannot run. Nothing else can be said about what it would have bound or used, so the rules about names
        say less.

    Bad:
        print "hello"

    Good:
        print("hello")
    """

    code = "SG212"
    name = "syntax-error"
    severity: Severity = "error"
    default = True
    aliases = ("E999",)

    def check(self, subject: Subject) -> Iterator[Finding]:
        for code in subject.script.cells:
            if code.problem is None or MAY_FAIL in code.cell.tags:
                continue
            rows = code.cell.source.count("\n") + 1
            message = f"is not valid Python: {code.problem.message}"
            row = min(code.problem.row, rows)
            yield Finding(message, cell=code.index, row=row, column=code.problem.column)
