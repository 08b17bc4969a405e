"""For people: grouped by file, each finding with its line and a caret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from soorgeon_clone.lint.model import Diagnostic, FileResult
from soorgeon_clone.visible import Shown, one_line, visible

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_WIDEST = 110


def render(results: Sequence[FileResult], style: Any) -> Shown:
    """Return the report."""
    blocks = []
    for result in results:
        if result.diagnostics:
            lines = [style(one_line(result.file), bold=True)]
            for diagnostic in result.diagnostics:
                lines += _lines(diagnostic, style)
            blocks.append("\n".join(lines))
    return Shown("\n\n".join(blocks))


def _lines(diagnostic: Diagnostic, style: Any) -> Iterator[str]:
    found = diagnostic.finding
    code = style(diagnostic.code, fg=_COLOURS[diagnostic.severity], bold=True)
    mark = "" if found.fix is None else style(" [*]" if found.fix.safe else " [-]", fg="green")
    yield f"  {one_line(where(diagnostic))}: {code}{mark} {visible(found.message)} ({diagnostic.name})"
    if diagnostic.lines and found.row is not None:
        yield from _excerpt(diagnostic, style)
    if found.hint:
        yield f"        {style(visible('= ' + found.hint), dim=True)}"


def where(diagnostic: Diagnostic) -> str:
    """Return the place within the file: ``cell 3, line 2``."""
    found = diagnostic.finding
    if found.cell is None:
        return "notebook"
    identity = f" (id {diagnostic.cell_id})" if diagnostic.cell_id else ""
    row = "" if found.row is None else f", line {found.row}" + (f":{found.column}" if found.column else "")
    return f"cell {found.cell + 1}{identity}{row}"


def _excerpt(diagnostic: Diagnostic, style: Any) -> Iterator[str]:
    found = diagnostic.finding
    line = diagnostic.lines[0].replace("\t", " ")
    start = (found.column or 1) - 1
    same_row = found.end_row in (None, found.row)
    stop = found.end_column - 1 if same_row and found.end_column else len(line.rstrip()) if found.end_row else start + 1
    cut = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    end = cut + _WIDEST
    gutter = f"{found.row:>5} | "
    yield f"{style(gutter, dim=True)}{one_line(line[cut:end])}"
    if found.column is not None:
        # Where a character is shown as an escape, what stands behind it moves.
        indent, caret = " " * len(one_line(line[cut:start])), "^" * max(1, len(one_line(line[start : min(stop, end)])))
        yield f"{style('      | ', dim=True)}{indent}{style(caret, fg=_COLOURS[diagnostic.severity])}"
