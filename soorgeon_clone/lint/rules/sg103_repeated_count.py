"""SG103: the same execution count twice."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.counts import all_counts, renumbered
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell


class RepeatedCount:
    """Two cells have the same execution count: the outputs come from more than one kernel.

    Why:
        One kernel counts each run once. Cells with the same count ran in different sessions (or one was copied), so
        nobody knows whether they work in one. `--unsafe-fixes` counts the cells anew.

    Bad:
        [1] df = load()
        [1] df.plot()

    Good:
        [1] df = load()
        [2] df.plot()
    """

    code = "SG103"
    name = "repeated-count"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        first: dict[int, int] = {}
        fix = renumbered(subject.notebook, safe=False)
        for cell, count in all_counts(subject.notebook):
            if count in first:
                other = first[count] + 1
                message = f"has the count [{count}] of cell {other}: they ran in different kernels, or one is a copy"
                yield on_cell(cell, message, hint="Restart the kernel, run all cells, and save.", fix=fix)
            first.setdefault(count, cell.index)
