"""The nouns of lint: what a rule finds, and how it would be mended.

What there may be thousands of is a NamedTuple: it is made in a third of the time of a frozen dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple


@dataclass(frozen=True)
class Planned:
    """What `refactor` would do. ``merges``: the titles of sections that become one task, and the reason; ``tasks``: the
    task of each section, by its number from 0; ``comes``: how a name comes to a task: (name, task, carrier)."""

    merges: tuple[tuple[tuple[str, ...], str], ...] = ()
    tasks: tuple[str, ...] = ()
    comes: frozenset[tuple[str, str, str]] = frozenset()


Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


class ReplaceRows(NamedTuple):
    """Put ``lines`` in the place of a cell's rows ``first`` to ``last`` (1-based); ``last = first - 1`` inserts."""

    cell: int
    first: int
    last: int
    lines: tuple[str, ...]


class RemoveCell(NamedTuple):
    """Take a whole cell out."""

    cell: int


class SetCount(NamedTuple):
    """Give a cell, and the results in its outputs, another execution count."""

    cell: int
    number: int


Edit = ReplaceRows | RemoveCell | SetCount


class Fix(NamedTuple):
    """Edits that are made together or not at all. Not ``safe``: the notebook may then compute something else.

    ``imports`` are modules that are then imported elsewhere or no more; it is not safe if one is the user's own.
    """

    edits: tuple[Edit, ...]
    safe: bool = True
    imports: tuple[str, ...] = ()


class Finding(NamedTuple):
    """What a rule says, and where: ``cell`` counts from 0 (None: the whole notebook), row and column from 1.

    ``end_column`` is the column behind the last character. ``subject`` is what a rule needs to know to confirm it
    (see `LiveRule`): the module that it is about.
    """

    message: str
    cell: int | None = None
    row: int | None = None
    column: int | None = None
    end_row: int | None = None
    end_column: int | None = None
    hint: str = ""
    fix: Fix | None = None
    subject: str = ""


class Diagnostic(NamedTuple):
    """A finding with its rule and its file, as it is reported. ``lines`` are the source rows that it covers."""

    code: str
    name: str
    severity: Severity
    file: str
    finding: Finding
    cell_id: str | None = None
    lines: tuple[str, ...] = ()

    @property
    def position(self) -> tuple[int, int, int, str, str]:
        """What diagnostics of one file are sorted by: the notebook as a whole first."""
        found = self.finding
        cell = -1 if found.cell is None else found.cell
        return cell, found.row or 0, found.column or 0, self.code, found.message


class Limits(NamedTuple):
    """From which size on rules of shape speak up; the keys of ``[tool.soorgeon-clone.lint.limits]``."""

    cell_lines: int = 50
    section_lines: int = 250
    notebook_cells: int = 100
    output_kilobytes: int = 1000
    sections_from_cells: int = 10


# The rules that --fix obeys by putting cells in another order.
ORDER_RULES = frozenset({"SG101", "SG201", "SG207"})


@dataclass(frozen=True)
class FileResult:
    """What came of one file: findings, or ``trouble`` (it could not be read), or ``note`` (it was skipped)."""

    file: str
    diagnostics: tuple[Diagnostic, ...] = ()
    trouble: str = ""
    note: str = ""
