"""What was written, what a person made of it, what is to be written now -> one text with both changes.

The algorithm is that of diff3: the lines that all three have part the texts into pieces, and a piece that only one
side changed is that side's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

Lines: TypeAlias = Sequence[str]


@dataclass(frozen=True)
class Conflict:
    """Rows that both sides changed, each in its own way. ``row`` is that of the first, in the person's text, from 1."""

    row: int
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """The text, and where it has what `choose` made of a conflict."""

    text: str
    conflicts: tuple[Conflict, ...]


def merge(base: str, mine: str, theirs: str, choose: Callable[[Conflict], Lines]) -> Merged:
    """Merge by lines. ``choose`` gives the lines, with their ends, that stand for those of a conflict."""
    lines: list[str] = []
    conflicts: list[Conflict] = []
    row = 1
    for old, of_mine, of_theirs in _pieces(base.splitlines(True), mine.splitlines(True), theirs.splitlines(True)):
        if of_theirs in (old, of_mine):
            lines += of_mine
        elif of_mine == old:
            lines += of_theirs
        else:
            conflict = Conflict(row, tuple(of_mine), tuple(of_theirs))
            conflicts.append(conflict)
            lines += choose(conflict)
        row += len(of_mine)
    return Merged("".join(lines), tuple(conflicts))


def _pieces(base: Lines, mine: Lines, theirs: Lines) -> Iterator[tuple[Lines, Lines, Lines]]:
    """Yield the pieces of the three texts that belong together, those that all have among them."""
    in_mine, in_theirs = _partners(base, mine), _partners(base, theirs)
    at = (0, 0, 0)
    for row in range(len(base)):
        if row < at[0] or row not in in_mine or row not in in_theirs:
            continue
        here = (row, in_mine[row], in_theirs[row])
        yield base[at[0] : here[0]], mine[at[1] : here[1]], theirs[at[2] : here[2]]
        yield [base[row]], [mine[here[1]]], [theirs[here[2]]]
        at = (here[0] + 1, here[1] + 1, here[2] + 1)
    yield base[at[0] :], mine[at[1] :], theirs[at[2] :]


def _partners(base: Lines, other: Lines) -> dict[int, int]:
    """Return the rows of the base that are in the other text, and where."""
    blocks = SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {block.a + number: block.b + number for block in blocks for number in range(block.size)}
