"""A notebook of the corpus -> a copy of it with what its code may read beside it, for a run."""

from __future__ import annotations

import shutil
from pathlib import Path

from inventory import Entry

LARGEST = 150_000_000
"""Bytes of a folder above the notebook's that is still copied for the sake of ``../data``."""


def copied(entry: Entry, corpus: Path, into: Path) -> Path:
    """Copy the folder of a notebook, or one above it that its code names, to a new folder; return the copy."""
    source = corpus / entry.path
    top = source.parent
    for _ in range(entry.climbs):
        if top == corpus / entry.project or _size(top.parent) > LARGEST:
            break
        top = top.parent
    shutil.copytree(top, into)
    return into / source.relative_to(top)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
