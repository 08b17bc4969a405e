"""What `refactor --verify` has learnt of a notebook, kept beside its pipeline for a later `refactor` without it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.sections import split
from soorgeon_clone.refactor.model import MustMerge
from soorgeon_clone.refactor.record import RECORD, read_record
from soorgeon_clone.refactor.write import Repairs


def remembered(notebook: Notebook, root: Path, level: int) -> tuple[MustMerge, ...]:
    """Return what an earlier run has learnt of these sections; what speaks of sections that are gone is forgotten."""
    record = read_record(root / RECORD)
    if record.notebook != notebook.name or not record.repairs:
        return ()
    numbers = {section.name: number for number, section in enumerate(split(notebook, level))}
    return tuple(
        MustMerge(numbers[first], numbers[last], reason)
        for first, last, reason in record.repairs
        if first in numbers and last in numbers
    )


def to_remember(notebook: Notebook, together: Sequence[MustMerge], level: int) -> Repairs:
    """Return the same with the names of sections, which stay when others come before them."""
    names = [section.name for section in split(notebook, level)] if together else []
    return [(names[known.first], names[known.last], known.reason) for known in together]
