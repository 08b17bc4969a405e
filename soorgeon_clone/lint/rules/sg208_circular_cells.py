"""SG208: cells that need each other."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.cycles import cycles
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell


class CircularCells:
    """Cells (or sections) need names from each other, so that no order of them works.

    Why:
        However the cells are put, the first of them ends in a NameError. One of them must be split.

    Bad:
        # %%
        a = 1
        print(b)
        # %%
        b = a + 1

    Good:
        # %%
        a = 1
        # %%
        b = a + 1
        # %%
        print(b)
    """

    code = "SG208"
    name = "circular-cells"
    severity: Severity = "error"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        late = [missing for missing in subject.missing if missing.kind == "later"]
        if not late:
            return
        needs = _needs(subject)
        late_cells = {subject.script.cell_at(missing.row).index for missing in late}
        for group in cycles({cell: set(names) for cell, names in needs.items()}):
            if not late_cells.intersection(group):
                continue
            first = min(group)
            reasons = [
                f"cell {cell + 1} needs `{min(needs[cell][other])}` of cell {other + 1}"
                for cell in sorted(group)
                for other in sorted(needs[cell])
                if other in group
            ]
            message = "no order of these cells works: " + ", ".join(reasons[:4])
            cell = subject.notebook.cells[first]
            yield on_cell(cell, message, hint="Split the cell that is needed in two.")


def _needs(subject: Subject) -> dict[int, dict[int, set[str]]]:
    """Return for each cell the cells that alone bind a name which it needs at once, with these names."""
    names = subject.names
    cells = subject.script.cells
    found: dict[int, dict[int, set[str]]] = {cell.index: {} for cell in cells}
    for use in names.used:
        binders = {binding.cell for binding in names.bindings.get(use.name, ())}
        if use.function is None and use.certain and len(binders) == 1 and binders != {use.cell}:
            other = cells[binders.pop()].index
            found[cells[use.cell].index].setdefault(other, set()).add(use.name)
    return found
