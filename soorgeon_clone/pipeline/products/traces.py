"""A run -> the files that it left in the project besides its products, for tasks that are known to leave some.

Where their names are computed, nobody can say beforehand which they are; a task on another machine may read them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.state.content import stamp_of

_LEFT_OUT = frozenset(("__pycache__", ".git", ".ipynb_checkpoints", ".soorgeon-clone", "node_modules"))


def snapshot(root: Path, tasks: Collection[Task]) -> dict[str, str]:
    """The files of the project that are neither products nor sources, with stamps."""
    known = {product.path for task in tasks for product in task.products}
    known.update(task.spec.source.path for task in tasks if task.spec.source.path)
    return _files_of(str(root), known)


def _files_of(root: str, known: Collection[str]) -> dict[str, str]:
    """The files below a folder with stamps, without those in hidden places and environments, and without ``known``."""
    found: dict[str, str] = {}
    for folder, folders, names in os.walk(root):
        relative = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if relative == "." else f"{relative}/"
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if name not in _LEFT_OUT and prefix + name not in known]
        for name in names:
            path = prefix + name
            if path in known or name.endswith(".pyc"):
                continue
            full = os.path.join(folder, name)  # noqa: PTH118
            if os.path.isfile(full) and not os.path.islink(full):  # noqa: PTH113, PTH114
                found[path] = stamp_of(os.stat(full))  # noqa: PTH116
    return found


def changed(
    before: Mapping[str, str], now: Mapping[str, str], digest_of: Callable[[str], str | None]
) -> dict[str, str]:
    """The files that are new or changed since ``before``, with the digests of their contents."""
    return {path: digest for path, stamp in now.items() if before.get(path) != stamp and (digest := digest_of(path))}
