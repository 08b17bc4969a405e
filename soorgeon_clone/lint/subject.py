"""What rules look at: one notebook, and what is known about it, worked out when a rule first asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soorgeon_clone.lint.model import Finding, Fix, Limits
from soorgeon_clone.notebook.model import Cell, Notebook

if TYPE_CHECKING:
    from soorgeon_clone.analysis.knowledge.effects import Knowledge
    from soorgeon_clone.analysis.model import NotebookFacts
    from soorgeon_clone.analysis.undefined import Message
    from soorgeon_clone.lint.missing import Missing
    from soorgeon_clone.lint.model import Planned
    from soorgeon_clone.lint.names import Located, Names
    from soorgeon_clone.lint.script import CodeCell, Script
    from soorgeon_clone.notebook.headings import Heading
    from soorgeon_clone.notebook.model import Section


@dataclass
class Subject:
    """One notebook. ``raw`` is the JSON of an .ipynb file (None for scripts), ``planned`` what refactor would do (None
    where that was not asked for, or cannot be told)."""

    notebook: Notebook
    limits: Limits = field(default_factory=Limits)
    raw: Mapping[str, Any] | None = None
    planned: Planned | None = None

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.notebook.cells if cell.kind == "code")

    @cached_property
    def script(self) -> Script:
        from soorgeon_clone.lint.script import script_of

        return script_of(self.notebook)

    @cached_property
    def names(self) -> Names:
        from soorgeon_clone.lint.names import names_of

        return names_of(self.script)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """What pyflakes says about all cells as one module."""
        from soorgeon_clone.analysis.undefined import messages
        from soorgeon_clone.notebook.ipython import NOTEBOOK_NAMES

        return messages(self.script.tree, NOTEBOOK_NAMES)

    @cached_property
    def missing(self) -> tuple[Missing, ...]:
        from soorgeon_clone.lint.missing import missing_names

        return missing_names(self)

    @cached_property
    def unread(self) -> Mapping[str, int]:
        """The words of cells that cannot be read as code, each with the first cell that has it."""
        from soorgeon_clone.lint.missing import unread_words

        return unread_words(self)

    @cached_property
    def open_row(self) -> float:
        """The script's first row that may bind any name at all; infinity if there is none."""
        from soorgeon_clone.lint.missing import first_open_row

        return first_open_row(self)

    @cached_property
    def headings(self) -> tuple[tuple[Cell, Heading], ...]:
        from soorgeon_clone.notebook.headings import headings

        return tuple((c, found) for c in self.notebook.cells if c.kind == "markdown" for found in headings(c.source))

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        from soorgeon_clone.notebook.sections import split

        return split(self.notebook)

    @property
    def folder(self) -> Path:
        """Where the notebook stands."""
        path = self.notebook.path
        return path.resolve().parent if path is not None else Path.cwd()

    @cached_property
    def tables(self) -> Knowledge:
        """What is known about libraries, also from the user."""
        from soorgeon_clone.analysis.knowledge.effects import knowledge, read_user_effects

        return knowledge(read_user_effects(self.folder))

    @cached_property
    def facts(self) -> NotebookFacts | None:
        """What each section does, as `refactor` sees it; None if that cannot be told. It takes its time.

        Raises UserError for a pyproject.toml that says nonsense about effects.
        """
        from soorgeon_clone.analysis.analyse import analyse
        from soorgeon_clone.analysis.scripts import scripts_in
        from soorgeon_clone.notebook.syntax import CellSyntaxError

        try:
            return analyse(self.sections, tables=self.tables, read_file=scripts_in(self.folder))
        except (CellSyntaxError, RecursionError):
            return None

    def at(
        self,
        node: Located,
        message: str,
        *,
        hint: str = "",
        fix: Fix | None = None,
        subject: str = "",
        rows: int | None = None,
    ) -> Finding:
        """Return a finding about a node of `script`; with ``rows``, about its first rows only."""
        row, column = node.lineno, node.col_offset
        end_row, end_column = node.end_lineno or row, node.end_col_offset
        if rows is not None and end_row - row >= rows:
            end_row, end_column = row, None
        start = self.script.column(row, column)
        end = None if end_column is None else self.script.column(end_row, end_column)
        cell = self.script.cell_at(row)
        shown = self._as_written(cell, row - cell.offset, start, end)
        return Finding(
            message,
            cell=cell.index,
            row=row - cell.offset,
            column=shown[0],
            end_row=end_row - cell.offset,
            end_column=shown[1],
            hint=hint,
            fix=fix,
            subject=subject,
        )

    def at_row(self, row: int, offset: int, message: str, *, length: int = 0, hint: str = "") -> Finding:
        """Return a finding about a place in `script`: a row of the module and a byte offset in it."""
        cell = self.script.cell_at(row)
        column = self.script.column(row, offset)
        start, end = self._as_written(cell, row - cell.offset, column, column + length if length else None)
        return Finding(message, cell.index, row - cell.offset, start, row - cell.offset, end, hint=hint)

    @staticmethod
    def _as_written(cell: CodeCell, row: int, start: int, end: int | None) -> tuple[int, int | None]:
        """Return columns of a cell's Python as columns of its source, where IPython syntax stands in the row."""
        source, text = cell.source_rows, cell.rows
        if row > len(source) or row > len(text) or source[row - 1] == text[row - 1]:
            return start, end
        word = text[row - 1][start - 1 : end - 1 if end else None]
        found = source[row - 1].find(word) if word else -1
        return (found + 1, found + 1 + len(word)) if found >= 0 else (1, None)


def on_cell(cell: Cell, message: str, *, row: int | None = None, hint: str = "", fix: Fix | None = None) -> Finding:
    """Return a finding about a whole cell, or one row of it."""
    return Finding(message, cell=cell.index, row=row, hint=hint, fix=fix)
