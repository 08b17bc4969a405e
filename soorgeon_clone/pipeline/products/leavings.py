"""A task and the names in a manifest -> whether that task may have left those files, so that they may be brought back.

A manifest comes from the cache, from a store that others write to, or from a worker. Its products must be those that
the task declares. A file beside them is believed if the task's own code names it; any other only of a task that is
marked as writing files. None may be what the project is made of.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import confine
from soorgeon_clone.files.confine import relative_name
from soorgeon_clone.pipeline.declared.model import HIDDEN, Task
from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.pipeline.state.content import may_be_named

# What Python, or this program, would run or believe.
_CODE = (".py", ".pyc", ".pyd", ".pyi", ".pth", ".so", ".dll", ".dylib", ".ipynb", ".sh")
_SETTINGS = ("pyproject.toml", "setup.cfg", "conftest.py", "sitecustomize.py", "usercustomize.py")


class Leavings:
    """What the tasks of one project may leave behind."""

    def __init__(
        self,
        root: Path,
        tasks: Mapping[str, Task],
        *,
        digest: Callable[[str], str | None],
        made_of: Callable[[], Iterable[str]],
    ) -> None:
        """``digest`` is that of a file's content, ``made_of`` gives the files that the project is made of."""
        self._root = root
        self._tasks = tasks
        self._digest = digest
        self._sources = made_of

    def refused(self, task: Task, manifest: Manifest) -> str | None:
        """The first file in a manifest, or a part of one, that this task cannot have left, with the reason."""
        declared = {product.path for product in task.products}
        for path in manifest.products:
            if path not in declared:
                return f"{path} is no product of task '{task.name}'"
        for path, digest in manifest.written.items():
            if digest and not self.may_write(task, path):
                return f"{path} is no file that task '{task.name}' may write"
        for path in manifest.traces or ():
            if not self.may_leave(task, path):
                return f"{path} is no file that task '{task.name}' may leave"
        return None

    def complete(self, task: Task, manifest: Manifest) -> bool:
        """Whether a manifest says what became of all products."""
        return len(task.products) == len(manifest.products)

    def may_write(self, task: Task, path: str) -> bool:
        """Whether the task may write a file: its code names it, and it is nothing that the project is made of."""
        parts = path.lower().split("/")
        if relative_name(path) is None or any(part.startswith(".git") or part == HIDDEN for part in parts):
            return False
        names = task.facts.code.constants if task.facts.code else ()
        return may_be_named(names, path) and self._free(path)

    def may_leave(self, task: Task, path: str) -> bool:
        """Whether the task may leave a file whose name its code works out. Nothing hidden, nothing that is run."""
        if not task.facts.writes_files or relative_name(path) is None or not self._free(path):
            return False
        if any(part.startswith(".") for part in path.split("/")):
            return False
        names = task.facts.code.constants if task.facts.code else ()
        return not path.lower().endswith(_CODE) or may_be_named(names, path)

    def in_the_way(self, manifest: Manifest, written: Iterable[tuple[str, str]]) -> str | None:
        """The first file beside the products that would be replaced and that nobody but its owner can have made:
        it is neither what is to be brought back nor what the task wrote when it ran here last."""
        known = dict(written)
        for path, digest in manifest.written.items():
            now = self._digest(path) if digest else None
            if now is not None and now not in (digest, known.get(path)):
                return path
        return None

    def _free(self, path: str) -> bool:
        """Whether a path is inside the project, and neither a product nor a file that the project is made of."""
        lower = path.casefold()
        if lower in _SETTINGS or (lower.startswith(("env.", "pipeline.")) and lower.endswith((".yaml", ".yml"))):
            return False
        if lower in self._folders or any(one in self._products for one in (lower, *_parents(lower))):
            return False
        try:
            real = str(confine.written(self._root, path))
        except UserError:
            return False
        if os.path.isdir(real):  # noqa: PTH112
            return False
        return real.casefold() not in self._made_of

    @cached_property
    def _products(self) -> frozenset[str]:
        return frozenset(one.path.casefold() for task in self._tasks.values() for one in task.products)

    @cached_property
    def _folders(self) -> frozenset[str]:
        """The folders that products lie in."""
        return frozenset(parent for path in self._products for parent in _parents(path))

    @cached_property
    def _made_of(self) -> frozenset[str]:
        """The real places of sources, modules, resources and declarations."""
        return frozenset(os.path.realpath(path).casefold() for path in self._sources())


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
