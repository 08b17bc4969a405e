"""A task's own folder while it runs, and how its products get to their places.

A task writes to the places themselves, `former` has what was there. What is made beside (the executed notebook, what
comes from the cache) waits in the folder and is moved to its place when all of it is there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import confine, scratch
from soorgeon_clone.files.atomic import scratch_name
from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.notebook.tags import INJECTED
from soorgeon_clone.pipeline.building import former
from soorgeon_clone.pipeline.building.former import Former
from soorgeon_clone.pipeline.building.lock import HELD, take
from soorgeon_clone.pipeline.declared import outside
from soorgeon_clone.pipeline.declared.model import HIDDEN, Product, Task
from soorgeon_clone.pipeline.execution.written import read_executed, write_notebook
from soorgeon_clone.pipeline.state.hidden import hidden_folder, safe_name

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.status.project import Project


class Stage:
    """The staging folder of one task's run."""

    def __init__(self, project: Project, task: Task) -> None:
        self.project = project
        self.root = project.root
        self.task = task
        self.prefix = f"{HIDDEN}/staging/{safe_name(task.name)}"
        self.folder = self.root / self.prefix
        self.new = self.folder  # but for what begins with `former.OWN`
        # what others make is left alone
        self._own = task.products if task.spec.source.kind != "link" else ()
        self._declared = {product.path for product in self._own}
        self._folders: dict[str, str] = {}  # of products, and where they really are
        self._former = Former(self.folder)
        self._lock: Any = None

    @property
    def places(self) -> dict[str, Path]:
        """Where the products really are."""
        return {path: self._place(path) for path in self._declared}

    def prepare(self) -> None:
        """Make the folder, empty, with the folders that products lie in. Waits while another process runs the task.

        What a run that was killed left undone is undone first. Raises UserError where a product would take the place of
        what the project is made of.
        """
        self._link_outside()
        self._folders = {
            folder: os.path.realpath(self.root / folder) for folder in map(posixpath.dirname, self._declared)
        }
        places = self.places
        if self._lock is None:
            folder = hidden_folder(self.root, "staging")
            self._lock = take(folder / f"{self.folder.name}.lock")
        former.put_back(self.folder, places)
        scratch.remove(self.folder)
        self.folder.mkdir()
        for name in {posixpath.dirname(product.path) for product in self._own}:
            os.makedirs(self.new / name, exist_ok=True)  # noqa: PTH103

    def _link_outside(self) -> None:
        """Have the links behind which products outside of the project are."""
        for product in self._own:
            if product.outside is None:
                continue
            name, folder = outside.link_of(product, self.root)
            link = hidden_folder(self.root, outside.FOLDER) / name
            if not link.is_symlink() or os.readlink(link) != folder:  # noqa: PTH115
                scratch.remove(link)
                link.symlink_to(folder, target_is_directory=True)
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103

    def begin(self) -> None:
        """Free the places of what the task itself writes. Raises UserError."""
        notebooks = {product.path for product in self.task.notebooks}
        self._put_aside({path: place for path, place in self.places.items() if path not in notebooks})

    def show_notebooks(self) -> None:
        """Have the executed notebook in its place before the run has come to its end. Raises UserError."""
        places = self.places
        if any(product.path in self._former.places for product in self.task.notebooks):
            return  # they are there
        self._put_aside({product.path: places[product.path] for product in self.task.notebooks})
        self._move_new()

    def _put_aside(self, places: Mapping[str, Path]) -> None:
        folders = {path for path, place in places.items() if _is_folder(place) and not place.is_symlink()}
        for path in folders:
            self._check_removed(path, places[path])
        looks_back = self.task.facts.looks_back
        copied = {path for path in places if looks_back and path not in folders}  # a folder is begun anew
        try:
            self._former.put_aside(places, copied)
        except OSError as error:
            self._former.put_back()
            raise self._misplaced(error.filename or "a product", error) from error

    def missing(self) -> list[Product]:
        """The products that the run did not write."""
        return [product for product in self.task.products if not self._is_made(product)]

    def _is_made(self, product: Product) -> bool:
        if product.path not in self._former.places:
            return os.path.lexists(self.new / product.path) or os.path.lexists(self.root / product.path)
        return self._former.written(product.path)

    def publish(self) -> None:
        """Let the products count, and move everything that waits to its place; a product replaces the old one in one
        step.

        Raises UserError; before anything is moved, where something must not be at its place.
        """
        for path, place in self._former.places.items():
            if os.path.lexists(place):
                _check_kind(self.task, place, path)
        self._move_new(self._former.forget)
        self.discard()

    def _move_new(self, before: Callable[[], None] = lambda: None) -> None:
        names = sorted(_entries(self.new, {product.path for product in self.task.products}))
        for name in names:
            _check_kind(self.task, self.new / name, name)
        targets = [(name, self._place(name)) for name in names]
        before()
        for name, target in targets:
            source = self.new / name
            try:
                if not _is_folder(target.parent):
                    target.parent.mkdir(parents=True, exist_ok=True)
                if _is_folder(target) and not target.is_symlink():
                    self._check_removed(name, target)
                    _replace_folder(source, target, self.folder)
                elif _is_folder(source):
                    target.unlink(missing_ok=True)
                    _move(source, target)
                else:
                    _move(source, target)
            except OSError as error:
                raise self._misplaced(name, error) from error

    def _misplaced(self, name: str, error: OSError) -> UserError:
        return UserError(
            f"task '{self.task.name}': {name} cannot be put in its place: {error.strerror or error}",
            hint="The products of the last good run are untouched as far as they were not replaced yet.",
        )

    def clean_notebook(self, notebook: Path) -> None:
        """Take the project's folder out of an executed notebook whose task was told whole paths."""
        if self.task.moves:
            self._clean(self.new / notebook)

    def keep_failed(self, notebook: Path) -> Path | None:
        """Put the notebook of a failed run where the user finds it; the rest of what the run wrote goes."""
        source = self.new / notebook
        kept = None
        if source.is_file():
            self.clean_notebook(notebook)
            kept = keep(self.root, "failed", f"{safe_name(self.task.name)}.ipynb", source)
        self.discard()
        return kept

    def keep_dump(self, source: Path) -> bool:
        """Put what a debugger needs where `dump_of` says; whether there is any."""
        if not scratch.is_own_file(source):
            return False
        return keep(self.root, "failed", _dump_name(self.task.name), source) is not None

    def discard(self) -> None:
        """Put back what was there before, if the run did not come to its end; let others run the task."""
        self._former.put_back()
        if scratch.is_own_folder(self.folder.parent):
            scratch.remove(self.folder)
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _clean(self, path: Path) -> None:
        """Only in the cell that we put there: what the notebook shows is its own."""
        with contextlib.suppress(FileNotFoundError):
            notebook = read_executed(path)
            root = repr(f"{self.root}/")[1:-1]
            told = [cell for cell in notebook["cells"] if INJECTED in cell["metadata"].get("tags", ())]
            changed = [cell for cell in told if root in cell["source"]]
            for cell in changed:
                cell["source"] = cell["source"].replace(root, "")
            if changed:
                write_notebook(notebook, path)

    def _place(self, name: str) -> Path:
        """Where an entry of the stage goes, without links but its own.

        The user may keep the folder of a product elsewhere, by a link; what lies in it goes there too. Anything else
        stays in the project. Raises UserError for a place that git or the project itself has its files at.
        """
        target = self.root / name
        folder = self._folders.get(posixpath.dirname(name)) or os.path.realpath(target.parent)
        if name not in self._declared and folder not in self._folders.values():
            return confine.removed(self.root, name)
        place = os.path.join(folder, target.name)  # noqa: PTH118
        if ".git" in (part.lower() for part in Path(place).parts):
            raise confine.Outside(target, "is in git's own folder")
        if place.casefold() in self.project.source_places:
            raise UserError(
                f"task '{self.task.name}': {name} would take the place of a source, or of the folder that it is in",
                hint="Sources and pipeline.yaml are no products. Give the product another path.",
                exit_code=2,
            )
        return Path(place)

    def _check_removed(self, name: str, target: Path) -> None:
        """A folder that makes way is removed: outside of the project only one that an earlier run made."""
        try:
            confine.removed(self.root, name)
        except confine.Outside:
            if self._made_folder(name):
                return
            raise UserError(
                f"task '{self.task.name}': there is a folder at {target}, which is outside of the project, and holds "
                "what no run made: it is not removed",
                hint="Remove it yourself, or give the product another path.",
            ) from None

    def _made_folder(self, name: str) -> bool:
        """Whether the folder at a product's place is what an earlier run made."""
        made = self.project.records.made(self.task.name)
        known = made.products.get(name) if made is not None else None
        return known is not None and known[0] == self.project.contents.digest(name)


def dump_of(root: Path, name: str) -> Path:
    """Return where the failure of a task is kept for a debugger."""
    return root / HIDDEN / "failed" / _dump_name(name)


def _dump_name(name: str) -> str:
    return f"{safe_name(name)}.dump"


def forget_failures(root: Path, names: Iterable[str]) -> None:
    """Remove what was kept of failures of tasks that are up to date now."""
    folder = root / HIDDEN / "failed"
    if scratch.is_own_folder(folder.parent) and scratch.is_own_folder(folder):
        for name in names:
            for kept in (_dump_name(name), f"{safe_name(name)}.ipynb"):
                scratch.remove(folder / kept)


def keep(root: Path, folder: str, name: str, content: Path | bytes) -> Path | None:
    """Keep a file, or some bytes, in the hidden folder; it helps, and is no reason to fail."""
    try:
        target = hidden_folder(root, folder) / name
        scratch.put_bytes(target, content if isinstance(content, bytes) else read_bytes(content))
    except (OSError, UserError):
        return None
    return target


def keep_log(root: Path, task: Task, text: str) -> None:
    """Keep what a task printed last, in a file of its own."""
    name = f"{safe_name(task.name)}.log"
    if text:
        keep(root, "logs", name, text.encode("utf-8", "backslashreplace"))
    elif scratch.is_own_folder(root / HIDDEN) and scratch.is_own_folder(root / HIDDEN / "logs"):
        scratch.remove(root / HIDDEN / "logs" / name)


def clear(project: Project) -> None:
    """Undo what runs that were killed left behind; what another process works on stays."""
    root = project.root
    folder = root / HIDDEN / "staging"
    known = {safe_name(task.name): task for task in project.tasks.values()}
    if not scratch.is_own_folder(root / HIDDEN) or not scratch.is_own_folder(folder):
        return
    with contextlib.suppress(OSError, UserError):
        for entry in sorted(folder.iterdir()):
            if entry.suffix == ".lock" or entry.name.endswith(HELD):
                continue
            lock = take(entry.with_name(f"{entry.name}.lock"), wait=False)
            if lock is None:
                continue
            if entry.name in known:
                former.put_back(entry, Stage(project, known[entry.name]).places)
            scratch.remove(entry)
            lock.release()


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 (runs for every product; pathlib is slow)


def _entries(folder: Path, whole: set[str]) -> list[str]:
    """What lies in a folder, relative to it: files one by one, products that are folders as a whole."""
    found: list[str] = []
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        with os.scandir(f"{folder}/{prefix}") as entries:
            for entry in entries:
                name = prefix + entry.name
                if name.startswith(former.OWN) and not name.startswith(HIDDEN):
                    continue
                if entry.is_dir(follow_symlinks=False) and name not in whole:
                    waiting.append(f"{name}/")
                else:
                    found.append(name)
    # in the hidden folder are only the links behind which products outside of the project are
    return [name for name in found if name in whole or not name.startswith(f"{HIDDEN}/")]


def _check_kind(task: Task, source: Path, name: str) -> None:
    """Raise UserError for a product that is no file, folder or link."""
    mode = source.lstat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        raise UserError(
            f"task '{task.name}' made a pipe, a socket or a device at {name}", hint="Products are files or folders."
        )


def _replace_folder(source: Path, target: Path, stage: Path) -> None:
    """A folder cannot be replaced in one step: the old one is moved aside, and back if the new one does not fit."""
    aside = scratch_name(stage / "old")
    _move(target, aside)
    try:
        _move(source, target)
    except OSError:
        _move(aside, target)
        raise
    scratch.remove(aside)


def _move(source: Path, target: Path) -> None:
    """Rename; where the target is on another file system, copy to a name beside it first."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = scratch_name(target)
        try:
            if source.is_symlink():
                beside.symlink_to(source.readlink())
            elif source.is_dir():
                shutil.copytree(source, beside, symlinks=True)
            else:
                scratch.copy_new(source, beside)
            beside.replace(target)
        except BaseException:
            scratch.remove(beside)
            raise
