"""A notebook of the corpus -> a copy of it with what its code may read beside it, for a run."""

from __future__ import annotations

import shutil
from pathlib import Path

from inventory import Entry


def copied(entry: Entry, corpus: Path, into: Path) -> Path:
    """Copy the folder of a notebook to a new folder; return the copy.

    Where its code names folders above its own (``../data``), they stand above the copy, and in them links to what is
    in the corpus.
    """
    source = corpus / entry.path
    top = source.parent
    for _ in range(entry.climbs):
        top = top.parent if top != corpus / entry.project else top
    folder = into
    for name in source.parent.relative_to(top).parts:
        folder.mkdir()
        for other in top.iterdir():
            if other.name != name:
                (folder / other.name).symlink_to(other)
        top, folder = top / name, folder / name
    shutil.copytree(source.parent, folder)
    return folder / source.name
