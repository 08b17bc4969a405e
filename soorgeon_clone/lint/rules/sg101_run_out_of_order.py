"""SG101: execution counts that fall from one cell to the next."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.counts import longest_run, run_cells
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell
from soorgeon_clone.notebook.model import Cell


class RunOutOfOrder:
    """A cell was not run in its place: its execution count does not fit between those above and below it.

    Why:
        What the notebook shows was computed in another order than it stands. Run from top to bottom, it may fail or
        show something else. Of several ways to see it, the one with the fewest cells out of place is reported.
        `--fix` puts cells back where data flow and counts agree on an order.

    Bad:
        [7] df = load()
        [3] df = df.dropna()

    Good:
        [1] df = load()
        [2] df = df.dropna()
    """

    code = "SG101"
    name = "run-out-of-order"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        cells = run_cells(subject.notebook)
        counts = [count for _, count in cells]
        in_place = set(longest_run(counts))
        latest: Cell | None = None
        above = 0
        for position, (cell, count) in enumerate(cells):
            ran_later = latest
            if count > above:
                latest, above = cell, count
            if position in in_place:
                continue
            where = f"after cells below it, as [{count}]"
            if ran_later is not None and above > count:
                where = f"as [{count}], before cell {ran_later.index + 1} above it ([{above}])"
            yield on_cell(cell, f"ran {where}", hint="Restart the kernel, run all cells, and save.")
