"""SG203: a name that a cell defined which is gone."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class DefinedInDeletedCell:
    """A cell ran well although it uses a name that no cell defines: the cell that defined it is gone.

    Why:
        The name lives on in the kernel until that ends; after a restart this cell ends in a NameError, and nobody
        remembers the definition.

    Bad:
        [7] df[df.price > threshold]      # threshold = 100 stood in a cell that was deleted

    Good:
        [6] threshold = 100
        [7] df[df.price > threshold]
    """

    code = "SG203"
    name = "defined-in-deleted-cell"
    severity: Severity = "error"
    default = True
    aliases = ("F821",)

    def check(self, subject: Subject) -> Iterator[Finding]:
        for missing in subject.missing:
            if missing.kind == "gone":
                yield subject.at_row(
                    missing.row,
                    missing.offset,
                    f"`{missing.name}` was there when the cell ran, but no cell defines it: that cell is gone",
                    length=len(missing.name),
                    hint="Define it again, while the kernel still knows it.",
                )
