"""SG509: very large outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell


class LargeOutput:
    """A cell's outputs are very large.

    Why:
        They make the file slow to open and to compare, and stay in version control for ever.
        ``limits.output-kilobytes`` is the largest that is let through; `soorgeon-clone clean --strip-outputs` takes
        outputs out.

    Bad:
        (a cell that shows 5 MB of interactive plot)

    Good:
        (a picture of 50 kB)
    """

    code = "SG509"
    name = "large-output"
    severity: Severity = "info"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        for cell in subject.code_cells:
            size = sum(_size(output) for output in cell.outputs)
            if size > subject.limits.output_kilobytes * 1000:
                limit = subject.limits.output_kilobytes
                message = f"its outputs take {size / 1000:.0f} kB, more than {limit} kB"
                yield on_cell(cell, message, hint="Show less, or strip outputs before you commit.")


def _size(value: Any) -> int:
    """Return about how many characters a value takes in the file."""
    total = 0
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            total += len(item)
        elif isinstance(item, Mapping):
            total += sum(len(str(key)) for key in item)
            stack.extend(item.values())
        elif isinstance(item, (list, tuple)):
            stack.extend(item)
        else:
            total += 4
    return total
