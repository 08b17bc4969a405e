"""How many blank lines stand between two cells of a script: two around a function or a class, as jupytext has it."""

from __future__ import annotations

from collections.abc import Sequence

from soorgeon_clone.notebook.percent_lines import quote_after


def blank_lines(cells: Sequence[Sequence[str]]) -> list[int]:
    """Return how many blank lines follow each cell, given as its marker and its lines."""
    gaps = [1] * len(cells)
    starts = code = False  # what stands below: first a definition, any code at all
    for index in range(len(cells) - 1, -1, -1):
        lines = cells[index]
        if index + 1 < len(cells):
            gaps[index] = _gap(lines, starts, code)
        starts = _starts_definition(lines, gaps[index], starts)
        code = _has_code(lines, gaps[index], code)
    return gaps


def _gap(lines: Sequence[str], next_starts_definition: bool, next_has_code: bool) -> int:
    if _ends_with_definition(lines):
        return 2 if next_has_code else 1
    ends_with_code = bool(lines[-1].strip()) and not lines[-1].startswith("#")
    return 2 if ends_with_code and next_starts_definition else 1


def _ends_with_definition(lines: Sequence[str]) -> bool:
    quote: str | None = None
    unquoted = []
    for line in lines:
        if quote is None:
            unquoted.append(line)
        quote = quote_after(line, quote)
    for index in range(len(unquoted) - 1, -1, -1):
        line = unquoted[index]
        if not line.strip():
            if index + 1 < len(unquoted) and not unquoted[index + 1].strip():
                return False
        elif not line.startswith(("#", " ", ")")):
            return line.startswith(("def ", "async ", "class "))
    return False


def _starts_definition(lines: Sequence[str], blanks: int, below: bool) -> bool:
    """Tell whether the first statement from here on is a function or a class, with no two blank lines before it."""
    quote: str | None = None
    for index, line in enumerate(lines):
        quoted, quote = quote is not None, quote_after(line, quote)
        if quoted:
            continue
        if not line.strip():
            if index and not lines[index - 1].strip():
                return False
        elif line.startswith(("def ", "async ", "class ")):
            return True
        elif not line.startswith(("#", "@", " ", ")")):
            return False
    return below and blanks == 1 and bool(lines[-1].strip())


def _has_code(lines: Sequence[str], blanks: int, below: bool) -> bool:
    for index, line in enumerate(lines):
        if not line.strip():
            if index and not lines[index - 1].strip():
                return False
        elif not line.lstrip().startswith("#"):
            return True
    return below and blanks == 1 and bool(lines[-1].strip())
