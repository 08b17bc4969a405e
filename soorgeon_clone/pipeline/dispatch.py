"""A build whose tasks run on other machines: what they are sent, and what comes back.

The store stands between the machines. A task is sent as soon as its upstream is in the store; its products come to this
folder while those after it run already.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline import bundle as bundles
from soorgeon_clone.pipeline import dag as dags
from soorgeon_clone.pipeline import errand, results
from soorgeon_clone.pipeline.attempt import Ended
from soorgeon_clone.pipeline.bundle import Bundle
from soorgeon_clone.pipeline.errand import Answer, Order
from soorgeon_clone.pipeline.execution.dask import DaskExecutor
from soorgeon_clone.pipeline.execution.model import Executor, FunctionCall, Job, Outcome, Progress
from soorgeon_clone.pipeline.fingerprint import fingerprint_digest, needs
from soorgeon_clone.pipeline.lock import hidden_folder
from soorgeon_clone.pipeline.manifest import Manifest, files, from_json, to_json
from soorgeon_clone.pipeline.model import Cause, Reason, Task
from soorgeon_clone.pipeline.project import Project, Verdict
from soorgeon_clone.pipeline.records import Made
from soorgeon_clone.pipeline.staging import keep, keep_log, safe_name
from soorgeon_clone.pipeline.supply import travels, wanted

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.run import Options


class Dispatch:
    """The far side of one build. Opened before anything runs, closed at the end."""

    def __init__(
        self,
        project: Project,
        options: Options,
        names: list[str],
        *,
        threads: Callable[[], int],
        local: Callable[[], Executor],
        on_progress: Callable[[Progress], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        if project.cache is None:
            raise UserError("tasks on other machines need the cache", hint="Leave out --no-cache.", exit_code=2)
        self.project = project
        self.options = options
        self.names = names
        self.threads = threads
        self._own_store: str | None = None
        if project.store is None:
            if options.scheduler is not None:
                raise UserError(
                    "tasks on other machines need a store that all of them see",
                    hint="Add 'store: s3://bucket/prefix' (or a shared folder) to pipeline.yaml, or pass --store.",
                    exit_code=2,
                )
            self._own_store = tempfile.mkdtemp(prefix="store-", dir=hidden_folder(project.root))
            project.use_store(self._own_store)
        assert project.store is not None
        if project.store.read_only:
            raise UserError(
                "tasks on other machines hand over their products in the store, which is only read",
                hint="Leave out --store-mode read (or SOORGEON_CLONE_STORE_MODE).",
                exit_code=2,
            )
        self.store = project.store
        self.manifests: dict[str, Manifest] = {}
        self.sent: dict[str, Made] = {}
        self._bundle: Bundle | None = None
        self._work: str | None = None
        self._open: DaskExecutor | None = None
        self._declared: frozenset[str] = frozenset()
        self._local = local
        self._on_progress = on_progress
        self._on_trouble = on_trouble

    @property
    def executor(self) -> DaskExecutor:
        """The connection to the cluster, opened when there is something to run."""
        if self._open is None:
            self._work = tempfile.mkdtemp(prefix="soorgeon-clone-dask-")
            self._open = DaskExecutor(
                self.options.scheduler,
                threads=self.options.jobs or _cores(),
                folder=Path(self._work),
                local=self._local,
                on_progress=self._on_progress,
                on_trouble=self._on_trouble,
                patience=self.options.worker_timeout,
            )
            self._check_needs()
        return self._open

    def close(self) -> None:
        """End what runs there."""
        if self._open is not None:
            self._open.close()
        if self._work is not None:
            errand.give_up_all(Path(self._work))
            shutil.rmtree(self._work, ignore_errors=True)
        if self._own_store is not None:
            shutil.rmtree(self._own_store, ignore_errors=True)

    def judge(self, task: Task, verdict: Verdict) -> Verdict:
        """The verdict, with one more cause: files that the task left cannot be had on another machine."""
        if verdict.causes or not task.facts.writes_files:
            return verdict
        if travels(task, self.manifest(task.name)):
            return verdict
        return replace(verdict, causes=(Cause(Reason.AWAY),), manifest=None)

    def manifest(self, name: str) -> Manifest:
        """What a task made that is done."""
        if name not in self.manifests:
            made = self.project.records.made(name)
            assert made is not None
            manifest = results.manifest_of(self.project, self.project.tasks[name], made)
            if manifest is None:
                raise UserError(
                    f"task '{name}': what is recorded of its products cannot be sent to other machines",
                    hint=f"Run it again: soorgeon-clone build --partially {name} --force",
                )
            self.manifests[name] = manifest
        return self.manifests[name]

    def order(self, task: Task, verdict: Verdict) -> Order:
        """What a worker needs to know, when all that it needs to have is in the store."""
        if self._bundle is None:
            self._bundle = bundles.pack(self.project, self.names)
            bundles.send(self.store, self._bundle)
        upstream = wanted(self.project, task, {name: self.manifest(name) for name in self._relevant(task)})
        self.store.publish_files({digest for part in upstream.values() for _, digest in files(part)}).result()
        return Order(
            name=task.name,
            store=self._url(),
            bundle=self._bundle,
            parts=verdict.fingerprint.parts,
            upstream=upstream,
            isolation=self.options.isolation,
            memory_limit=self.options.memory_limit,
            ignore_environment=self.project.ignore_environment,
            threads=self.threads() if task.spec.requests.cpus is None else max(1, int(task.spec.requests.cpus)),
        )

    def _url(self) -> str:
        """The store, as another folder sees it."""
        url = self.store.url
        return url if "://" in url else str((self.project.root / Path(url).expanduser()).resolve())

    def _relevant(self, task: Task) -> set[str]:
        """Tasks that may have left something for this one: those right before it, and those that write other files."""
        found = {needed.task for needed in needs(task, self.project.tasks)}
        for name in dags.ancestors(self.project.dag, [task.name]) - {task.name} - found:
            made = self.sent.get(name) or self.project.records.made(name)
            if self.project.tasks[name].facts.writes_files or (made and any(made.written.values())):
                found.add(name)
        return found

    def needs(self, task: Task) -> dict[str, float]:
        """The task's requests as Dask resources: what any worker declares, and what the task cannot do without."""
        asked = task.spec.requests
        wants: dict[str, float] = {"cpus": asked.cpus if asked.cpus is not None else 1.0}
        wants = {name: value for name, value in wants.items() if name in self._declared}
        if asked.memory and "memory" in self._declared:
            wants["memory"] = float(asked.memory)
        if asked.gpus:
            wants["gpus"] = float(asked.gpus)
        return wants

    def _check_needs(self) -> None:
        """Learn which resources workers declare. Raises UserError for a task that no worker could ever take."""
        assert self._open is not None
        workers = self._open.resources()
        self._declared = frozenset(name for worker in workers for name in worker)
        for name in self.names:
            wants = self.needs(self.project.tasks[name])
            if workers and not any(all(worker.get(key, 0) >= one for key, one in wants.items()) for worker in workers):
                text = " ".join(f"{key}={value:g}" for key, value in wants.items())
                raise UserError(
                    f"task '{name}' asks for {text}, and no worker has that",
                    hint=f"Start one with: dask worker {self.options.scheduler or 'ADDRESS'} --resources '{text}'",
                )


class Sent:
    """One run of one task on another machine; what an Attempt is for a run here."""

    def __init__(self, dispatch: Dispatch, task: Task, verdict: Verdict) -> None:
        self.dispatch = dispatch
        self.task = task
        self.verdict = verdict
        self.started = time.time()
        self.retrying: str | None = None
        self._stayed: Mapping[str, str] = {}

    def begin(self) -> Job:
        """The errand as a job."""
        named = self.dispatch.project.named_files(self.task)
        self._stayed = {path: digest for path, digest in named.items() if bundles.stays(path)}
        order = self.dispatch.order(self.task, self.verdict)
        return Job(
            name=self.task.name,
            source=None,
            output=None,
            cwd=self.dispatch.project.root,
            function=FunctionCall(f"{errand.__name__}.carry_out", {"order": order}),
            needs=self.dispatch.needs(self.task),
        )

    def next(self, outcome: Outcome) -> Job | Ended:
        """How it ended."""
        if outcome.status != "ok":
            what = outcome.error.evalue if outcome.error else outcome.status
            return Ended(f"task '{self.task.name}' was killed: {what}", True, outcome.seconds, None)
        root = self.dispatch.project.root
        answer: Answer = self.dispatch.executor.answers.pop(self.task.name)
        self.started = answer.started or self.started
        keep_log(root, self.task, answer.log)
        if answer.manifest is None:
            if answer.notebook is not None:
                keep(root, "failed", f"{safe_name(self.task.name)}.ipynb", answer.notebook)
            killed = answer.result == "killed"
            text = (answer.error or "failed").replace(answer.folder, str(root)) if answer.folder else answer.error
            return Ended(text or "failed", killed, answer.seconds, answer.peak_memory)
        manifest = from_json(to_json(answer.manifest))
        refused = self.dispatch.project.leavings.refused(self.task, manifest) if manifest else "it is no manifest"
        if answer.fingerprint != fingerprint_digest(answer.parts):
            refused = "its fingerprint is of something else"
        if manifest is None or refused is not None:
            text = f"task '{self.task.name}': the worker answered what cannot be from it: {refused}"
            return Ended(text, False, answer.seconds, answer.peak_memory)
        self.dispatch.manifests[self.task.name] = manifest
        made = self.dispatch.sent[self.task.name] = self._made(answer, manifest)
        self.dispatch.project.note_made(self.task.name, made.fingerprint, made.inputs)
        self.dispatch.store.note(results.own_of(made), made.fingerprint, manifest)
        return Ended(None, False, answer.seconds, answer.peak_memory)

    def meanings(self) -> Mapping[str, str]:
        """What tasks after this one see of its products, which may not be here yet."""
        return {path: meaning for path, (_, meaning) in self.dispatch.manifests[self.task.name].products.items()}

    def fetch(self) -> Made:
        """Bring the products to their places; for a thread of its own. Raises UserError."""
        project, manifest = self.dispatch.project, self.dispatch.manifests[self.task.name]
        cache = project.cache
        assert cache is not None
        fetched = self.dispatch.store.fetch([manifest])
        if not fetched or not results.bring_back(project, self.task, manifest):
            raise UserError(
                cache.problem or f"task '{self.task.name}': its products are not in the store {self.dispatch.store.url}"
            )
        made = self.dispatch.sent[self.task.name]
        cache.store(results.own_of(made), made.fingerprint, manifest, project.root)
        return made

    def give_up(self) -> None:
        """Nothing of it is here."""

    def _made(self, answer: Answer, manifest: Manifest) -> Made:
        inputs = {**manifest.inputs, **self._stayed}
        return Made(answer.parts, answer.fingerprint, manifest.products, inputs, manifest.written, time.time())


def _cores() -> int:
    """Tasks side by side on this machine."""
    from soorgeon_clone.pipeline.schedule import cores

    return cores()
