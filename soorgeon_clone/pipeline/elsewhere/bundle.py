"""A project's sources -> objects in the store -> a folder on another machine, the same for the same content.

Small files go into one archive, large ones are objects of their own, which travel once. Hidden files and folders, and
what is called as keys are (`files.private`), stay where they are.
"""

from __future__ import annotations

import io
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
class Bundle:
    """Digests of the archive and of the large files by path."""

    archive: str
    large: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Short, and the same for the same content."""
        from soorgeon_clone.pipeline.sources.digests import digest

        return digest(f"{self.archive} {sorted(self.large.items())}")[:16]

    @property
    def digests(self) -> set[str]:
        return {self.archive, *self.large.values()}


def pack(project: Project, names: Iterable[str]) -> Bundle:
    """Put the sources that these tasks may need into the local cache, as objects."""
    cache = project.cache
    assert cache is not None
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
    return Bundle(digest, large)


def send(store: Store, bundle: Bundle) -> None:
    """Have a bundle in the store."""
    store.publish_files(bundle.digests).result()


def unpack(store: Store, bundle: Bundle, folder: Path) -> None:
    """Make the project's folder. Raises UserError for a bundle that names what lies outside of it."""
    content = Manifest({}, written={"archive": bundle.archive, **bundle.large})
    if not store.fetch([content]):
        raise UserError(f"the sources of this build are not in the store {store.url} any more", hint="Build again.")
    make_folder(folder.parent, folder.name)
    with tarfile.open(store.cache.object(bundle.archive)) as archive:
        for member in archive.getmembers():
            # Who can write the store may have put a link or a device into the archive, or a name such as ../../x.
            if relative_name(member.name) is None or not member.isfile():
                raise UserError(f"the sources of this build in {store.url} hold {member.name!r}, which is no file")
            content_file = archive.extractfile(member)
            assert content_file is not None
            write_bytes(folder, member.name, content_file.read(), mode=(member.mode & 0o777) | 0o600)
    store.cache.restore(Manifest({}, written=dict(bundle.large)), lambda path: written(folder, path))


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


def _add(archive: tarfile.TarFile, path: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))
