"""Published products -> what is recorded of them and kept in the cache; and back from the cache."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from soorgeon_clone.pipeline.cache import Manifest, folder_files
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
        manifest = Manifest(products, inputs, written, folders, seconds)
        project.cache.store(project.own_digest(task), fingerprint.digest, manifest, project.root)
    return Made(fingerprint.parts, fingerprint.digest, products, inputs, written, time.time())


def restore(project: Project, task: Task, fingerprint: Fingerprint, manifest: Manifest) -> bool:
    """Bring the products of a manifest back; False where the cache turns out to be damaged."""
    cache = project.cache
    assert cache is not None
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
