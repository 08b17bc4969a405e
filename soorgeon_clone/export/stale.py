"""Project -> the tasks that an incremental export holds: those whose products the store does not have, and what needs
them.

The store is asked, not this machine's records: what is up to date here and was never published is not there for a
container. Code, params, upstream contents, input files and versions are compared as a task does when it runs.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from soorgeon_clone.pipeline.declared.dag import descendants
from soorgeon_clone.pipeline.products.manifest import Manifest, files
from soorgeon_clone.pipeline.products.remote import THREADS
from soorgeon_clone.pipeline.products.store import Store
from soorgeon_clone.pipeline.status.project import Project


def stale(project: Project) -> frozenset[str]:
    """The names of the tasks to export. Without a store tasks run in the project's folder, whose records tell."""
    if project.store is None:
        found = {status.name for status in project.status() if not status.up_to_date}
    else:
        manifests = _manifests(project, project.store)
        found = set(project.dag.tasks) - manifests.keys()
        found |= _incomplete(project.store, manifests)
    return frozenset(descendants(project.dag, found))


def _manifests(project: Project, store: Store) -> dict[str, Manifest]:
    """What the store says about each task that is done, and whose upstream is."""
    store.prepare(project.own_digest(task) for task in project.dag.tasks.values())
    found: dict[str, Manifest] = {}
    meanings: dict[str, str] = {}
    for task in project.dag.tasks.values():
        if any(name not in found for name in task.upstream):
            continue
        whole = project.fingerprint(task, meanings).digest
        manifest = store.find(project.own_digest(task), whole, project.usable(task))
        if manifest is not None:
            found[task.name] = manifest
            meanings.update((path, meaning) for path, (_, meaning) in manifest.products.items())
    return found


def _incomplete(store: Store, manifests: dict[str, Manifest]) -> set[str]:
    """The tasks of which the store has lost a product."""
    digests = sorted({digest for manifest in manifests.values() for _, digest in files(manifest)})
    with ThreadPoolExecutor(THREADS) as pool:
        there = pool.map(store.remote.exists, (f"objects/{digest[:2]}/{digest}" for digest in digests))
        lost = {digest for digest, exists in zip(digests, there, strict=True) if not exists}
    return {name for name, manifest in manifests.items() if any(digest in lost for _, digest in files(manifest))}
