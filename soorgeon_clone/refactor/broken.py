"""What runs have shown of assumptions -> what the next plan knows, so that it differs from the one that failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.pipeline.assumptions.remembered import Remembered, recall


def known_about(notebook: Notebook, root: Path) -> tuple[Remembered, ...]:
    """Return what is remembered beside the pipeline in ``root``, and beside the notebook.

    Raise UserError for a file that cannot be read.
    """
    folders = {root.resolve()} | ({notebook.path.resolve().parent} if notebook.path is not None else set())
    return joined(*(recall(folder) for folder in sorted(folders)))


def joined(*several: Iterable[Remembered]) -> tuple[Remembered, ...]:
    """Return all that is remembered; of two entries about the same, the one that says that it was broken."""
    found: dict[object, Remembered] = {}
    for one in (one for group in several for one in group):
        old = found.get(one.key)
        if old is None or (one.broken and not old.broken) or (not old.broken and one.kept > old.kept):
            found[one.key] = one
    return tuple(found.values())


def newly_broken(before: Iterable[Remembered], after: Iterable[Remembered]) -> Sequence[Remembered]:
    """Return what ``after`` knows to be broken and ``before`` does not."""
    known = {one.key for one in before if one.broken}
    return [one for one in after if one.broken and one.key not in known]
