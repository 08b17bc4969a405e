"""A pipeline on disk: its DAG, its records, and for each task the verdict whether it is stale, and why."""

from __future__ import annotations

import datetime
import functools
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.cache_folder import default_folder
from soorgeon_clone.pipeline.declared import dag as dags
from soorgeon_clone.pipeline.declared import repository
from soorgeon_clone.pipeline.declared import spec as specs
from soorgeon_clone.pipeline.declared.dotted import Called
from soorgeon_clone.pipeline.declared.model import DAG, Spec, Task
from soorgeon_clone.pipeline.declared.values import Values
from soorgeon_clone.pipeline.products.cache import Cache
from soorgeon_clone.pipeline.products.leavings import Leavings
from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.state.computed import Remembered
from soorgeon_clone.pipeline.state.content import Contents, named_above, named_paths, stamp_now
from soorgeon_clone.pipeline.state.fingerprint import (
    Fingerprints,
    causes,
    counted,
    fingerprint_digest,
    left_by,
    left_part,
    order_part,
    upstream_part,
)
from soorgeon_clone.pipeline.state.hidden import hidden_path
from soorgeon_clone.pipeline.state.libraries import Libraries
from soorgeon_clone.pipeline.state.model import Cause, Fingerprint, Reason
from soorgeon_clone.pipeline.state.records import Made, Records, RunRecord
from soorgeon_clone.pipeline.state.source_memo import SourceMemo
from soorgeon_clone.pipeline.status.damage import damaged
from soorgeon_clone.pipeline.status.model import Ahead, TaskStatus, Verdict, mark_of
from soorgeon_clone.pipeline.status.status import status_of

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.products.store import Store


class Project:
    """Opened once by each command. A context manager: leaving it writes what was learned about files.

    ``store`` is the URL of the store, None for what the environment or pipeline.yaml says; ``store_mode`` is "read"
    where nothing is to be published, None for what the environment says. Without ``expand``, one task stands for all of
    a ``foreach``, whatever is known of its elements.
    """

    def __init__(
        self,
        entry_point: Path | str | Spec = specs.DEFAULT,
        *,
        env: Mapping[str, Any] | None = None,
        ignore_environment: bool = False,
        use_cache: bool = True,
        store: str | None = "off",
        store_mode: str | None = None,
        expand: bool = True,
    ) -> None:
        self._env = env
        self._expand = expand
        self._may_call = False
        self._now = datetime.datetime.now()
        self._values: Values | None = None
        self._computed = isinstance(entry_point, Spec)
        spec = entry_point if isinstance(entry_point, Spec) else self._load(entry_point)
        # a relative name means the same after the working folder has changed
        named = spec.path if isinstance(entry_point, Spec) or _names_file(entry_point) else entry_point
        self._entry_point: Path | str = named
        self.root = spec.root
        self.records = Records(self.root)
        self.contents = Contents(self.root, self.records)
        self.ignore_environment = ignore_environment
        self._left: dict[str, str] = {}
        libraries = Libraries(self.records)
        self._sources = SourceMemo(self.root, self.records)
        self._remembered = Remembered(self._sources.local, self.records, self._sources.of_module, libraries)
        if spec.unknown_grids:
            self._values = self._remembered
            spec = self._load(self._entry_point)
        self._take(spec, libraries)
        self._use_cache = use_cache
        self._cache: Cache | None = None
        self._store_option = store if use_cache else "off"
        self._store_mode = store_mode
        self._store: Store | None = None
        self.manifests: dict[str, Manifest] = {}

    def _take(self, spec: Spec, libraries: Libraries) -> None:
        """Go on with this spec."""
        self.spec: Spec = spec
        self.fingerprints = Fingerprints(
            self.root,
            facts_of=self._sources.of_module,
            libraries=libraries,
            resource_digest=self.contents.digest,
            computed_digest=self._remembered.digest,
        )
        self.dag: DAG = dags.order(spec, {task.name: self._sources.of_task(task) for task in spec.tasks})
        self.tasks: dict[str, Task] = dict(self.dag.tasks)
        self._before: dict[str, set[str]] = {}
        self._products = frozenset(product.path for task in self.dag.tasks.values() for product in task.products)
        self.leavings = Leavings(self.root, self.tasks, digest=self.contents.digest, made_of=self._made_of)

    def compute(self) -> None:
        """Call the functions that pipeline.yaml names for params and grids; from here on, their values are there.

        Whoever runs tasks does this first. Nothing else of a project calls or imports the user's code.
        """
        self._may_call = True
        if self.spec.functions and not self._computed:
            self._computed = True
            self._values = Called(self.root, self._remembered.remember)
            self._take(self._load(self._entry_point), self.fingerprints.libraries)

    def reveal(self) -> bool:
        """Go on with the elements that splits of ``foreach`` have found by now; tell whether there are other tasks."""
        if not any(task.over for task in self.spec.tasks):
            return False
        spec = self._load(self._entry_point)
        if spec.tasks == self.spec.tasks:
            return False
        self._take(spec, self.fingerprints.libraries)
        return True

    def _load(self, entry_point: Path | str) -> Spec:
        return specs.load(entry_point, self._env, values=self._values, now=self._now, expand=self._expand)

    def __enter__(self) -> Project:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._store is not None:
            self._store.close()
        self.records.close()

    @property
    def store(self) -> Store | None:
        """The store that other machines see as well, None where there is none."""
        if self._store is None and self._store_option != "off":
            from soorgeon_clone.pipeline.products.remote import check_url, open_remote
            from soorgeon_clone.pipeline.products.store import Store, compression, read_only, signing_key, store_url

            url = store_url(self._store_option, self.spec.store)
            if url is None or self.cache is None:
                self._store_option = "off"
            else:
                check_url(url)
                connect = functools.partial(open_remote, url, self.root)
                only_read = read_only(self._store_mode)
                packed = compression(self.spec.store_compression)
                key = signing_key()
                self._store = Store(url, connect, self.cache, read_only=only_read, key=key, compression=packed)
        return self._store

    def notes(self) -> list[str]:
        """What is not as it should be with records, cache and store, for the end of a command."""
        found = (self.records.problem, self._cache and self._cache.problem, self._store and self._store.problem)
        return [note for note in found if note]

    @functools.cached_property
    def source_places(self) -> frozenset[str]:
        """The real places of sources and of the folders that they are in; compared whatever the case of letters."""
        real = functools.cache(os.path.realpath)  # many lie in one folder
        found = set()
        for path in self.sources():
            folder, name = os.path.split(path)
            place = os.path.join(real(folder), name)  # noqa: PTH118
            found.add((os.path.realpath(path) if os.path.islink(path) else place).casefold())  # noqa: PTH114
        waiting = list(found)
        while waiting:
            folder = os.path.dirname(waiting.pop())  # noqa: PTH120
            if folder not in found:
                found.add(folder)
                waiting.append(folder)
        return frozenset(found)

    def _made_of(self) -> set[str]:
        """The files that the project is made of: sources, modules, resources and declarations."""
        found = set(self.source_places)
        for task in self.tasks.values():
            found |= self.fingerprints.closure(task).files
            found.update(os.path.join(self.root, path) for path in task.spec.resources.values())  # noqa: PTH118
        return found

    def sources(self) -> list[str]:
        """The files that say what the tasks are: declarations, scripts, notebooks."""
        found = {str(self.spec.path)}
        for task in self.spec.tasks:
            found.add(os.path.join(self.root, task.file))  # noqa: PTH118
            path = self._sources.path(task)
            if path is not None:
                found.add(str(path))
        return sorted(found)

    def use_store(self, url: str) -> None:
        """Go on with this store."""
        assert self._store is None
        self._store_option = url

    @property
    def cache(self) -> Cache | None:
        """The shared cache, None where it is switched off. What comes from a store needs one in any case."""
        if self._cache is None and self._use_cache:
            folder = default_folder()
            if folder is None and self._store_option != "off":
                folder = hidden_path(self.root, "cache")
            if folder is None:
                self._use_cache = False
            else:
                self._cache = Cache(folder, self._scope())
        return self._cache

    def judge(self, task: Task, ahead: Ahead | None = None, *, search: bool = True) -> Verdict:
        """Whether the task is stale, as things are now; ``ahead`` says how upstream products will be that are not here.

        Without ``search`` nobody wants to know what the cache or the store would bring back.
        """
        if task.facts.problem is not None:
            return Verdict(Fingerprint({}, ""), (Cause(Reason.BROKEN, task.facts.problem),))
        ahead = ahead or Ahead()
        fingerprint = self.fingerprint(task, ahead.meanings, ahead.left)
        made = self.records.made(task.name)
        if made is None:
            found: tuple[Cause, ...] = (Cause(Reason.NEVER_RAN),)
        else:
            found = (*self._changed(task, made, fingerprint), *self._damaged(task, made))
            if not found and self.is_retold(task, made):
                return Verdict(fingerprint, (Cause(Reason.PROSE),))
        manifest, here = self._manifest(task, fingerprint) if search and found else (None, False)
        if manifest is None:
            return Verdict(fingerprint, found)
        partial = task.facts.writes_files
        if not partial and self._on_disk(manifest):
            return Verdict(fingerprint, (), manifest, proved=True, here=here)
        partial = partial or self.leavings.in_the_way(manifest, made.written.items() if made else ()) is not None
        return Verdict(fingerprint, found, manifest, partial=partial, here=here)

    def is_retold(self, task: Task, made: Made) -> bool:
        """Whether the task's source has another text than its executed notebook shows."""
        return bool(made.prose and task.notebooks and made.prose != task.facts.prose)

    def record(self, name: str, made: Made, run: RunRecord | None = None) -> None:
        """Keep how the products on disk were made."""
        self.note_made(name, made.fingerprint, made.inputs)
        self.records.save_made(name, made, run)

    def note_made(self, name: str, fingerprint: str, inputs: Mapping[str, str]) -> None:
        """Know which run made what a task left, also before it is recorded."""
        self._left[name] = mark_of(fingerprint, inputs)

    def trust(self, parts: Mapping[str, str]) -> None:
        """Take from a fingerprint that was made elsewhere what stands for files that upstream tasks left."""
        for task in self.tasks:
            if left_part(task) in parts:
                self._left[task] = parts[left_part(task)]

    def _mark(self, name: str) -> str:
        """What stands for the files that a task left."""
        if name in self._left:
            return self._left[name]
        made = self.records.made(name)
        return "unknown" if made is None else mark_of(made.fingerprint, made.inputs)

    def judge_blindly(self, task: Task, *, force: bool = False) -> Verdict | None:
        """The verdict on a task whose upstream contents are not known yet; None if it depends on them."""
        if task.facts.problem is not None:
            return None
        own = self.fingerprints.own(task)
        made = self.records.made(task.name)
        if force:
            found: tuple[Cause, ...] = (Cause(Reason.FORCED),)
        elif any(level.may_hold(self.own_digest(task)) for level in (self.cache, self.store) if level is not None):
            return None
        elif made is None:
            found = (Cause(Reason.NEVER_RAN),)
        else:
            old = {name: value for name, value in made.parts.items() if not name.startswith("upstream:")}
            found = (*self._relevant(causes(old, own)), *self._damaged(task, made))
        return Verdict(Fingerprint(own, ""), found, blind=True) if found else None

    def own_digest(self, task: Task) -> str:
        """The digest of all parts of the task's fingerprint but upstream contents."""
        return fingerprint_digest(self.fingerprints.own(task))

    def look_up(self, names: Iterable[str]) -> None:
        """Ask the store about those tasks that may be stale, all at once."""
        if self.store is None:
            return
        chosen, doubtful = set(names), set()
        for task in self.tasks.values():
            if task.name in chosen and task.facts.problem is None:
                behind = any(name in doubtful for name in task.upstream)
                if behind or self._doubtful(task):
                    doubtful.add(task.name)
        self.store.prepare(self.own_digest(self.tasks[name]) for name in doubtful)

    def _doubtful(self, task: Task) -> bool:
        made = self.records.made(task.name)
        if made is None or self._damaged(task, made):
            return True
        return {name: part for name, part in made.parts.items() if not name.startswith("upstream:")} != dict(
            self.fingerprints.own(task)
        )

    def refresh(self, task: Task) -> Task:
        """The task with its source as it is now: a person may have edited it since the build began."""
        if self._sources.is_unchanged(task.spec):
            return task
        facts = self._sources.of_task(task.spec)
        if facts == task.facts:
            return task
        if (facts.upstream, facts.product) != (task.facts.upstream, task.facts.product):
            raise UserError(
                f"task '{task.name}': the upstream or product in {task.spec.source.text} changed during the build",
                hint="Build again.",
            )
        self.fingerprints.forget(task)
        fresh = self.tasks[task.name] = replace(task, facts=facts)
        return fresh

    def code_stamps(self, task: Task) -> tuple[str, ...]:
        """What tells whether a file changed that the task's code stands in."""
        files = sorted(self.fingerprints.closure(task).files)
        if task.spec.source.path:
            files.append(str(self.root / task.spec.source.path))
        return tuple(stamp_now(path) for path in files)

    def fingerprint(
        self, task: Task, meanings: Mapping[str, str] | None = None, left: Mapping[str, str] | None = None
    ) -> Fingerprint:
        """The task's fingerprint as things are now; ``meanings`` and ``left`` as in `Ahead`."""
        parts = {}
        for needed in counted(task, self.tasks):
            path = needed.path
            known = meanings.get(path) if meanings else None
            seen = self.contents.meaning if needed.file is None else self.contents.digest
            parts[upstream_part(needed)] = known or seen(path) or "missing"
        for pattern, names in task.groups.items():
            parts[order_part(pattern)] = digest("\n".join(names))
        for name in left_by(task, self.tasks):
            parts[left_part(name)] = (left.get(name) if left else None) or self._mark(name)
        return self.fingerprints.of(task, parts)

    def named_files(self, task: Task, *, modules: bool = True) -> dict[str, str]:
        """The files that the task's code names, other than products, with the digests of their contents.

        ``modules``: also those that code of local modules names which it uses, and, where the task reads files that it
        does not name itself, those that code of earlier tasks names.
        """
        names = set(task.facts.code.constants if task.facts.code else ())
        if modules:
            names |= self.fingerprints.closure(task).constants
            if task.facts.reads_files:
                names |= self._named_before(task)
        if (folder := task.spec.folder) is not None:
            names |= {os.path.normpath(f"{folder}/{name}") for name in names if len(name) < 300}
        found = {}
        root = str(self.root)
        for path in (*named_paths(root, names), *named_above(root, names)):
            upload = task.spec.source.kind == "upload"  # whose source is data
            own = not upload and (path in self._products or path == task.spec.source.path)
            if not own and (digest := self.contents.digest(path)):
                found[path] = digest
        return found

    def _named_before(self, task: Task) -> set[str]:
        """The texts in the code of the tasks that one comes after: a plan or a path of theirs may cross."""
        if task.name not in self._before:
            found: set[str] = set()
            for name in dags.ancestors(self.dag, [task.name]) - {task.name}:
                code = self.tasks[name].facts.code
                found |= {*(code.constants if code else ()), *self.fingerprints.closure(self.tasks[name]).constants}
            self._before[task.name] = found
        return self._before[task.name]

    def status(self, names: Collection[str] | None = None) -> list[TaskStatus]:
        """The status of each task, or of some, in order. Nothing is written but what was learned about files."""
        self.look_up(self.tasks)
        ahead, verdicts = Ahead(), {}
        for task in self.dag.tasks.values():
            verdicts[task.name] = self.judge(task, ahead)
            ahead.expect(task.name, verdicts[task.name])
        found = status_of(self.dag.tasks.values(), verdicts, self.records.last_runs())
        return [status for status in found if names is None or status.name in names]

    def up_to_date(self, names: Iterable[str]) -> list[Verdict] | None:
        """The verdicts on these tasks, in the DAG's order, if all of them are up to date; else None."""
        ahead, found = Ahead(), []
        for name in names:
            verdict = self.judge(self.tasks[name], ahead)
            if verdict.causes:
                return None
            ahead.expect(name, verdict)
            found.append(verdict)
        return found

    def _changed(self, task: Task, made: Made, fingerprint: Fingerprint) -> tuple[Cause, ...]:
        found: tuple[Cause, ...] = ()
        if made.fingerprint != fingerprint.digest:
            found = self._relevant(causes(made.parts, fingerprint.parts))
        now = self.named_files(task)
        changed = [path for path, digest in made.inputs.items() if now.get(path) != digest]
        appeared = [path for path in now if path not in made.inputs and path not in made.written]
        return (*found, *(Cause(Reason.INPUT, path) for path in (*changed, *appeared)))

    def _relevant(self, found: tuple[Cause, ...]) -> tuple[Cause, ...]:
        if not self.ignore_environment:
            return found
        return tuple(cause for cause in found if cause.reason is not Reason.ENVIRONMENT)

    def _damaged(self, task: Task, made: Made) -> tuple[Cause, ...]:
        """Only builds ask databases that are no files: nothing else calls the user's functions, or a server."""
        return damaged(task, made, self.contents, root=self.root, may_call=self._may_call)

    def _manifest(self, task: Task, fingerprint: Fingerprint) -> tuple[Manifest | None, bool]:
        """What would bring the products back, and whether all of it is in the local cache."""
        if self.cache is None or not task.is_kept:
            return None, False
        manifest = self.cache.find(self.own_digest(task), fingerprint.digest, self.usable(task))
        if manifest is not None and self.cache.complete(manifest):
            return manifest, True
        manifest = self.in_store(task, fingerprint)
        return manifest, manifest is not None and self.cache.complete(manifest)

    def in_store(self, task: Task, fingerprint: Fingerprint) -> Manifest | None:
        """The manifest of a run with this fingerprint that the store has."""
        if self.store is None:
            return None
        return self.store.find(self.own_digest(task), fingerprint.digest, self.usable(task))

    def usable(self, task: Task) -> Callable[[Manifest], bool]:
        """Whether a manifest is about what the task would do now: the files that it read are as they are, there is no
        file now that the task names and that was not there when it ran, and the task may have left what it names."""

        def usable(manifest: Manifest) -> bool:
            if any(self.contents.digest(path) != digest for path, digest in manifest.inputs.items()):
                return False
            if set(self.named_files(task)) - set(manifest.inputs) - set(manifest.written):
                return False
            return self.leavings.complete(task, manifest) and self.leavings.refused(task, manifest) is None

        return usable

    def _on_disk(self, manifest: Manifest) -> bool:
        made = all(self.contents.digest(path) == digest for path, (digest, _) in manifest.products.items())
        return made and all((self.root / path).exists() for path, digest in manifest.written.items() if digest)

    def _scope(self) -> str:
        """What checkouts of one project have in common: its place in a git repository with this first commit; without
        git the folder."""
        top = repository.top(self.root)
        if top is None:
            return str(self.root)
        name, stamp = "\0scope", str(top / ".git")
        first = self.records.recall(name, stamp)
        if first is None:
            first = repository.first_commit(top)
            if first is None:
                return str(self.root)
            self.records.remember(name, stamp, first)
        return f"{first}:{self.root.relative_to(top).as_posix()}"


def _names_file(entry_point: Path | str) -> bool:
    """Whether an entry point is a pipeline.yaml, or stands for one; else it is a function, or scripts."""
    path = Path(entry_point)
    return str(path) == specs.DEFAULT or path.is_file() or (path / specs.DEFAULT).is_file()
