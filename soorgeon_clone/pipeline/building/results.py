"""Published products -> what is recorded of them and kept in the cache; and back from the cache."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.confine import relative_name
from soorgeon_clone.files.removal import remove_file, remove_tree
from soorgeon_clone.pipeline.building.staging import Stage
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.products.cache import folder_files
from soorgeon_clone.pipeline.products.manifest import Manifest, files, from_json, to_json
from soorgeon_clone.pipeline.products.traces import changed, snapshot
from soorgeon_clone.pipeline.state.fingerprint import fingerprint_digest
from soorgeon_clone.pipeline.state.model import Fingerprint
from soorgeon_clone.pipeline.state.records import Made
from soorgeon_clone.pipeline.status.model import Ahead, Verdict
from soorgeon_clone.pipeline.status.project import Project


def begin_fetch(project: Project, names: Iterable[str]) -> None:
    """Begin to bring from the store all that a build of these tasks will restore, as far as that can be told now."""
    store = project.store
    if store is None:
        return
    among, unsure = set(names), set()
    ahead = Ahead()
    for task in project.tasks.values():
        if any(name in unsure for name in task.upstream):
            unsure.add(task.name)
        elif task.name in among:
            verdict = project.judge(task, ahead)
            ahead.expect(task.name, verdict)
            if verdict.causes and verdict.restorable is None:
                unsure.add(task.name)
            elif verdict.causes and verdict.restorable is not None:
                store.begin_fetch(digest for _, digest in files(verdict.restorable))


def size(project: Project, task: Task) -> int:
    """The bytes of a task's products that are files."""
    total = 0
    for product in task.products:
        path = project.root / product.path
        if path.is_file():
            total += path.stat().st_size
    return total


@dataclass(frozen=True)
class Before:
    """What there was before a task ran: the files that its code names, with digests; what tells versions of its code
    apart; and all files, with stamps, where what it leaves is of interest."""

    named: Mapping[str, str] = field(default_factory=dict)
    code: tuple[str, ...] = ()
    files: Mapping[str, str] | None = None


def before(project: Project, task: Task) -> Before:
    """What there is now."""
    files = None
    if task.facts.writes_files and project.store is not None:
        files = snapshot(project.root, project.tasks.values())
    return Before(project.named_files(task), project.code_stamps(task), files)


def of(project: Project, task: Task, verdict: Verdict, before: Before, seconds: float) -> Made:
    """What the products on disk are: their digests, which named files the run read and which it wrote.

    They are put into the cache as well. The fingerprint is made again, because upstream contents may not have been
    known when the task was started; nothing else of it can have changed meanwhile.
    """
    contents = project.contents
    fingerprint = project.fingerprint(task) if verdict.blind else verdict.fingerprint
    if project.code_stamps(task) != before.code:
        # Which version of the code made the products cannot be known: they are good for this build only.
        fingerprint = Fingerprint({**fingerprint.parts, "code": "changed while the task ran"}, "")
    products = {
        product.path: (contents.digest(product.path) or "", contents.meaning(product.path) or "")
        for product in task.products
    }
    after = project.named_files(task)
    inputs = {path: digest for path, digest in before.named.items() if after.get(path) == digest}
    project.note_made(task.name, fingerprint.digest, inputs)  # tasks that were started meanwhile are told by it
    different = {path: digest for path, digest in after.items() if before.named.get(path) != digest}
    # What only a module names (a log, a hook's report) is no result of the task, nor anything that it depends on.
    own = project.named_files(task, modules=False) if different else {}
    written = {path: digest if path in own else "" for path, digest in different.items()}
    if project.cache is not None and fingerprint.digest and task.is_kept:
        manifest = Manifest(
            products,
            inputs,
            {path: digest for path, digest in written.items() if relative_name(path)},
            _folders(project, products),
            seconds,
            _traces(project, task, before, written),
            time.time(),
            task.facts.prose,
        )
        if _is_sound(manifest):
            project.cache.store(project.own_digest(task), fingerprint.digest, manifest, project.root)
            if project.store is not None:
                project.manifests[task.name] = manifest
                project.store.publish(project.own_digest(task), fingerprint.digest, manifest)
    return Made(fingerprint.parts, fingerprint.digest, products, inputs, written, time.time(), task.facts.prose)


def _folders(project: Project, products: Iterable[str]) -> dict[str, dict[str, str]]:
    """The files of those products that are folders."""
    return {
        path: folder_files(project.root, path, project.contents.digest)
        for path in products
        if (project.root / path).is_dir()
    }


def _is_sound(manifest: Manifest) -> bool:
    """Whether a manifest can be read again: a product that holds a pipe, say, has no digest."""
    return from_json(to_json(manifest)) is not None


def _traces(project: Project, task: Task, before: Before, written: Mapping[str, str]) -> dict[str, str] | None:
    """What else the task left, in case that another machine needs it."""
    if not task.facts.writes_files:
        return {}
    if before.files is None:
        return None
    may_leave, now = project.leavings.may_leave, snapshot(project.root, project.tasks.values())
    found = changed(before.files, now, project.contents.digest).items()
    return {path: digest for path, digest in found if not written.get(path) and may_leave(task, path)}


def restore(project: Project, task: Task, fingerprint: Fingerprint, manifest: Manifest) -> bool:
    """Bring the products of a manifest back; False where the cache turns out to be damaged."""
    cache = project.cache
    assert cache is not None
    if project.store is not None and not cache.complete(manifest) and not project.store.fetch([manifest]):
        return False
    if not bring_back(project, task, manifest):
        cache.forget(project.own_digest(task), fingerprint.digest)
        return False
    adopt(project, task, fingerprint, manifest)
    return True


def bring_back(project: Project, task: Task, manifest: Manifest) -> bool:
    """Put the files of a manifest, or a part of one, from the cache in their places, all or none of them.

    False where an object is missing or damaged. Raises UserError for a manifest that is not of this task.
    """
    cache = project.cache
    assert cache is not None
    refused = project.leavings.refused(task, manifest)
    if refused is not None:
        raise UserError(
            f"what is to be brought back of task '{task.name}' cannot be from it: {refused}",
            hint="Nothing was written. Run the task again with --force; its entry in the cache or store is replaced.",
        )
    stage = Stage(project, task)
    stage.prepare()
    if not cache.restore(manifest, lambda path: stage.new / path):
        stage.discard()
        return False
    for path, names in manifest.folders.items():
        if not names:
            (stage.new / path).mkdir(parents=True, exist_ok=True)
    try:
        stage.publish()
    except UserError:
        stage.discard()
        raise
    return True


def remove_gone(project: Project, task: Task) -> None:
    """Remove the products of a task that there is no more, as far as they are what it made."""
    made = project.records.made(task.name)
    for path, (digest, _) in made.products.items() if made is not None else ():
        if project.contents.digest(path) == digest and path in {product.path for product in task.products}:
            with contextlib.suppress(OSError, UserError):
                (remove_tree if (project.root / path).is_dir() else remove_file)(project.root, path)
    project.records.forget(task.name)


def adopt(project: Project, task: Task, fingerprint: Fingerprint, manifest: Manifest) -> None:
    """Record that the products on disk are those of a manifest."""
    made = Made(
        fingerprint.parts,
        fingerprint.digest,
        manifest.products,
        manifest.inputs,
        manifest.written,
        time.time(),
        manifest.prose,
    )
    project.record(task.name, made)


def share(project: Project, names: Iterable[str]) -> str | None:
    """Have the products of these tasks, which are up to date, in the store; the text of what went wrong.

    Those are remembered of which that is known, so that a build that does nothing asks nothing.
    """
    store = project.store
    if store is None or store.read_only:
        return None
    waiting = []
    for name in names:
        made = project.records.made(name)
        if made is None or not made.fingerprint or not project.tasks[name].is_kept:
            continue
        key, stamp = f"\0store:{store.url}:{name}", f"{made.fingerprint}:{made.finished}"
        if project.records.recall(key, stamp) is None:
            own = own_of(made)
            manifest = manifest_of(project, project.tasks[name], made)
            if manifest is None:
                continue
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


def manifest_of(project: Project, task: Task, made: Made) -> Manifest | None:
    """The manifest of products that are on disk; what the cache has lost is put there again.

    None where the records say what cannot be: then nothing of it goes anywhere.
    """
    cache, own = project.cache, own_of(made)
    assert cache is not None

    def same(manifest: Manifest) -> bool:
        return dict(manifest.products) == dict(made.products) and dict(manifest.inputs) == dict(made.inputs)

    manifest = cache.find(own, made.fingerprint, same)
    if manifest is None or not cache.complete(manifest):
        folders = _folders(project, made.products)
        manifest = Manifest(made.products, made.inputs, made.written, folders, finished=made.finished, prose=made.prose)
        if not _is_sound(manifest) or project.leavings.refused(task, manifest) is not None:
            return None
        cache.store(own, made.fingerprint, manifest, project.root)
    return manifest
