"""A fixture notebook -> the findings that it marks itself.

print(total)  # expect: SG201            on this line (or, for findings about a cell, in this cell)
expect-notebook: SG501                   anywhere: a finding about the notebook
expect-cell 3: SG505                     anywhere: a finding about that cell, which has no text to mark
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from soorgeon_clone.lint.model import Diagnostic
from soorgeon_clone.notebook.model import Notebook

_MARK = re.compile(r"expect(-notebook|-cell (\d+))?: (SG\d+(?:, SG\d+)*)")

# (code, cell from 0 or None, row or None where only the cell counts)
Expected = Counter[tuple[str, int | None, int | None]]


def expected(notebook: Notebook) -> Expected:
    """Return what the notebook marks."""
    found: Expected = Counter()
    for cell in notebook.cells:
        for row, line in enumerate(cell.source.split("\n"), 1):
            for scope, number, codes in _MARK.findall(line):
                for code in codes.split(", "):
                    if scope == "-notebook":
                        found[code, None, None] += 1
                    elif scope:
                        found[code, int(number) - 1, None] += 1
                    else:
                        found[code, cell.index, row] += 1
    return found


def agree(marked: Expected, diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Return what is missing and what is too much; a finding without a row agrees with a mark anywhere in its cell."""
    left = Counter(marked)
    problems = []
    for one in diagnostics:
        place = one.finding.cell, one.finding.row
        candidates = [
            key
            for key in left
            if left[key] > 0
            and key[0] == one.code
            and key[1] == place[0]
            and (place[1] is None or key[2] is None or key[2] == place[1])
        ]
        if candidates:
            left[candidates[0]] -= 1
        else:
            problems.append(f"not marked: {one.code} at cell {place[0]}, row {place[1]}: {one.finding.message}")
    problems += [f"not found: {code} at cell {cell}, row {row}" for code, cell, row in left.elements()]
    return problems
