"""Published products -> what is recorded of them and kept in the cache; and back from the cache."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from soorgeon_clone.pipeline.cache import Manifest, folder_files
from soorgeon_clone.pipeline.fingerprint import fingerprint_digest
from soorgeon_clone.pipeline.model import Fingerprint, Task
from soorgeon_clone.pipeline.records import Made
from soorgeon_clone.pipeline.staging import Stage

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.attempt import Attempt
    from soorgeon_clone.pipeline.project import Project


def size(project: Project, task: Task) -> int:
    """The bytes of a task's products that are files."""
    total = 0
    for product in task.products:
        path = project.root / product.path
        if path.is_file():
            total += path.stat().st_size
    return total


def of(project: Project, attempt: Attempt, seconds: float) -> Made:
    """What the products on disk are: their digests, which named files the run read and which it wrote.

    They are put into the cache as well. The fingerprint is made again, because upstream contents may not have been
    known when the task was started; nothing else of it can have changed meanwhile.
    """
    task, contents = attempt.task, project.contents
    fingerprint = project.fingerprint(task) if attempt.verdict.blind else attempt.verdict.fingerprint
    if project.code_stamps(task) != attempt.stamps:
        # Which version of the code made the products cannot be known: they are good for this build only.
        fingerprint = Fingerprint({**fingerprint.parts, "code": "changed while the task ran"}, "")
    products = {
        product.path: (contents.digest(product.path) or "", contents.meaning(product.path) or "")
        for product in task.products
    }
    after = project.named_files(task)
    inputs = {path: digest for path, digest in attempt.named.items() if after.get(path) == digest}
    project.note_made(task.name, fingerprint.digest, inputs)  # tasks that were started meanwhile are told by it
    changed = {path: digest for path, digest in after.items() if attempt.named.get(path) != digest}
    # What only a module names (a log, a hook's report) is no result of the task, nor anything that it depends on.
    own = project.named_files(task, modules=False) if changed else {}
    written = {path: digest if path in own else "" for path, digest in changed.items()}
    folders = {
        product.path: folder_files(project.root, product.path, contents.digest)
        for product in task.products
        if (project.root / product.path).is_dir()
    }
    if project.cache is not None and fingerprint.digest:
        manifest = Manifest(
            products, inputs, written, folders, seconds, _traces(project, attempt, written), time.time()
        )
        project.cache.store(project.own_digest(task), fingerprint.digest, manifest, project.root)
        if project.store is not None:
            project.manifests[task.name] = manifest
            project.store.publish(project.own_digest(task), fingerprint.digest, manifest)
    return Made(fingerprint.parts, fingerprint.digest, products, inputs, written, time.time())


def _traces(project: Project, attempt: Attempt, written: Mapping[str, str]) -> dict[str, str] | None:
    """What else the task left, in case that another machine needs it."""
    if not attempt.task.facts.writes_files:
        return {}
    if attempt.before is None:
        return None
    from soorgeon_clone.pipeline.traces import changed

    return {path: digest for path, digest in changed(project, attempt.before).items() if not written.get(path)}


def restore(project: Project, task: Task, fingerprint: Fingerprint, manifest: Manifest) -> bool:
    """Bring the products of a manifest back; False where the cache turns out to be damaged."""
    cache = project.cache
    assert cache is not None
    if project.store is not None and not cache.complete(manifest) and not project.store.fetch([manifest]):
        return False
    stage = Stage(project.root, task)
    stage.prepare()
    if not cache.restore(manifest, lambda path: stage.folder / path):
        stage.discard()
        cache.forget(project.own_digest(task), fingerprint.digest)
        return False
    for path, files in manifest.folders.items():
        if not files:
            (stage.folder / path).mkdir(parents=True, exist_ok=True)
    stage.publish()
    adopt(project, task, fingerprint, manifest)
    return True


def adopt(project: Project, task: Task, fingerprint: Fingerprint, manifest: Manifest) -> None:
    """Record that the products on disk are those of a manifest."""
    made = Made(
        fingerprint.parts, fingerprint.digest, manifest.products, manifest.inputs, manifest.written, time.time()
    )
    project.records.save_made(task.name, made)


def share(project: Project, names: Iterable[str]) -> str | None:
    """Have the products of these tasks, which are up to date, in the store; the text of what went wrong.

    Those are remembered of which that is known, so that a build that does nothing asks nothing.
    """
    store = project.store
    if store is None:
        return None
    waiting = []
    for name in names:
        made = project.records.made(name)
        if made is None or not made.fingerprint:
            continue
        key, stamp = f"\0store:{store.url}:{name}", f"{made.fingerprint}:{made.finished}"
        if project.records.recall(key, stamp) is None:
            own = own_of(made)
            manifest = manifest_of(project, made)
            if store.holds(own, made.fingerprint, manifest):
                project.records.remember(key, stamp, "there")
            else:
                waiting.append((key, stamp, store.publish(own, made.fingerprint, manifest)))
    problems = store.wait()
    for key, stamp, published in waiting:
        if published.exception() is None:
            project.records.remember(key, stamp, "there")
    return "\n".join(problems) or None


def own_of(made: Made) -> str:
    """The digest of all parts of the fingerprint but upstream contents."""
    return fingerprint_digest({part: value for part, value in made.parts.items() if part[:9] != "upstream:"})


def manifest_of(project: Project, made: Made) -> Manifest:
    """The manifest of products that are on disk; what the cache has lost is put there again."""
    cache, own = project.cache, own_of(made)
    assert cache is not None
    manifest = cache.find(own, made.fingerprint, made.inputs.get)
    if manifest is None or dict(manifest.products) != dict(made.products) or not cache.complete(manifest):
        folders = {
            path: folder_files(project.root, path, project.contents.digest)
            for path in made.products
            if (project.root / path).is_dir()
        }
        manifest = Manifest(made.products, made.inputs, made.written, folders, finished=made.finished)
        cache.store(own, made.fingerprint, manifest, project.root)
    return manifest
