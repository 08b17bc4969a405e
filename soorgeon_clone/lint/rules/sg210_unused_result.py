"""SG210: expressions whose value is neither shown nor used."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject

_ONLY_TO_LOOK_AT = frozenset(
    {"head", "tail", "describe", "nunique", "value_counts", "isna", "isnull", "corr", "memory_usage"}
)
_VALUES = (ast.Name, ast.Attribute, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.Compare, ast.List, ast.Tuple, ast.Dict)


class UnusedResult:
    """An expression in the middle of a cell has a value that is neither shown nor used.

    Why:
        Jupyter shows only what the last line of a cell gives. Somebody wanted to see this value, and does not.

    Bad:
        df.head()
        df.plot()

    Good:
        display(df.head())
        df.plot()
    """

    code = "SG210"
    name = "unused-result"
    severity: Severity = "warning"
    default = True
    aliases = ("B018",)

    def check(self, subject: Subject) -> Iterator[Finding]:
        if any("interactivity" in cell.source for cell in subject.code_cells):
            return
        for cell in subject.script.cells:
            if cell.magics and cell.magics[0].kind == "cell":
                continue
            for statement in cell.body[:-1]:
                if isinstance(statement, ast.Expr) and _is_for_looking(statement.value):
                    message = "the value of this line is neither shown nor used"
                    yield subject.at(statement, message, rows=1, hint="Put display() around it, or a cell of its own.")


def _is_for_looking(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        called = node.func
        return (
            isinstance(called, ast.Attribute)
            and called.attr in _ONLY_TO_LOOK_AT
            and all(isinstance(argument, ast.Constant) for argument in node.args)
            and not any(keyword.arg in ("out", "inplace") for keyword in node.keywords)
        )
    return isinstance(node, _VALUES) and not any(
        isinstance(inner, (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)) for inner in ast.walk(node)
    )
