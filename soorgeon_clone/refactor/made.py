"""Notebook -> the pipelines that `refactor` made of it, wherever ``--into`` put them: their records say so."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.refactor.record import RECORD, read_record

_MOST_FOLDERS = 500  # of one folder that are looked into


def pipelines_of(notebook: Notebook, here: Path) -> list[Path]:
    """Return the pipeline.yaml files of a notebook: in ``here``, beside it, then in folders within these two and above,
    and in those two deep within the two.

    Of several that are equally near, the one that was written last comes first.
    """
    beside = notebook.path.parent if notebook.path is not None else here
    found: dict[Path, None] = {}
    near = ([here], [beside], _within(here), _within(beside), _within(here.absolute().parent))
    for folders in (*near, _two_deep(here), _two_deep(beside)):
        made = [folder for folder in folders if _is_of(folder, notebook)]
        for folder in sorted(made, key=lambda folder: -(folder / RECORD).stat().st_mtime):
            found.setdefault(folder / "pipeline.yaml")
    different: dict[str, Path] = {}
    for path in found:
        different.setdefault(os.path.realpath(path), path)
    return list(different.values())


def _within(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in islice(entries, _MOST_FOLDERS):
            if entry.is_dir():
                yield folder / entry.name


def _two_deep(folder: Path) -> Iterator[Path]:
    shown = (one for one in _within(folder) if not one.name.startswith("."))
    return islice(chain.from_iterable(map(_within, shown)), _MOST_FOLDERS)


def _is_of(folder: Path, notebook: Notebook) -> bool:
    """Tell whether a folder holds a pipeline of this notebook; an older record has only its name."""
    record = read_record(folder / RECORD)
    if record.notebook != notebook.name or not (folder / "pipeline.yaml").is_file():
        return False
    if not record.origin.source or notebook.path is None:
        return folder.resolve() == (notebook.path.parent.resolve() if notebook.path is not None else Path.cwd())
    return (folder / record.origin.source).resolve() == notebook.path.resolve()
