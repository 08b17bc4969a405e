"""Texts -> files: all of them or none."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from soorgeon_clone.files import confine
from soorgeon_clone.files.problems import ASIDE


def write_together(texts: Mapping[str, str], removed: Iterable[str], root: Path, aside: Path) -> None:
    """Give files below ``root`` new texts and remove others; paths are relative to ``root``.

    Everything is written in a new folder in ``aside`` first (below ``root``, on the same file system), where it can
    still fail without harm, then renamed. Files keep their permissions, links inside ``root`` keep pointing at theirs.
    If anything fails, the files and folders are what they were; the error is raised (OSError, or `confine.Outside`
    for a path that leads out of ``root``). Lone surrogates are written as ``\\udc80``.
    """
    made: list[Path] = []
    try:
        made += _make_folder(root)
        if aside != root:
            aside = confine.written(root, aside.relative_to(root))
            made += _make_folder(aside)
        staging = Path(tempfile.mkdtemp(prefix=ASIDE, dir=aside))
        try:
            _write_all(texts, removed, root, staging, made)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except BaseException:
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _write_all(texts: Mapping[str, str], removed: Iterable[str], root: Path, staging: Path, made: list[Path]) -> None:
    for number, text in enumerate(texts.values()):
        (staging / f"new-{number}").write_bytes(text.encode("utf-8", "backslashreplace"))
    done: list[tuple[Path, Path | None]] = []
    try:
        for number, path in enumerate(texts):
            target = confine.written(root, path)
            made += _make_folder(target.parent)
            before = _keep_copy(target, staging / f"old-{number}")
            if before is not None:
                shutil.copymode(before, staging / f"new-{number}")
            done.append((target, before))
            (staging / f"new-{number}").replace(target)
        for number, path in enumerate(removed):
            gone = confine.removed(root, path)
            done.append((gone, _keep_copy(gone, staging / f"removed-{number}")))
            gone.unlink(missing_ok=True)
    except BaseException:
        for target, before in reversed(done):
            if before is not None:
                before.replace(target)
            else:
                target.unlink(missing_ok=True)
        raise


def _keep_copy(target: Path, aside: Path) -> Path | None:
    if not os.path.lexists(target):
        return None
    shutil.copy2(target, aside, follow_symlinks=False)
    return aside


def _make_folder(folder: Path) -> list[Path]:
    """Make the folder with its parents; return those that were not there, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def in_short(paths: Iterable[str]) -> str:
    """Return paths for a sentence: the first five, and how many more there are."""
    names = list(paths)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
