"""SG208: cells that need each other."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.cycles import cycles
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell
from soorgeon_clone.notebook.model import Cell

Needs = dict[int, dict[int, set[str]]]  # cell -> cell that it needs -> names


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
        groups = [g for g in cycles({cell: set(names) for cell, names in needs.items()}) if late_cells & g]
        for group in groups:
            message = f"no order of these cells works: {_reasons(group, needs)}"
            yield on_cell(_first(group, subject), message, hint="Split the cell that is needed in two.")
        if not groups:
            yield from _sections(subject, needs)


def _sections(subject: Subject, needs: Needs) -> Iterator[Finding]:
    """Yield sections that need each other, although their cells do not."""
    section_of = {cell.index: number for number, one in enumerate(subject.sections) for cell in one.cells}
    graph = {number: set[int]() for number in range(len(subject.sections))}
    for cell, others in needs.items():
        graph[section_of[cell]] |= {section_of[other] for other in others} - {section_of[cell]}
    for group in cycles(graph):
        cells = frozenset(cell for cell, number in section_of.items() if number in group)
        titles = " and ".join(repr(subject.sections[number].title) for number in sorted(group)[:3])
        crossing = {
            cell: {other: names for other, names in needs[cell].items() if section_of[other] != section_of[cell]}
            for cell in cells & needs.keys()
        }
        message = f"sections {titles} need each other: {_reasons(cells, crossing)}"
        hint = "Move cells, so that each section needs only those above it."
        yield on_cell(_first(frozenset(c for c in cells if crossing.get(c)), subject), message, hint=hint)


def _reasons(group: frozenset[int], needs: Needs) -> str:
    reasons = [
        f"cell {cell + 1} needs `{min(needs[cell][other])}` of cell {other + 1}"
        for cell in sorted(group & needs.keys())
        for other in sorted(needs[cell])
        if other in group
    ]
    return ", ".join(reasons[:4])


def _first(group: frozenset[int], subject: Subject) -> Cell:
    return subject.notebook.cells[min(group)]


def _needs(subject: Subject) -> Needs:
    """Return for each cell the cells that alone bind a name which it needs at once, with these names."""
    names = subject.names
    cells = subject.script.cells
    found: Needs = {cell.index: {} for cell in cells}
    for use in names.used:
        binders = {binding.cell for binding in names.bindings.get(use.name, ())}
        if use.function is None and use.certain and len(binders) == 1 and binders != {use.cell}:
            other = cells[binders.pop()].index
            found[cells[use.cell].index].setdefault(other, set()).add(use.name)
    return found
