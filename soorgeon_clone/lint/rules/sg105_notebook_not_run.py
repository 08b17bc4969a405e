"""SG105: a notebook of which no cell ran."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.counts import run_cells
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.script import has_code
from soorgeon_clone.lint.subject import Subject


class NotebookNotRun:
    """No cell of the notebook has run since outputs were cleared.

    Why:
        Where notebooks are kept with their results, one without any was not run before it was saved. Off unless
        selected, since many projects keep notebooks without outputs on purpose.

    Bad:
        [ ] df = load()

    Good:
        [1] df = load()
    """

    code = "SG105"
    name = "notebook-not-run"
    severity: Severity = "info"
    default = False
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        if subject.raw is None or run_cells(subject.notebook):
            return
        cells = [cell for cell in subject.code_cells if has_code(cell.source)]
        if cells and not any(cell.outputs for cell in cells):
            yield Finding("no cell has run", hint="Run all cells, and save.")
