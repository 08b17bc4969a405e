"""Project -> the tasks that an incremental export holds: those whose products the store does not have, and what needs
them.

The store is asked, not this machine's records: what is up to date here and was never published is not there for a
container. Code, params, upstream contents, input files and versions are compared as a task does when it runs.
"""

from __future__ import annotations

from soorgeon_clone.pipeline.project import Project


def stale(project: Project) -> frozenset[str]:
    """The names of the tasks to export. Without a store tasks run in the project's folder, whose records tell."""
    found: set[str] = set()
    if project.store is None:
        not_done = {status.name for status in project.status() if not status.up_to_date}
        for task in project.dag.tasks.values():
            if task.name in not_done or not found.isdisjoint(task.upstream):
                found.add(task.name)
        return frozenset(found)
    project.store.prepare(project.own_digest(task) for task in project.dag.tasks.values())
    meanings: dict[str, str] = {}
    for task in project.dag.tasks.values():
        manifest = None
        if found.isdisjoint(task.upstream):
            own, whole = project.own_digest(task), project.fingerprint(task, meanings).digest
            manifest = project.store.find(own, whole, project.contents.digest)
        if manifest is None or set(project.named_files(task)) - set(manifest.inputs) - set(manifest.written):
            found.add(task.name)
        else:
            project.note_made(task.name, whole, manifest.inputs)
            meanings.update((path, meaning) for path, (_, meaning) in manifest.products.items())
    return frozenset(found)
