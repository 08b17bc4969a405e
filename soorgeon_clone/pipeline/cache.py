"""Products of earlier states, by content, shared between checkouts: fingerprint -> manifests -> objects.

    <cache>/manifests/ab/<own>/<fingerprint>/<digest>.json   what a run made, and from which files
    <cache>/objects/ab/<digest>                              the bytes

``own`` stands for all parts of the fingerprint but upstream contents.

Everything appears by rename, and an object is checked against its digest when it is brought back: a damaged entry is
dropped, never used. Objects are copies (or share blocks where the file system can), so that editing a product in its
place cannot reach them; large ones are hard links, and the check notices an edit.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from soorgeon_clone.pipeline.code_facts import digest as digest_of
from soorgeon_clone.pipeline.content import file_digest, files_below

SWITCH = "SOORGEON_CLONE_CACHE"
LIMIT_SWITCH = "SOORGEON_CLONE_CACHE_LIMIT"
_DEFAULT_LIMIT = 10 * 10**9
_LINK_FROM = 64 * 10**6
_FICLONE = 0x40049409
# Pairs of devices between which cloning failed once.
_CANNOT_CLONE: set[tuple[int, int]] = set()


@dataclass(frozen=True)
class Manifest:
    """What a run made. ``products`` maps a path to (digest of bytes, digest of meaning), ``written`` to one digest.

    ``traces`` are files that a task left which is known to write others than its products; None where nobody looked.
    """

    products: Mapping[str, tuple[str, str]]
    inputs: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    seconds: float = 0.0
    traces: Mapping[str, str] | None = None
    finished: float = 0.0


@dataclass(frozen=True)
class Usage:
    """How much the cache holds, in bytes and objects, and what was removed."""

    path: Path
    bytes: int
    objects: int
    removed_bytes: int = 0
    removed_objects: int = 0


def default_folder() -> Path | None:
    """The user's cache folder; None where the environment switches it off (``SOORGEON_CLONE_CACHE=off``)."""
    chosen = os.environ.get(SWITCH)
    if chosen is not None:
        return None if chosen.strip().lower() in ("", "0", "off", "no", "none", "false") else Path(chosen).expanduser()
    try:
        if sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        elif sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return base / "soorgeon-clone"


def default_limit() -> int:
    """The largest size of the cache in bytes."""
    from soorgeon_clone.pipeline.task_entry import parse_size

    return parse_size(os.environ.get(LIMIT_SWITCH, "")) or _DEFAULT_LIMIT


class Cache:
    """The cache of one project. ``scope`` keeps projects apart that happen to hold equal tasks."""

    def __init__(self, folder: Path, scope: str) -> None:
        self.folder = folder
        self.scope = scope
        self.problem: str | None = None
        self.stored = 0

    def may_hold(self, own: str) -> bool:
        """Whether there is a manifest of a task with these own parts, whatever its upstream was."""
        return self._family(own).is_dir()

    def find(self, own: str, fingerprint: str, current: Callable[[str], str | None]) -> Manifest | None:
        """A manifest of this fingerprint whose input files are as they are now."""
        try:
            entries = sorted((self._family(own) / fingerprint).iterdir(), key=lambda path: path.name)
        except OSError:
            return None
        for path in entries:
            manifest = _read_manifest(path)
            if manifest and all(current(name) == digest for name, digest in manifest.inputs.items()):
                return manifest
        return None

    def complete(self, manifest: Manifest) -> bool:
        """Whether all objects of a manifest are there."""
        return all(self.object(digest).is_file() for _, digest in files(manifest))

    def store(self, own: str, fingerprint: str, manifest: Manifest, root: Path) -> None:
        """Keep the products of a run. A cache that is full or cannot be written is no reason to fail."""
        try:
            for name, digest in files(manifest):
                self._store_file(root / name, digest)
            target = self._family(own) / fingerprint / file_name(manifest)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = beside(target)
            aside.write_bytes(to_json(manifest))
            aside.replace(target)
        except OSError as error:
            self.problem = f"the cache in {self.folder} cannot be written ({error.strerror or error})"

    def restore(self, manifest: Manifest, place: Callable[[str], Path]) -> bool:
        """Copy all files of a manifest to where ``place`` says. False where an object is missing or damaged."""
        for name, digest in files(manifest):
            source, target = self.object(digest), place(name)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                _copy(source, target)
                if file_digest(target) != digest:
                    self._drop_damaged(manifest)
                    return False
                os.utime(source)
            except FileNotFoundError:
                return False
            except OSError as error:
                self.problem = f"{name} cannot be brought back from the cache ({error.strerror or error})"
                return False
        return True

    def forget(self, own: str, fingerprint: str) -> None:
        """Drop the manifests of a fingerprint."""
        shutil.rmtree(self._family(own) / fingerprint, ignore_errors=True)

    def keep_within(self, limit: int) -> None:
        """Remove what was not used for longest if what was stored made the cache too large.

        How large it is stands in a file; builds that store at the same time may make that a little wrong, until the
        next removal counts again.
        """
        if not self.stored:
            return
        path = self.folder / "size"
        try:
            try:
                total = int(path.read_text()) + self.stored
            except (OSError, ValueError):
                total = usage(self.folder).bytes
            if total > limit:
                total = collect(self.folder, int(limit * 0.9)).bytes
            aside = path.with_name(f".size.{os.getpid()}")
            aside.write_text(str(total))
            aside.replace(path)
            self.stored = 0
        except OSError as error:
            self.problem = f"the cache in {self.folder} cannot be written ({error.strerror or error})"

    def _drop_damaged(self, manifest: Manifest) -> None:
        for _, digest in files(manifest):
            path = self.object(digest)
            with contextlib.suppress(OSError):
                if file_digest(path) != digest:
                    path.unlink()

    def _store_file(self, source: Path, digest: str) -> None:
        target = self.object(digest)
        if target.is_file():
            with contextlib.suppress(OSError):
                os.utime(target)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = beside(target)
        try:
            size = source.stat().st_size
            if not _clone(source, aside) and not (size >= _LINK_FROM and _link(source, aside)):
                shutil.copyfile(source, aside)
            aside.replace(target)
            self.stored += size
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()

    def object(self, digest: str) -> Path:
        """Where the bytes with this digest are, or would be."""
        return self.folder / "objects" / digest[:2] / digest

    def _family(self, own: str) -> Path:
        name = digest_of(f"{self.scope}\0{own}")
        return self.folder / "manifests" / name[:2] / name


def beside(target: Path) -> Path:
    """Where to write before renaming: a name that no other process or thread uses."""
    return target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}")


def usage(folder: Path) -> Usage:
    """What the cache holds."""
    sizes = [size for _, size, _ in _objects(folder)]
    return Usage(folder, sum(sizes), len(sizes))


def collect(folder: Path, limit: int) -> Usage:
    """Remove what was not used for longest until the cache holds at most ``limit`` bytes, and what lies around."""
    objects = sorted(_objects(folder), key=lambda one: one[2])
    total, count = sum(size for _, size, _ in objects), len(objects)
    removed_bytes = removed = 0
    for path, size, _ in objects:
        if total <= limit:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            total, count = total - size, count - 1
            removed_bytes, removed = removed_bytes + size, removed + 1
    _drop_incomplete(folder)
    return Usage(folder, total, count, removed_bytes, removed)


def _drop_incomplete(folder: Path) -> None:
    """Remove manifests whose objects are gone, and parts of files that a killed process left behind."""
    cache = Cache(folder, "")
    for path in (folder / "manifests").glob("*/*/*/*.json"):
        manifest = _read_manifest(path)
        if manifest is None or not cache.complete(manifest):
            with contextlib.suppress(OSError):
                path.unlink()
                path.parent.rmdir()
                path.parent.parent.rmdir()
    long_ago = time.time() - 24 * 3600
    for path in [*(folder / "objects").glob("*/.*"), *(folder / "manifests").glob("*/*/*/.*")]:
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < long_ago:
                path.unlink()


def _objects(folder: Path) -> Iterator[tuple[Path, int, float]]:
    for path in (folder / "objects").glob("*/*"):
        if not path.name.startswith("."):
            with contextlib.suppress(OSError):
                status = path.stat()
                yield path, status.st_size, status.st_mtime


def files(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """All files of a manifest with their digests; those of a folder one by one."""
    for path, (digest, _) in manifest.products.items():
        if path in manifest.folders:
            yield from ((f"{path}/{name}", one) for name, one in manifest.folders[path].items())
        else:
            yield path, digest
    yield from ((path, digest) for path, digest in manifest.written.items() if digest)
    yield from (manifest.traces or {}).items()


def folder_files(root: Path, path: str, digest: Callable[[str], str | None]) -> dict[str, str]:
    """The files of a product that is a folder."""
    return {name: digest(f"{path}/{name}") or "" for name in files_below(root, path)}


def _read_manifest(path: Path) -> Manifest | None:
    if path.suffix != ".json" or path.name.startswith("."):
        return None
    try:
        return from_json(path.read_bytes())
    except OSError:
        return None


def to_json(manifest: Manifest) -> bytes:
    """The text of a manifest's file."""
    data = {
        "products": {path: list(digests) for path, digests in manifest.products.items()},
        "inputs": dict(manifest.inputs),
        "written": dict(manifest.written),
        "folders": {path: dict(found) for path, found in manifest.folders.items()},
        "seconds": manifest.seconds,
        "traces": None if manifest.traces is None else dict(manifest.traces),
        "finished": manifest.finished,
    }
    return json.dumps(data, sort_keys=True).encode()


def from_json(text: bytes) -> Manifest | None:
    """The manifest in a file; None if it is none."""
    try:
        data = json.loads(text)
        products = {name: (raw, meaning) for name, (raw, meaning) in data.pop("products").items()}
        return Manifest(products=products, **data)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def file_name(manifest: Manifest) -> str:
    """The name of a manifest's file: runs that read the same files have the same."""
    return f"{digest_of(json.dumps(dict(manifest.inputs), sort_keys=True))}.json"


def _copy(source: Path, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        target.unlink()
    if not _clone(source, target):
        shutil.copyfile(source, target)


def _clone(source: Path, target: Path) -> bool:
    """Copy without copying, where the file system shares blocks (btrfs, XFS)."""
    if not sys.platform.startswith("linux"):
        return False
    devices = (source.parent.stat().st_dev, target.parent.stat().st_dev)
    if devices in _CANNOT_CLONE:
        return False
    import fcntl

    with source.open("rb") as old, target.open("wb") as new:
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
            return True
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
    _CANNOT_CLONE.add(devices)
    target.unlink()
    return False


def _link(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
        return True
    except OSError:
        return False
