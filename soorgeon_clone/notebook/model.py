"""The nouns of a notebook: cell, notebook, Python code of a cell, section, place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

CellKind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True)
class Cell:
    """One cell. ``index`` counts all cells of the notebook from 0; messages show ``index + 1``."""

    index: int
    kind: CellKind
    source: str
    id: str | None = None
    tags: frozenset[str] = frozenset()
    execution_count: int | None = None
    outputs: tuple[Mapping[str, Any], ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    attachments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was read: ``path`` is None for standard input, ``metadata`` is nbformat's."""

    name: str
    path: Path | None
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Place(NamedTuple):
    """Where something stands: line is 1-based within the cell."""

    file: str
    cell: int | None = None
    cell_id: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        parts = [self.file]
        if self.cell is not None:
            named = f" (id {self.cell_id})" if self.cell_id else ""
            parts.append(f"cell {self.cell + 1}{named}")
        if self.line is not None:
            parts.append(f"line {self.line}")
        return ", ".join(parts)


class Magic(NamedTuple):
    """A piece of IPython syntax that was kept aside. ``row`` is its 1-based first line in the cell.

    ``kind``: "line" (``%time x``), "cell" (``%%bash``), "shell" (``!ls``), "help" (``obj?``), "call" (``/f x``).
    ``name`` is the magic's name without percent signs ("" for shell and call), ``line`` the rest of its first line,
    ``body`` a cell magic's text below that line.
    """

    row: int
    kind: Literal["line", "cell", "shell", "help", "call"]
    name: str
    line: str
    body: str = ""


class PythonCode(NamedTuple):
    """A code cell as plain Python that binds and uses the same names, line by line in the same rows as the cell.

    ``maybe`` is true where the cell's Python runs without leaving its bindings behind (``%%timeit``). ``doubtful`` are
    names of the text that are uses only if such a variable exists: IPython looks for them and goes on without
    (``!echo $HOME``, ``!ls *.{csv,txt}``, ``name?``).
    """

    text: str
    magics: tuple[Magic, ...] = ()
    maybe: bool = False
    doubtful: frozenset[str] = frozenset()


class Section(NamedTuple):
    """The cells from one heading to the next. ``name`` is the slug, unique in the notebook; ``title`` the heading."""

    name: str
    title: str
    cells: tuple[Cell, ...]
