"""SG106: outputs that the cell's code did not make."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.script import CodeCell
from soorgeon_clone.lint.subject import Subject, on_cell


class StaleOutput:
    """An output is older than its cell: it comes from another run, or from code that was there before.

    Why:
        A reader takes an output for what the code above it gives. Two signs tell that it is not: the result's count
        is not the cell's, or the cell shows a result although it does not end in an expression.

    Bad:
        [5] mean = df.mean()
        Out[3]: 12.5

    Good:
        [5] df.mean()
        Out[5]: 12.5
    """

    code = "SG106"
    name = "stale-output"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        for code in subject.script.cells:
            cell = code.cell
            results = [output for output in cell.outputs if output.get("output_type") == "execute_result"]
            counts = [n for output in results if isinstance(n := output.get("execution_count"), int)]
            count = cell.execution_count
            hint = "Run the cell again."
            if count is not None and counts and count not in counts:
                yield on_cell(cell, f"shows the result of run [{counts[0]}], but ran last as [{count}]", hint=hint)
            elif results and _ends_in_no_expression(code) and not _shows_more(subject):
                yield on_cell(cell, "shows a result, but its code does not end in an expression", hint=hint)


def _ends_in_no_expression(code: CodeCell) -> bool:
    return bool(code.body) and not code.magics and not isinstance(code.body[-1], ast.Expr)


def _shows_more(subject: Subject) -> bool:
    """Tell whether the notebook asks IPython to display other statements as well."""
    words = ("interactivity", "display_expr", "displayhook")
    return any(word in cell.source for cell in subject.code_cells for word in words)
