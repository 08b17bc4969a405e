"""Notebook -> sections that its data flow suggests, for notebooks that no headings part: `--split-on auto`.

A cut is good where a text begins, where what follows takes up what is older than the cell before, and where little
has to be carried across; sections of a cell or two are not. The best cuts are found all at once. The weights were
chosen on public notebooks whose headings had been taken away (benchmarks/split).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from soorgeon_clone.analysis.analyse import analyse, keeping_all
from soorgeon_clone.analysis.knowledge.effects import knowledge, read_user_effects
from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.headed import Titles, with_headings
from soorgeon_clone.notebook.headings import headings
from soorgeon_clone.notebook.model import Cell, Notebook, Section
from soorgeon_clone.notebook.sections import has_code, split
from soorgeon_clone.notebook.size import is_heavy
from soorgeon_clone.refactor.flow import Edge, edges
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.titles import comment_title, line_title, only_defines, title_of

_LEVEL = 2  # of the headings that are proposed
_MOST_CELLS = 1_000  # of which cuts are looked for
_LONGEST = 80  # cells of a section
# What speaks for a cut: texts, a line like a title, a heading of another level, a comment where texts are rare; taking
# up what is old, a large cell, nothing that crosses.
_TEXT, _LONG_TEXT, _MORE_TEXTS, _TITLE, _HEADING, _COMMENT = 1.0, 1.0, 0.4, 0.5, 1.5, 0.4
_OLD, _LARGE, _APART = 0.5, 0.6, 0.4
# What speaks against one: names that cross, having one more section (less where
# hardly any text says where one begins), and sections of one cell.
_CROSSING, _CUT, _CUT_BY_FLOW, _SHORT = 0.3, 1.4, 0.5, 0.5
_LONG_TEXT_IS, _MOST_CROSSING, _MOST_OLD, _LARGE_IS = 600, 6, 4, 20  # characters, names, cells, lines
_FEW_TEXTS = 0.2  # share of cells with a text above, below which comments count as texts


@dataclass(frozen=True)
class Block:
    """A code cell with the texts above it."""

    code: Cell
    texts: tuple[Cell, ...]

    @property
    def first(self) -> Cell:
        return self.texts[0] if self.texts else self.code


@dataclass(frozen=True)
class Proposed:
    """The notebook with headings at which to cut it, and these headings by the index of the cell that each precedes."""

    notebook: Notebook
    level: int
    titles: Titles


def chosen(notebook: Notebook, split_on: str) -> Proposed:
    """Return the notebook as ``--split-on`` cuts it: at the headings that it has, or with ``auto`` at proposed ones."""
    if split_on != "auto":
        return Proposed(notebook, int(split_on.removeprefix("h")), {})
    return propose(notebook)


def propose(notebook: Notebook) -> Proposed:
    """Return the notebook with proposed headings, only where a plan really cuts. H2 headings that it has stay cuts."""
    blocks = blocks_of(notebook)
    if len(blocks) < 2 or is_heavy(block.code.source for block in blocks):
        return Proposed(notebook, _LEVEL, {})
    cuts = best_cuts(blocks, _edges(notebook, blocks))
    titles = _titles(blocks, cuts)
    headed = with_headings(notebook, titles, _LEVEL)
    try:
        owners = make_plan(headed, level=_LEVEL, forced=True, keep_idle=True).section_tasks
    except UserError:
        return Proposed(headed, _LEVEL, titles)
    sections = split(headed, _LEVEL)
    joined = {
        cell.index
        for number, section in enumerate(sections)
        if number and number < len(owners) and owners[number] == owners[number - 1]
        for cell in section.cells
    }
    kept = [cut for cut in cuts if blocks[cut].first.index not in joined]
    titles = _titles(blocks, kept) if kept else {}
    return Proposed(with_headings(notebook, titles, _LEVEL), _LEVEL, titles)


def blocks_of(notebook: Notebook) -> list[Block]:
    """Return the code cells of a notebook that do something, with the texts above each."""
    blocks: list[Block] = []
    texts: list[Cell] = []
    for cell in notebook.cells:
        if has_code(cell):
            blocks.append(Block(cell, tuple(texts)))
            texts = []
        elif cell.kind == "markdown" and cell.source.strip():
            texts.append(cell)
    return blocks


def best_cuts(blocks: Sequence[Block], flow: Sequence[Edge]) -> list[int]:
    """Return the blocks before which to cut, the first never among them."""
    if len(blocks) > _MOST_CELLS:
        return []
    gains, cost = _gains(blocks, flow), _cost(blocks)
    for number, block in enumerate(blocks):  # imports and definitions alone are no section
        gains[number] = -inf
        if not only_defines(block.code.source):
            break
    best, before = [0.0], [0]  # by number of blocks: the worth of the best cuts, and the last of these
    for end in range(1, len(blocks) + 1):
        worth, begin = max(
            (best[begin] + (gains[begin] - cost if begin else 0.0) - _short(end - begin), begin)
            for begin in range(max(0, end - _LONGEST), end)
        )
        best.append(worth)
        before.append(begin)
    cuts, end = [], len(blocks)
    while end := before[end]:
        cuts.append(end)
    return cuts[::-1]


def _cost(blocks: Sequence[Block]) -> float:
    said = sum(bool(block.texts) or bool(comment_title(block.code.source)) for block in blocks)
    return _CUT_BY_FLOW if said < _FEW_TEXTS * len(blocks) else _CUT


def _short(cells: int) -> float:
    return _SHORT if cells == 1 else _SHORT / 3 if cells == 2 else 0.0


def _gains(blocks: Sequence[Block], flow: Sequence[Edge]) -> list[float]:
    """Return what a cut before each block is worth."""
    few_texts = sum(bool(block.texts) for block in blocks) < _FEW_TEXTS * len(blocks)
    carried = [edge for edge in flow if not edge.free]
    crossing: list[set[str]] = [set() for _ in blocks]
    newest = [-1] * len(blocks)
    for edge in carried:
        newest[edge.user] = max(newest[edge.user], edge.giver)
        for border in range(edge.giver + 1, edge.user + 1):
            crossing[border].add(edge.name)
    return [
        _said(block, comments=few_texts)
        + _OLD * (min(number - 1 - newest[number], _MOST_OLD) if newest[number] >= 0 else 2) / _MOST_OLD
        + _LARGE * min(block.code.source.count("\n"), _LARGE_IS) / _LARGE_IS
        + _APART * (not crossing[number])
        - _CROSSING * min(len(crossing[number]), _MOST_CROSSING) / _MOST_CROSSING
        for number, block in enumerate(blocks)
    ]


def _said(block: Block, *, comments: bool) -> float:
    """Return what the texts above a cell say about a cut there; with ``comments``, its first comment as well."""
    characters = sum(len(text.source) for text in block.texts)
    said = _LONG_TEXT * min(characters, _LONG_TEXT_IS) / _LONG_TEXT_IS
    said += _TEXT * bool(block.texts) + _MORE_TEXTS * (len(block.texts) > 1)
    said += _TITLE * any(line_title(text.source.strip().split("\n", 1)[0]) for text in block.texts)
    said += _HEADING * any(headings(text.source) for text in block.texts)
    if comments and not block.texts and comment_title(block.code.source):
        said += _TEXT + _COMMENT
    return said


def _edges(notebook: Notebook, blocks: Sequence[Block]) -> list[Edge]:
    """Return the data flow between blocks; none where the code cannot be looked at."""
    sections = tuple(Section(f"cell-{number}", "", (block.code,)) for number, block in enumerate(blocks))
    folder = notebook.path.resolve().parent if notebook.path is not None else Path.cwd()
    try:
        with keeping_all():
            return list(edges(analyse(sections, tables=knowledge(read_user_effects(folder)))))
    except (RecursionError, MemoryError):
        return []


def _titles(blocks: Sequence[Block], cuts: Sequence[int]) -> Titles:
    """Return the title of each section by the index of its first cell; titles are told apart by numbers."""
    titles: dict[int, str] = {}
    taken: dict[str, int] = {}
    for begin, end in zip([0, *cuts], [*cuts, len(blocks)], strict=True):
        group = blocks[begin:end]
        title = title_of(group[0].texts if begin else (), [block.code.source for block in group])
        taken[title] = number = taken.get(title, 0) + 1
        titles[group[0].first.index] = title if number == 1 else f"{title} ({number})"
    return titles


def headed_cells(proposed: Proposed) -> tuple[Cell, ...]:
    """Return the cells of the notebook with its new headings, numbered anew, as a file holds them."""
    return tuple(replace(cell, index=index) for index, cell in enumerate(proposed.notebook.cells))
