"""SG201: a name that only a later cell defines."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class UsedBeforeDefinition:
    """A name is used above the cell that defines it.

    Why:
        It worked because the cells were run in another order. From top to bottom, this cell ends in a NameError.
        `--fix` puts cells in an order that works.

    Bad:
        # %%
        df.plot()
        # %%
        df = load()

    Good:
        # %%
        df = load()
        # %%
        df.plot()
    """

    code = "SG201"
    name = "used-before-definition"
    severity: Severity = "error"
    default = True
    aliases = ("F821",)

    def check(self, subject: Subject) -> Iterator[Finding]:
        for missing in subject.missing:
            if missing.kind != "later" or missing.later is None:
                continue
            definer = subject.script.cells[missing.later.cell].cell
            user = subject.script.cell_at(missing.row).cell
            row = getattr(missing.later.node, "lineno", 0) - subject.script.cells[missing.later.cell].offset
            where = f"in row {row}" if definer.index == user.index else f"in cell {definer.index + 1}"
            yield subject.at_row(
                missing.row,
                missing.offset,
                f"`{missing.name}` is used here, and defined only later, {where}",
                length=len(missing.name),
                hint="Move the definition up.",
            )
