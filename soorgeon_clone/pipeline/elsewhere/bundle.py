"""A project's sources -> objects in the store -> a folder on another machine, the same for the same content.

Small files go into one archive, large ones are objects of their own, which travel once. Hidden files and folders, and
what is called as keys are (`files.private`), stay where they are. A task may change to a folder above the project's,
and name files there (`refactor --into` writes such tasks): these travel as well, and lie where they lay, as seen from
the project.
"""

from __future__ import annotations

import io
import os
import pickle
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import private
from soorgeon_clone.files.atomic import scratch_name, write_bytes
from soorgeon_clone.files.cache_folder import make_private
from soorgeon_clone.files.confine import relative_name, written
from soorgeon_clone.files.folders import make_folder
from soorgeon_clone.files.ignored import kept_files
from soorgeon_clone.files.scratch import put_bytes, remove
from soorgeon_clone.pipeline.declared.model import HIDDEN, Spec
from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.pipeline.products.store import Store
from soorgeon_clone.pipeline.state.content import file_digest
from soorgeon_clone.pipeline.status.project import Project

_SMALL = 256_000
_SPEC = f"{HIDDEN}/spec.pickle"


@dataclass(frozen=True)
class SourceBundle:
    """Digests of the archive and of the large files by path.

    ``beside`` are files beside the project, by their paths in the folder above it that holds all of them; from there,
    ``inside`` leads to the project.
    """

    archive: str
    large: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    inside: str = ""

    @property
    def name(self) -> str:
        """Short, and the same for the same content."""
        from soorgeon_clone.pipeline.sources.digests import digest

        return digest(f"{self.archive} {sorted(self.large.items())} {sorted(self.beside.items())} {self.inside}")[:16]

    @property
    def digests(self) -> set[str]:
        return {self.archive, *self.large.values(), *self.beside.values()}


def pack(project: Project, names: Iterable[str]) -> SourceBundle:
    """Put the sources that these tasks may need into the local cache, as objects."""
    cache = project.cache
    assert cache is not None
    names = list(names)
    beside, inside = _beside(project, names)
    for digest, full in beside.values():
        cache.keep(full, digest)
    large: dict[str, str] = {}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in _sources(project, names):
            full = project.root / path
            if full.stat().st_size > _SMALL:
                large[path] = str(project.contents.digest(path))
                cache.keep(full, large[path])
            else:
                _add(archive, path, full.read_bytes(), mode=full.stat().st_mode & 0o777)
        _add(archive, _SPEC, pickle.dumps(_told(project.spec)))
    make_private(cache.folder)
    aside = scratch_name(cache.folder / "bundle")
    try:
        put_bytes(aside, buffer.getvalue())
        digest = file_digest(aside)
        cache.keep(aside, digest)
    finally:
        remove(aside)
    return SourceBundle(digest, large, {path: one for path, (one, _) in beside.items()}, inside)


def send(store: Store, bundle: SourceBundle) -> None:
    """Have a bundle in the store."""
    store.publish_files(bundle.digests).result()


def unpack(store: Store, bundle: SourceBundle, top: Path) -> None:
    """Make the project's folder in a new one, ``top``. Raises UserError for a bundle that names what lies outside."""
    content = Manifest({}, written={"archive": bundle.archive, **bundle.large})
    folder = written(top, top / bundle.inside) if bundle.inside else top
    if not store.fetch([content]):
        raise UserError(f"the sources of this build are not in the store {store.url} any more", hint="Build again.")
    make_folder(top.parent, top.name)
    if bundle.inside:
        make_folder(top, bundle.inside)
    with tarfile.open(store.cache.object(bundle.archive)) as archive:
        for member in archive.getmembers():
            # Who can write the store may have put a link or a device into the archive, or a name such as ../../x.
            if relative_name(member.name) is None or not member.isfile():
                raise UserError(f"the sources of this build in {store.url} hold {member.name!r}, which is no file")
            content_file = archive.extractfile(member)
            assert content_file is not None
            write_bytes(folder, member.name, content_file.read(), mode=(member.mode & 0o777) | 0o600)
    store.cache.restore(Manifest({}, written=dict(bundle.large)), lambda path: written(folder, path))
    if bundle.beside:
        others = Manifest({}, written=dict(bundle.beside))
        if not store.fetch([others]):
            raise UserError(f"files beside the project are not in the store {store.url} any more", hint="Build again.")
        store.cache.restore(others, lambda path: written(top, path))


def _told(spec: Spec) -> Spec:
    """What a worker needs of pipeline.yaml: not what export targets are told, which may hold values of the
    environment. Params that stand there travel as look-ups."""
    from dataclasses import replace

    return replace(
        spec, env={}, export=None, store=None, tasks=tuple(replace(task, export=None) for task in spec.tasks)
    )


def spec_in(folder: Path) -> Spec:
    """What pipeline.yaml said where the bundle was packed, for this folder."""
    from dataclasses import replace

    spec: Spec = pickle.loads((folder / _SPEC).read_bytes())
    return replace(spec, root=folder, path=folder / spec.path.name)


def stays(path: str) -> bool:
    """Whether a file never travels: it is hidden, in a hidden folder, or has a name that people give to keys."""
    return is_hidden(path) or private.is_private(path)


def is_hidden(path: str) -> bool:
    """Whether a file is hidden, or in a hidden folder."""
    return any(part.startswith(".") for part in path.split("/"))


def code_of(project: Project, names: Iterable[str]) -> set[str]:
    """The sources of these tasks and the modules of the project that they import: without these nothing runs."""
    found: set[str] = set()
    for name in names:
        task = project.tasks[name]
        modules = [Path(path) for path in project.fingerprints.closure(task).files]
        found.update(path.relative_to(project.root).as_posix() for path in modules if project.root in path.parents)
        if task.spec.source.path and not Path(task.spec.source.path).is_absolute():
            found.add(task.spec.source.path)
    return found


def data_of(project: Project, names: Iterable[str]) -> set[str]:
    """The files that the code of these tasks names, and their resources."""
    found: set[str] = set()
    for name in names:
        task = project.tasks[name]
        found.update(project.named_files(task))
        found.update(path for path in task.spec.resources.values() if not Path(path).is_absolute())
    return found


def _sources(project: Project, names: Iterable[str]) -> list[str]:
    """Files of the project that git does not ignore, without products, and in any case what the tasks name."""
    names = list(names)
    products = {product.path for task in project.tasks.values() for product in task.products}
    found = {
        path
        for path in kept_files(project.root)
        if path not in products
        and not path.endswith(".pyc")
        and not any(parent.as_posix() in products for parent in Path(path).parents)
    }
    found |= data_of(project, names)
    travelling = {path for path in found if not stays(path)}
    travelling |= {path for path in code_of(project, names) if not is_hidden(path)}
    return sorted(path for path in travelling if (project.root / path).is_file())


def _beside(project: Project, names: Iterable[str]) -> tuple[dict[str, tuple[str, Path]], str]:
    """The files in folders above the project that the code of tasks names, with their digests, by their paths in the
    highest of these folders; and the way from there to the project."""
    files = {path for name in names for path in project.named_files(project.tasks[name]) if path.startswith("../")}
    found = {Path(os.path.normpath(project.root / path)) for path in files}
    if not found:
        return {}, ""
    top = Path(os.path.commonpath([project.root.parent, *found]))
    whole = {path.relative_to(top).as_posix(): (file_digest(path), path) for path in sorted(found)}
    return whole, project.root.relative_to(top).as_posix()


def _add(archive: tarfile.TarFile, path: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
