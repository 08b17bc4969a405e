"""Where a task writes, and how its products get to their places: by rename, only when it succeeded.

A task is told to write ``output/x.csv`` to ``.soorgeon-clone/staging/<task>/output/x.csv``. The part before the
product's path is taken out of the executed notebook again, so that it shows the paths at which the products are.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.content import stamp_of
from soorgeon_clone.pipeline.lock import hidden_folder, take
from soorgeon_clone.pipeline.model import HIDDEN, Product, Task


class Stage:
    """The staging folder of one task's run."""

    def __init__(self, root: Path, task: Task) -> None:
        self.root = root
        self.task = task
        self.prefix = f"{HIDDEN}/staging/{safe_name(task.name)}"
        self.folder = root / self.prefix
        self._before: dict[str, str | None] = {}
        self._lock: Any = None

    def path(self, product: str) -> str:
        """Where a product is to be written, relative to the root."""
        return f"{self.prefix}/{product}"

    def prepare(self) -> None:
        """Make the folder, empty, with the folders that products lie in. Waits while another process runs the task."""
        if self._lock is None:
            folder = self.root / HIDDEN / "staging"
            if not folder.is_dir():
                hidden_folder(self.root)
                folder.mkdir(exist_ok=True)
            self._lock = take(folder / f"{self.folder.name}.lock")
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in {posixpath.dirname(product.path) for product in self.task.products}:
            os.makedirs(self.folder / name, exist_ok=True)  # noqa: PTH103
        for product in self.task.products:
            self._before[product.path] = _stamp(self.root / product.path)

    def missing(self) -> list[Product]:
        """The products that the run did not write, neither in staging nor, with a fixed path, in their places."""
        return [
            product
            for product in self.task.products
            if not os.path.lexists(self.folder / product.path) and not self._written_in_place(product)
        ]

    def publish(self) -> None:
        """Move everything that was written to its place; a product replaces the old one in one step."""
        for name in sorted(_entries(self.folder, {product.path for product in self.task.products})):
            source, target = self.folder / name, self.root / name
            try:
                if not _is_folder(target.parent):
                    target.parent.mkdir(parents=True, exist_ok=True)
                if _is_folder(target) and not target.is_symlink():
                    _replace_folder(source, target, self.root / HIDDEN)
                elif _is_folder(source):
                    target.unlink(missing_ok=True)
                    _move(source, target)
                else:
                    _move(source, target)
            except OSError as error:
                raise UserError(
                    f"task '{self.task.name}': {name} cannot be put in its place: {error.strerror or error}",
                    hint="The products of the last good run are untouched as far as they were not replaced yet.",
                ) from error
        self.discard()

    def clean_notebooks(self) -> None:
        """Take the staging folder's path out of the executed notebook."""
        for product in self.task.notebooks:
            self._clean(self.folder / product.path)

    def keep_failed(self, notebook: Path) -> Path | None:
        """Put the notebook of a failed run where the user finds it; the rest of what the run wrote goes."""
        source = self.folder / notebook
        target = self.root / HIDDEN / "failed" / f"{safe_name(self.task.name)}.ipynb"
        kept = None
        if source.is_file():
            self._clean(source)
            with contextlib.suppress(OSError):
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)
                kept = target
        self.discard()
        return kept

    def discard(self) -> None:
        """Remove the folder, and let others run the task."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _clean(self, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):
            data = path.read_bytes()
            clean = data.replace(f"{self.prefix}/".encode(), b"")
            if clean != data:
                path.write_bytes(clean)

    def _written_in_place(self, product: Product) -> bool:
        now = _stamp(self.root / product.path)
        return now is not None and now != self._before.get(product.path)


def keep_log(root: Path, task: Task, text: str) -> None:
    """Keep what a task printed last, in a file of its own; it helps, and is no reason to fail."""
    path = root / HIDDEN / "logs" / f"{safe_name(task.name)}.log"
    with contextlib.suppress(OSError):
        if text:
            if not _is_folder(path.parent):
                path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        else:
            path.unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """A name that is a file's name everywhere, and different for different names."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,80}", name) and not name.endswith("."):
        return name
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:60]
    return f"{readable or 'task'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def clear(root: Path) -> None:
    """Remove what runs that were killed left behind; what another process works on stays."""
    with contextlib.suppress(OSError):
        for entry in (root / HIDDEN / "staging").iterdir():
            if entry.suffix == ".lock":
                continue
            lock = take(entry.with_name(f"{entry.name}.lock"), wait=False)
            if lock is not None:
                shutil.rmtree(entry, ignore_errors=True)
                lock.release()


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 (runs for every product; pathlib is slow)


def _stamp(path: Path) -> str | None:
    try:
        return stamp_of(path.stat())
    except OSError:
        return None


def _entries(folder: Path, whole: set[str]) -> list[str]:
    """What lies in a folder, relative to it: files one by one, products that are folders as a whole."""
    found: list[str] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(f"{folder}/{prefix}") as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_dir(follow_symlinks=False) and name not in whole:
                    waiting.append(f"{name}/")
                else:
                    found.append(name)
    return found


def _replace_folder(source: Path, target: Path, hidden: Path) -> None:
    """A folder cannot be replaced in one step: the old one is moved aside, and back if the new one does not fit."""
    aside = hidden / "staging" / f".old-{os.getpid()}-{target.name}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(parents=True, exist_ok=True)
    _move(target, aside)
    try:
        _move(source, target)
    except OSError:
        _move(aside, target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _move(source: Path, target: Path) -> None:
    """Rename; where the target is on another file system, copy to a name beside it first."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            if source.is_dir():
                shutil.copytree(source, beside, symlinks=True)
            else:
                shutil.copy2(source, beside)
            beside.replace(target)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            beside.unlink(missing_ok=True)
            raise
