"""For editors and grep: one line a finding, ``file:cell 3:2:5: SG201 message``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from soorgeon_clone import visible
from soorgeon_clone.lint.model import Diagnostic, FileResult


def render(results: Sequence[FileResult], style: Any) -> str:
    """Return the report."""
    return "\n".join(_line(one) for result in results for one in result.diagnostics)


def _line(diagnostic: Diagnostic) -> str:
    found = diagnostic.finding
    parts: list[str] = [visible.one_line(diagnostic.file)]
    if found.cell is not None:
        parts.append(f"cell {found.cell + 1}")
        parts += [str(number) for number in (found.row, found.column) if number is not None]
    message = visible.one_line(" ".join(found.message.split()))
    return f"{':'.join(parts)}: {diagnostic.code} {message} ({diagnostic.name})"
