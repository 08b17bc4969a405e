"""File -> digest of its content, remembered by (mtime, ctime, size, inode) so that what did not change is not read."""

from __future__ import annotations

import fnmatch
import functools
import hashlib
import json
import os
import posixpath
import stat
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from soorgeon_clone.files import private, regular
from soorgeon_clone.pipeline.state import datasets

# A file that changed this shortly before it was read may change again within one tick of the file system's clock,
# and look the same: its digest is not remembered.
_TICK = 0.03
_BLOCK = 1 << 20
_HIDDEN = (".soorgeon-clone", ".git/")


class Memo(Protocol):
    """Where digests and other texts are remembered, of whatever length: path -> (stamp, text)."""

    def recall(self, path: str, stamp: str) -> str | None: ...

    def remember(self, path: str, stamp: str, text: str) -> None: ...


class Contents:
    """Digests of files below ``root``. ``memo`` outlives the process; without one each file is read once."""

    def __init__(self, root: Path, memo: Memo | None = None) -> None:
        self.root = str(root)
        self.memo = memo

    def digest(self, path: str) -> str | None:
        """The digest of a file or a folder, whose path is relative to the root; None where there is nothing."""
        return self._digest(path, meaning=False)

    def meaning(self, path: str) -> str | None:
        """The digest of what downstream tasks see. An executed notebook counts without times and execution counts."""
        return self._digest(path, meaning=path.endswith(".ipynb"))

    def _digest(self, path: str, *, meaning: bool) -> str | None:
        full = os.path.join(self.root, path)  # noqa: PTH118 (runs for every product; pathlib is ten times slower)
        try:
            status = os.stat(full)  # noqa: PTH116
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return _folder_digest(self, path) if stat.S_ISDIR(status.st_mode) else None
        stamp = stamp_of(status)
        name = f"{path}\0meaning" if meaning else path
        if self.memo is not None and (known := self.memo.recall(name, stamp)):
            return known
        try:
            digest = notebook_digest(full) if meaning else file_digest(full)
        except OSError:
            return None
        if self.memo is not None and settled(status):
            self.memo.remember(name, stamp, digest)
        return digest


def settled(status: os.stat_result) -> bool:
    """Whether a file changed long enough ago that its stamp will not stay the same when it changes again."""
    return time.time() - max(status.st_mtime, status.st_ctime) > _TICK


def stamp_of(status: os.stat_result) -> str:
    """What tells two versions of a file apart without reading it. It holds until the machine starts again: when the
    power fails, a file may keep its times and lose its bytes."""
    return f"{_boot()}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_size}:{status.st_ino}"


def stamp_now(path: str | Path) -> str:
    """The stamp of what is at a path; "" where there is nothing."""
    try:
        return stamp_of(os.stat(path))  # noqa: PTH116
    except OSError:
        return ""


@functools.cache
def _boot() -> str:
    """A name for this run of the machine; "" where the system has none (then files are trusted by their times)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    except OSError:
        return ""


def file_digest(path: str | Path) -> str:
    """The digest of a file's bytes. Raises OSError, also for what is no file."""
    hasher = hashlib.sha256()
    with regular.open_regular(path) as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()[:40]


def notebook_digest(path: str | Path) -> str:
    """The digest of a notebook without what differs between equal runs; of its bytes if it is no notebook."""
    try:
        data: Any = json.loads(regular.read_bytes(path))
        cells = [
            [cell.get("cell_type"), cell.get("source"), [_output(output) for output in cell.get("outputs", ())]]
            for cell in data["cells"]
        ]
        text = json.dumps(cells, sort_keys=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return file_digest(path)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _output(output: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in output.items() if key not in ("execution_count", "metadata")}


def _folder_digest(contents: Contents, path: str) -> str:
    """The digest of a folder: the names and contents of all files in it."""
    hasher = hashlib.sha256()
    for name in files_below(contents.root, path):
        hasher.update(f"{name}\0{contents.digest(f'{path}/{name}')}\n".encode("utf-8", "surrogateescape"))
    return "d" + hasher.hexdigest()[:39]


def named_paths(root: str, names: Iterable[str]) -> list[str]:
    """The files below ``root`` that texts in code name: alone, in a folder that another one names, by wildcard, or as
    the parts of a data set that is a folder."""
    relative = _relative(names)
    kinds = {name: _kind(f"{root}/{name}") for name in relative if name[0] != "/"}
    found = {name for name, kind in kinds.items() if kind == "file" and "*" not in name and "?" not in name}
    found.update(path for name in kinds if "*" in name or "?" in name for path in _matches(root, name))
    for folder in (name for name, kind in kinds.items() if kind == "folder" and name != "."):
        found.update(f"{folder}/{part}" for part in datasets.parts(f"{root}/{folder}"))
        for name in relative:
            path = f"{folder}/{name.lstrip('/')}"
            if "*" in path or "?" in path:
                found.update(_matches(root, path))
            elif os.path.isfile(os.path.join(root, path)):  # noqa: PTH113, PTH118
                found.add(path)
    return sorted(found)


def named_above(root: str, names: Collection[str]) -> list[str]:
    """The files outside of ``root`` that texts in code name by ways that begin with ``..``, as paths from ``root``.

    A task that begins with ``os.chdir("..")`` names its data from there. What is hidden, or looks like a key, is none.
    """
    found: set[str] = set()
    for up in {name.rstrip("/") for name in map(_normal, names) if name.split("/")[0] == ".."}:
        full = os.path.normpath(os.path.join(root, up))  # noqa: PTH118
        kind = _kind(full)
        paths = [full] if kind == "file" else []
        if kind == "folder":
            paths = [f"{full.rstrip('/')}/{one}" for one in named_paths(full, names)]
        found.update(os.path.relpath(path, root) for path in paths if not path.startswith(f"{root}/"))
    return sorted(path for path in found if not _is_kept_back(path))


def _is_kept_back(path: str) -> bool:
    parts = [part for part in path.split("/") if part != ".."]
    return private.is_private(path) or any(part.startswith(".") for part in parts)


def may_be_named(names: Iterable[str], path: str) -> bool:
    """Whether `named_paths` of these texts would give this path if there were a file."""
    relative = _relative(names)
    if path in relative:
        return True
    starts = ["", *(f"{name}/" for name in relative if path.startswith(f"{name}/"))]
    if len(starts) > 1 and datasets.may_be_part(path):
        return True
    ends = {path[len(start) :] for start in starts}
    return any(name.lstrip("/") in ends or any(_fits(name.lstrip("/"), end) for end in ends) for name in relative)


def _fits(pattern: str, path: str) -> bool:
    if "*" not in pattern and "?" not in pattern:
        return False
    wanted, given = pattern.split("/"), path.split("/")
    return len(wanted) == len(given) and all(map(fnmatch.fnmatchcase, given, wanted))


def _relative(names: Iterable[str]) -> set[str]:
    relative = {_normal(name) for name in names if not name.startswith("~") and ".." not in name}
    return {name for name in relative if name and not name.startswith(_HIDDEN)}


def _normal(name: str) -> str:
    """The same name without ``./``, ``//`` and a ``/`` at the end, with forward slashes."""
    name = name.replace("\\", "/") if os.sep == "\\" else name
    if "//" in name or "/./" in name:
        name = posixpath.normpath(name)
    return name.removeprefix("./").rstrip("/")


def _kind(path: str) -> str | None:
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return "file" if stat.S_ISREG(mode) else "folder" if stat.S_ISDIR(mode) else None


def _matches(root: str, pattern: str) -> Iterator[str]:
    """Files that a wildcard means. One without a folder or a suffix is more likely to be something else."""
    import glob

    if "/" not in pattern and "." not in pattern:
        return
    for name in glob.glob(pattern, root_dir=root):  # noqa: PTH207
        if os.path.isfile(os.path.join(root, name)):  # noqa: PTH113, PTH118
            yield name.replace(os.sep, "/")


def files_below(root: str | Path, path: str) -> list[str]:
    """The files in a folder, with paths relative to it and forward slashes, in a fixed order."""
    top = os.path.join(root, path)  # noqa: PTH118
    found = []
    for folder, folders, names in os.walk(top):
        folders.sort()
        relative = os.path.relpath(folder, top).replace(os.sep, "/")
        found += [name if relative == "." else f"{relative}/{name}" for name in names]
    return sorted(found)
