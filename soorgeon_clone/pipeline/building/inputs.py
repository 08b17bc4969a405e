"""A task in a checkout of its own -> what its upstream made, brought from the store.

Fingerprints are followed from the first tasks on: what a task made is known from its manifest, without its products,
and that is enough for the fingerprints of those after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building import results
from soorgeon_clone.pipeline.declared import dag as dags
from soorgeon_clone.pipeline.declared.elements import FILE
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.pipeline.state.fingerprint import needs
from soorgeon_clone.pipeline.status.model import Ahead
from soorgeon_clone.pipeline.status.project import Project


@dataclass(frozen=True)
class Inputs:
    """What is known of a task's ancestors: the manifests of those whose products are to be brought, what the tasks
    after them see of these, and the ancestors of which nothing is known."""

    manifests: Mapping[str, Manifest]
    ahead: Ahead
    unknown: tuple[str, ...]


def find(project: Project, task: Task) -> Inputs:
    """Follow the fingerprints of the task's ancestors. What the store has counts more than what is here: a task may
    have run again elsewhere, and have come to something else by the same code."""
    store = project.store
    assert store is not None
    names = dags.ancestors(project.dag, [task.name]) - {task.name}
    known = [project.tasks[name] for name in (*names, task.name)]
    store.prepare(project.own_digest(one) for one in known if one.facts.problem is None)
    found: dict[str, Manifest] = {}
    unknown: list[str] = []
    ahead = Ahead()
    for name in project.dag.tasks:
        if name not in names:
            continue
        other = project.tasks[name]
        verdict = project.judge(other, ahead)
        manifest = project.in_store(other, verdict.fingerprint) if other.facts.problem is None else None
        manifest = manifest or verdict.manifest
        if manifest is not None and travels(other, manifest):
            found[name] = manifest
            ahead.expect(name, replace(verdict, manifest=manifest, partial=False))
        elif verdict.causes:
            unknown.append(name)
    return Inputs(found, ahead, tuple(unknown))


def find_elements(project: Project) -> None:
    """Have the lists of elements here that the store knows: without them, tasks of a ``foreach`` have no names."""
    splits = [name for name, task in project.dag.tasks.items() if task.spec.over is not None]
    for name in splits:
        task = project.tasks[name]
        inputs = find(project, task)
        verdict = project.judge(task, inputs.ahead)
        manifest = project.in_store(task, verdict.fingerprint) if task.facts.problem is None else None
        if manifest is None:
            continue
        folder = task.products[0].path
        if not (project.root / folder).exists() and FILE in manifest.folders.get(folder, ()):
            # files of elements are brought to the tasks that need them
            manifest = replace(manifest, folders={folder: {FILE: manifest.folders[folder][FILE]}})
        part = _absent(project, manifest, {folder} & manifest.folders.keys())
        assert project.store is not None
        if part.products and project.store.fetch([part]):
            results.bring_back(project, task, part)
        project.reveal()


def bring(project: Project, task: Task, inputs: Inputs) -> None:
    """Put in their places the upstream products that the task needs and that are not here, or are not the right ones.

    What is here and is known nowhere else is taken as it is.
    """
    for needed in needs(task, project.tasks):
        if needed.task not in inputs.manifests and not (project.root / needed.path).exists():
            raise _missing(project, task, inputs.unknown[0] if inputs.unknown else needed.task)
    place(project, task, inputs.manifests)


def travels(task: Task, manifest: Manifest) -> bool:
    """Whether a manifest names all that the task left behind."""
    return manifest.traces is not None or not task.facts.writes_files


def wanted(project: Project, task: Task, manifests: Mapping[str, Manifest]) -> dict[str, Manifest]:
    """The parts of the manifests of ``task``'s ancestors that it needs: products of those before it that it may read,
    and the files that any of them left besides."""
    products: dict[str, set[str]] = {}
    inner: dict[str, dict[str, str]] = {}
    for needed in needs(task, project.tasks):
        if needed.file is None:
            products.setdefault(needed.task, set()).add(needed.path)
        else:
            inner.setdefault(needed.task, {})[needed.product.path] = needed.file
    found = {}
    for name, manifest in manifests.items():
        paths = products.get(name, set())
        if name in inner:
            manifest, paths = _narrowed(manifest, inner[name], paths)
        part = replace(
            manifest,
            products={path: digests for path, digests in manifest.products.items() if path in paths},
            folders={path: inner for path, inner in manifest.folders.items() if path in paths},
        )
        if part.products or part.traces or any(part.written.values()):
            found[name] = part
    return found


def _narrowed(manifest: Manifest, inner: Mapping[str, str], paths: set[str]) -> tuple[Manifest, set[str]]:
    """The manifest with one file alone of folders that are not needed as a whole, and what is needed now."""
    single = {
        path: file for path, file in inner.items() if path not in paths and file in manifest.folders.get(path, ())
    }
    folders = {path: {file: manifest.folders[path][file]} for path, file in single.items()}
    return replace(manifest, folders={**manifest.folders, **folders}), {*paths, *single}


def place(project: Project, task: Task, manifests: Mapping[str, Manifest]) -> None:
    """Put what the task needs of these manifests in its place."""
    store, cache = project.store, project.cache
    assert store is not None and cache is not None
    needed = needs(task, project.tasks)
    narrowed = {one.product.path for one in needed if one.file} - {one.product.path for one in needed if not one.file}
    parts = {name: _absent(project, part, narrowed) for name, part in wanted(project, task, manifests).items()}
    if not store.fetch(list(parts.values())):
        raise UserError(
            f"task '{task.name}': products of its upstream are incomplete in the store {store.url}",
            hint=f"Run these again with the same store: {', '.join(parts)} (with --force).",
        )
    for name in _by_time(project, parts):
        part = parts[name]
        if not results.bring_back(project, project.tasks[name], part):
            raise UserError(cache.problem or f"task '{task.name}': the products of '{name}' cannot be copied")


def _absent(project: Project, part: Manifest, narrowed: set[str]) -> Manifest:
    """A manifest without what is there already; of folders that are ``narrowed`` it has no more than what is needed."""
    there = project.contents.digest

    def missing(files: Mapping[str, str]) -> dict[str, str]:
        return {path: digest for path, digest in files.items() if there(path) != digest}

    def is_there(path: str, digest: str) -> bool:
        if path not in narrowed:
            return there(path) == digest
        return all(there(f"{path}/{name}") == one for name, one in part.folders[path].items())

    products = {path: digests for path, digests in part.products.items() if not is_there(path, digests[0])}
    folders = {path: inner for path, inner in part.folders.items() if path in products}
    return replace(
        part,
        products=products,
        folders=folders,
        written=missing(part.written),
        traces=missing(part.traces or {}),
    )


def _by_time(project: Project, parts: Mapping[str, Manifest]) -> list[str]:
    """The tasks in the order in which they ended: of tasks that wrote one file, the last one has the say.

    Clocks of machines differ, so no task counts as older than what it came after.
    """
    ended: dict[str, float] = {}
    for name, task in project.tasks.items():
        own = parts[name].finished if name in parts else 0.0
        ended[name] = max([own, *(ended.get(other, 0.0) for other in task.upstream)])
    position = {name: index for index, name in enumerate(project.tasks)}
    return sorted(parts, key=lambda name: (ended[name], position[name]))


def _missing(project: Project, task: Task, name: str) -> UserError:
    store = project.store
    assert store is not None
    return UserError(
        f"task '{task.name}' needs what '{name}' makes, which is neither here nor in the store {store.url}",
        hint=f"Run 'soorgeon-clone task {name}' first, with the same store and the same code, params and libraries.",
    )
