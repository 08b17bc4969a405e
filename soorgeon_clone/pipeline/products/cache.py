"""Products of earlier states, by content, shared between checkouts: fingerprint -> manifests -> objects.

    <cache>/manifests/ab/<own>/<fingerprint>/<digest>.json   what a run made, and from which files
    <cache>/manifests/ab/<own>/project                       whose it is: a digest of the project's scope
    <cache>/objects/ab/<digest>                              the bytes

``own`` stands for all parts of the fingerprint but upstream contents.

Everything appears by rename, and an object is checked against its digest when it is brought back: a damaged entry is
dropped, never used. Objects are copies (or share blocks where the file system can), so that editing a product in its
place cannot reach them; large ones are hard links, and the check notices an edit.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from soorgeon_clone.files.atomic import scratch_name
from soorgeon_clone.files.cache_folder import make_private
from soorgeon_clone.files.regular import NotRegular, is_regular, open_regular, read_bytes
from soorgeon_clone.files.scratch import copy_new, is_own_folder, new_file, own_folder, put_bytes, put_text, remove
from soorgeon_clone.pipeline.products.manifest import LIMIT, Manifest, file_name, files, from_json, to_json
from soorgeon_clone.pipeline.sources.digests import digest as digest_of
from soorgeon_clone.pipeline.state.content import file_digest, files_below

LIMIT_SWITCH = "SOORGEON_CLONE_CACHE_LIMIT"
_DEFAULT_LIMIT = 10 * 10**9
_LINK_FROM = 64 * 10**6
_PROJECT = "project"
_FICLONE = 0x40049409
# Pairs of devices between which cloning failed once.
_CANNOT_CLONE: set[tuple[int, int]] = set()


@dataclass(frozen=True)
class Usage:
    """How much the cache holds, in bytes and objects, and what was removed."""

    path: Path
    bytes: int
    objects: int
    removed_bytes: int = 0
    removed_objects: int = 0


def default_limit() -> int:
    """The largest size of the cache in bytes."""
    from soorgeon_clone.pipeline.declared.entries import parse_size

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

    def find(self, own: str, fingerprint: str, usable: Callable[[Manifest], bool]) -> Manifest | None:
        """A manifest of this fingerprint that is usable. One that is damaged is none, and is replaced by the next."""
        try:
            entries = sorted((self._family(own) / fingerprint).iterdir(), key=lambda path: path.name)
        except OSError:
            return None
        for path in entries:
            manifest = _read_manifest(path)
            if manifest is not None and usable(manifest):
                return manifest
        return None

    def complete(self, manifest: Manifest) -> bool:
        """Whether all objects of a manifest are there."""
        return all(self.object(digest).is_file() for _, digest in files(manifest))

    def store(self, own: str, fingerprint: str, manifest: Manifest, root: Path) -> None:
        """Keep the products of a run. A cache that is full or cannot be written is no reason to fail."""
        try:
            make_private(self.folder)
            for name, digest in files(manifest):
                self.keep(root / name, digest)
            family = self._family(own)
            target = family / fingerprint / file_name(manifest)
            own_folder(self.folder, *target.parent.relative_to(self.folder).parts)
            if not os.path.lexists(family / _PROJECT):
                put_text(family / _PROJECT, digest_of(self.scope))
            if is_own_folder(target):
                remove(target)
            put_bytes(target, to_json(manifest))
        except OSError as error:
            self.problem = f"the cache in {self.folder} cannot be written ({error.strerror or error})"

    def restore(self, manifest: Manifest, place: Callable[[str], Path]) -> bool:
        """Copy all files of a manifest to where ``place`` says. False where an object is missing or damaged."""
        for name, digest in files(manifest):
            source, target = self.object(digest), place(name)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                remove(target)
                if not _clone(source, target):
                    copy_new(source, target)
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
        family = self._family(own)
        if all(map(is_own_folder, (family.parent.parent, family.parent, family))):
            remove(family / fingerprint)

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
                total = int(read_bytes(path, limit=100)) + self.stored
            except (OSError, ValueError):
                total = usage(self.folder).bytes
            if total > limit:
                total = collect(self.folder, int(limit * 0.9)).bytes
            put_text(path, str(total))
            self.stored = 0
        except OSError as error:
            self.problem = f"the cache in {self.folder} cannot be written ({error.strerror or error})"

    def _drop_damaged(self, manifest: Manifest) -> None:
        for _, digest in files(manifest):
            path = self.object(digest)
            with contextlib.suppress(OSError):
                if file_digest(path) != digest:
                    path.unlink()

    def keep(self, source: Path, digest: str) -> None:
        """Have the bytes of a file as an object. Raises OSError."""
        target = self.object(digest)
        if target.is_file():
            with contextlib.suppress(OSError):
                os.utime(target)
            return
        aside = self.aside(target)
        try:
            if not is_regular(source):
                raise NotRegular(source)
            size = source.stat().st_size
            if not _clone(source, aside) and not (size >= _LINK_FROM and _link(source, aside)):
                copy_new(source, aside)
            self.put(aside, target)
            self.stored += size
        finally:
            with contextlib.suppress(OSError):
                aside.unlink()

    def aside(self, target: Path) -> Path:
        """A free name beside an object, in a folder of the cache's own. Raises OSError."""
        make_private(self.folder)
        own_folder(self.folder, *target.parent.relative_to(self.folder).parts)
        return scratch_name(target)

    def put(self, aside: Path, target: Path) -> None:
        """Give what was written beside an object its name; a folder or a link there makes way."""
        if os.path.lexists(target) and not is_regular(target):
            remove(target)
        aside.replace(target)

    def object(self, digest: str) -> Path:
        """Where the bytes with this digest are, or would be."""
        return self.folder / "objects" / digest[:2] / digest

    def family(self, own: str) -> str:
        """The name of the folder with the manifests of a task with these own parts."""
        return digest_of(f"{self.scope}\0{own}")

    def is_of_project(self, family: str) -> bool:
        """Whether a folder of manifests is of this project."""
        try:
            told = read_bytes(_family_folder(self.folder, family) / _PROJECT, limit=100)
        except OSError:
            return False
        return told.decode("ascii", "replace") == digest_of(self.scope)

    def _family(self, own: str) -> Path:
        return _family_folder(self.folder, self.family(own))


def _family_folder(folder: Path, family: str) -> Path:
    return folder / "manifests" / family[:2] / family


def usage(folder: Path) -> Usage:
    """What the cache holds."""
    sizes = [size for _, size, _ in _objects(folder)]
    return Usage(folder, sum(sizes), len(sizes))


def collect(folder: Path, limit: int, *, dry_run: bool = False) -> Usage:
    """Remove what was not used for longest until the cache holds at most ``limit`` bytes, and what lies around.

    With ``dry_run`` nothing is removed.
    """
    objects = sorted(_objects(folder), key=lambda one: one[2])
    total, count = sum(size for _, size, _ in objects), len(objects)
    removed_bytes = removed = 0
    for path, size, _ in objects:
        if total <= limit:
            break
        with contextlib.suppress(OSError):
            if not dry_run:
                path.unlink()
            total, count = total - size, count - 1
            removed_bytes, removed = removed_bytes + size, removed + 1
    if not dry_run:
        _drop_incomplete(folder)
    return Usage(folder, total, count, removed_bytes, removed)


def drop(folder: Path, manifests: Iterable[str], objects: Iterable[str]) -> None:
    """Remove manifests and objects by their paths in the cache; nothing through a link."""
    for top, names in (("manifests", manifests), ("objects", objects)):
        for name in names if is_own_folder(folder / top) else ():
            with contextlib.suppress(OSError):
                (folder / name).unlink()
                if top == "manifests":
                    _drop_empty((folder / name).parent)


def _drop_empty(fingerprint: Path) -> None:
    """Remove the folders of a fingerprint and its family if nothing is in them but whose they are."""
    with contextlib.suppress(OSError):
        fingerprint.rmdir()
        if [one.name for one in fingerprint.parent.iterdir()] == [_PROJECT]:
            (fingerprint.parent / _PROJECT).unlink()
        fingerprint.parent.rmdir()


def _drop_incomplete(folder: Path) -> None:
    """Remove manifests whose objects are gone, and parts of files that a killed process left behind."""
    cache = Cache(folder, "")
    families = [family for inner in _folders(folder / "manifests") for family in _folders(inner)]
    fingerprints = [fingerprint for family in families for fingerprint in _folders(family)]
    for path in [path for fingerprint in fingerprints for path in fingerprint.glob("*.json")]:
        manifest = _read_manifest(path)
        if manifest is None or not cache.complete(manifest):
            with contextlib.suppress(OSError):
                path.unlink()
            _drop_empty(path.parent)
    long_ago = time.time() - 24 * 3600
    for path in [path for inner in [*_folders(folder / "objects"), *fingerprints] for path in inner.glob(".*")]:
        with contextlib.suppress(OSError):
            if path.lstat().st_mtime < long_ago:
                path.unlink()


def _objects(folder: Path) -> Iterator[tuple[Path, int, float]]:
    for inner in _folders(folder / "objects"):
        with contextlib.suppress(OSError), os.scandir(inner) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                    status = entry.stat(follow_symlinks=False)
                    yield Path(entry.path), status.st_size, status.st_mtime


def _folders(top: Path) -> list[Path]:
    """The folders in a folder that are no links: nothing is removed through one."""
    if not is_own_folder(top):
        return []
    with os.scandir(top) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]


def _read_manifest(path: Path) -> Manifest | None:
    if path.suffix != ".json" or path.name.startswith("."):
        return None
    try:
        return from_json(read_bytes(path, limit=LIMIT))
    except OSError:
        return None


def folder_files(root: Path, path: str, digest: Callable[[str], str | None]) -> dict[str, str]:
    """The files of a product that is a folder; the digest of what is no file is ""."""
    return {name: digest(f"{path}/{name}") or "" for name in files_below(root, path)}


def _clone(source: Path, target: Path) -> bool:
    """Copy without copying, where the file system shares blocks (btrfs, XFS)."""
    if not sys.platform.startswith("linux"):
        return False
    devices = (source.parent.stat().st_dev, target.parent.stat().st_dev)
    if devices in _CANNOT_CLONE:
        return False
    import fcntl

    with open_regular(source) as old, new_file(target) as new:
        try:
            fcntl.ioctl(new.fileno(), _FICLONE, old.fileno())
            os.fchmod(new.fileno(), stat.S_IMODE(os.fstat(old.fileno()).st_mode))
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
