"""SG102: execution counts that are missing."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.counts import all_counts, longest_run, renumbered
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.script import has_code
from soorgeon_clone.lint.subject import Subject, on_cell


class GapInCounts:
    """Execution counts are missing: cells were run and then deleted, or run again.

    Why:
        What a deleted cell did (a variable it made, a setting it changed) is still in what the notebook shows, and
        will be missing when it runs again. A cell that was run twice may have changed its data twice. Nothing is said
        where counts rise but a restart lies between. `--fix` counts the cells anew.

    Bad:
        [1] df = load()
        [4] df.plot()

    Good:
        [1] df = load()
        [2] df.plot()
    """

    code = "SG102"
    name = "gap-in-counts"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        cells = all_counts(subject.notebook)
        counts = [count for _, count in cells]
        missing_before = _gaps(counts)
        cleared = _cleared_above(subject)
        linear = len(longest_run(counts, strict=True)) == len(counts)
        fix = renumbered(subject.notebook, safe=True) if linear else None
        for cell, count in cells:
            if (gap := missing_before.pop(count, None)) is not None:
                first, last = gap
                if last - first < cleared[cell.index]:
                    continue  # the cells above ran, and lost their counts: SG104 speaks of them
                runs = f"run [{first}] is" if first == last else f"runs [{first}] to [{last}] are"
                message = f"{runs} gone: a cell was deleted after it ran, or ran again"
                yield on_cell(cell, message, hint="Restart the kernel, run all cells, and save.", fix=fix)


def _gaps(counts: list[int]) -> dict[int, tuple[int, int]]:
    """Return the missing counts in front of each count: count -> (first, last)."""
    gaps = {}
    before = 0
    for count in sorted(set(counts)):
        if count > before + 1:
            gaps[count] = (before + 1, count - 1)
        before = count
    return gaps


def _cleared_above(subject: Subject) -> dict[int, int]:
    """Return for each cell with a count how many cells without one stand between it and the next one above."""
    found = {}
    waiting = 0
    for cell in subject.code_cells:
        if cell.execution_count is not None:
            found[cell.index] = waiting
            waiting = 0
        elif has_code(cell.source):
            waiting += 1
    return found
