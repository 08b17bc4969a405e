"""SG213: what else pyflakes finds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.notebook.tags import MAY_FAIL

if TYPE_CHECKING:
    from soorgeon_clone.analysis.undefined import Message

# What other rules say (with more knowledge of notebooks), or what is no mistake in a notebook.
_SAID_ELSEWHERE = frozenset(
    [
        *("UnusedImport", "UndefinedName", "ImportStarUsed", "ImportStarUsage", "ImportStarNotPermitted"),
        *("RedefinedWhileUnused", "LateFutureImport", "UndefinedExport", "ImportShadowedByLoopVar"),
        *("DoctestSyntaxError", "UnusedAnnotation"),
    ]
)


class LikelyMistake:
    """Code that runs and hardly does what was meant: a text without the placeholders it is formatted with, ``is``
    with a constant, a key twice in a dict, a local variable that is never read.

    Why:
        Each is one of pyflakes' findings, which are known for hardly ever being wrong.

    Bad:
        if kind is "test": ...
        print(f"done")

    Good:
        if kind == "test": ...
        print("done")
    """

    code = "SG213"
    name = "likely-mistake"
    severity: Severity = "warning"
    default = True
    aliases = ("F541", "F632", "F601", "F841", "F823", "F502", "F507", "F521", "F524")

    def check(self, subject: Subject) -> Iterator[Finding]:
        seen = set()
        awaits = {(n.lineno, n.col_offset) for n in subject.names.of_kind(ast.Await)}
        for message in subject.messages:
            if message.kind in _SAID_ELSEWHERE or message in seen or _is_await(message, awaits):
                continue
            seen.add(message)
            cell = subject.script.cell_at(message.row)
            if MAY_FAIL not in cell.cell.tags:
                yield subject.at_row(message.row, message.offset, message.text)


def _is_await(message: Message, awaits: set[tuple[int, int]]) -> bool:
    """Tell whether it is about ``await`` outside a function, which notebooks allow."""
    return message.kind == "YieldOutsideFunction" and (message.row, message.offset) in awaits
