"""SG104: a cell that did not run among cells that did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from soorgeon_clone.lint.counts import run_cells
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.script import has_code
from soorgeon_clone.lint.subject import Subject, on_cell
from soorgeon_clone.notebook.model import Cell


class CellNotRun:
    """A code cell has not run, although others have.

    Why:
        Nobody has seen whether the cell works with the rest. It may be left over, or it ran, was edited, and was not
        run again. Cells with a tag that says ``skip`` are left alone.

    Bad:
        [1] df = load()
        [ ] df = df.dropna()
        [2] df.plot()

    Good:
        [1] df = load()
        [2] df = df.dropna()
        [3] df.plot()
    """

    code = "SG104"
    name = "cell-not-run"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        if not run_cells(subject.notebook):
            return
        for cell in subject.code_cells:
            if cell.execution_count is not None or cell.outputs or not has_code(cell.source):
                continue
            if any("skip" in tag or tag.startswith("noeval") for tag in cell.tags) or _is_frozen(cell):
                continue
            yield on_cell(cell, "has not run, although other cells have", hint="Run all cells, or delete this one.")


def _is_frozen(cell: Cell) -> bool:
    """Tell whether the cell is kept from running (by the freeze extension of classic Jupyter)."""
    control = cell.metadata.get("run_control")
    return isinstance(control, Mapping) and bool(control.get("frozen"))
