"""A build whose tasks run on other machines: what they are sent, and what comes back.

The store stands between the machines. A task is sent as soon as its upstream is in the store; its products come to this
folder while those after it run already.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building import results
from soorgeon_clone.pipeline.building.cores import cores
from soorgeon_clone.pipeline.building.inputs import travels, wanted
from soorgeon_clone.pipeline.building.local_side import LocalSide
from soorgeon_clone.pipeline.building.model import Ended, Options
from soorgeon_clone.pipeline.building.retelling import Retelling
from soorgeon_clone.pipeline.building.staging import keep, keep_log
from soorgeon_clone.pipeline.declared import dag as dags
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.elsewhere import bundle as bundles
from soorgeon_clone.pipeline.elsewhere import worker_side
from soorgeon_clone.pipeline.elsewhere.bundle import SourceBundle
from soorgeon_clone.pipeline.elsewhere.cluster import make_cluster
from soorgeon_clone.pipeline.elsewhere.dask import DaskExecutor
from soorgeon_clone.pipeline.elsewhere.worker_side import Answer, Order
from soorgeon_clone.pipeline.execution.model import FunctionCall, Job, OnProgress, Outcome
from soorgeon_clone.pipeline.products.manifest import Manifest, files, from_json, to_json
from soorgeon_clone.pipeline.state.fingerprint import fingerprint_digest, needs
from soorgeon_clone.pipeline.state.hidden import hidden_folder, safe_name
from soorgeon_clone.pipeline.state.model import Cause, Reason
from soorgeon_clone.pipeline.state.records import Made
from soorgeon_clone.pipeline.status.model import Verdict, meanings_of
from soorgeon_clone.pipeline.status.project import Project

# A cluster knows itself how much it runs at a time.
_ENDLESS = 10**9


class DaskSide:
    """See `side.Side`. Opened before anything runs, closed at the end."""

    readers = 4
    queues = True

    def __init__(self, project: Project, options: Options, on_trouble: Callable[[str], None]) -> None:
        if project.cache is None:
            raise UserError("tasks on other machines need the cache", hint="Leave out --no-cache.", exit_code=2)
        self.jobs = options.jobs or _ENDLESS
        self.project = project
        self.options = options
        self.names = options.chosen(project.dag)
        self.local = LocalSide(project, options)
        self._own_store: str | None = None
        if project.store is None:
            if options.scheduler is not None or options.cluster is not None:
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
        self._bundle: SourceBundle | None = None
        self._leases: list[str] = []
        self._work: str | None = None
        self._open: DaskExecutor | None = None
        self._declared: frozenset[str] = frozenset()
        self._on_trouble = on_trouble

    def executor(self, names: Iterable[str], on_progress: OnProgress) -> DaskExecutor:
        """Return the connection to the cluster, opened when there is something to run."""
        if self._open is None:
            made = make_cluster(self.options.cluster, self.project.root) if self.options.cluster else None
            self._work = tempfile.mkdtemp(prefix="soorgeon-clone-dask-")
            self._open = DaskExecutor(
                made if isinstance(made, str) else self.options.scheduler,
                cluster=None if isinstance(made, str) else made,
                threads=self.options.jobs or cores(),
                folder=Path(self._work),
                local=lambda: self.local.executor((), on_progress),
                on_progress=on_progress,
                on_trouble=self._on_trouble,
                patience=self.options.worker_timeout,
            )
            self._check_needs()
        return self._open

    def revealed(self) -> None:
        """The next tasks need other sources: those say which tasks there are."""
        self.local.revealed()
        self.names = list(self.project.dag.tasks)
        self._bundle = None

    def attempt(self, task: Task, verdict: Verdict) -> DaskAttempt:
        """Return a run of the task on some worker."""
        return DaskAttempt(self, task, verdict)

    def answer(self, name: str) -> Answer:
        """Return what a worker said of a task."""
        assert self._open is not None
        answer: Answer = self._open.answers.pop(name)
        return answer

    def retelling(self, task: Task, verdict: Verdict) -> Retelling:
        """Notebooks are made anew on this machine."""
        return self.local.retelling(task, verdict)

    def end_tasks(self) -> None:
        """End what runs there."""
        if self._open is not None:
            self._open.close()

    def close(self) -> None:
        """Remove the checkouts of workers in this process, and the store that was for this build."""
        if self._work is not None:
            worker_side.give_up_all(Path(self._work))
            shutil.rmtree(self._work, ignore_errors=True)
        for lease in self._leases if self._own_store is None else ():
            with contextlib.suppress(UserError):  # a lease ends by itself, too
                self.store.release(lease)
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
            self._leases.append(self.store.lease(self._bundle.digests))
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
            threads=self.local.shares.least()
            if task.spec.requests.cpus is None
            else max(1, int(task.spec.requests.cpus)),
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
        if not self._declared:  # a cluster may have had no workers yet
            self._learn()
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
        workers = self._learn()
        for name in self.names:
            wants = self.needs(self.project.tasks[name])
            if workers and not any(all(worker.get(key, 0) >= one for key, one in wants.items()) for worker in workers):
                text = " ".join(f"{key}={value:g}" for key, value in wants.items())
                raise UserError(
                    f"task '{name}' asks for {text}, and no worker has that",
                    hint=f"Start one with: dask worker {self.options.scheduler or 'ADDRESS'} --resources '{text}'",
                )

    def _learn(self) -> list[Mapping[str, float]]:
        """What workers declare that there are."""
        assert self._open is not None
        workers = self._open.resources()
        self._declared = frozenset(name for worker in workers for name in worker)
        return workers


class DaskAttempt:
    """See `side.Attempt`: one run of one task on another machine."""

    def __init__(self, side: DaskSide, task: Task, verdict: Verdict) -> None:
        self.side = side
        self.task = task
        self.verdict = verdict
        self.started = time.time()
        self.retrying: str | None = None
        self.read: frozenset[str] = frozenset()
        self.wrote: frozenset[str] = frozenset()
        self._stayed: Mapping[str, str] = {}

    def begin(self) -> Job:
        """The order as a job."""
        named = self.side.project.named_files(self.task)
        self._stayed = {path: digest for path, digest in named.items() if bundles.stays(path)}
        order = self.side.order(self.task, self.verdict)
        return Job(
            name=self.task.name,
            source=None,
            output=None,
            cwd=self.side.project.root,
            function=FunctionCall(f"{worker_side.__name__}.carry_out", {"order": order}),
            needs=self.side.needs(self.task),
        )

    def next(self, outcome: Outcome) -> Job | Ended:
        """How it ended."""
        if outcome.status != "ok":
            what = outcome.error.evalue if outcome.error else outcome.status
            return Ended(f"task '{self.task.name}' was killed: {what}", True, outcome.seconds, None)
        root = self.side.project.root
        answer = self.side.answer(self.task.name)
        self.started = answer.started or self.started
        keep_log(root, self.task, answer.log)
        if answer.manifest is None:
            if answer.notebook is not None:
                keep(root, "failed", f"{safe_name(self.task.name)}.ipynb", answer.notebook)
            killed = answer.result == "killed"
            text = (answer.error or "failed").replace(answer.folder, str(root)) if answer.folder else answer.error
            return Ended(text or "failed", killed, answer.seconds, answer.peak_memory, answer.assumed)
        manifest = from_json(to_json(answer.manifest))
        refused = self.side.project.leavings.refused(self.task, manifest) if manifest else "it is no manifest"
        if answer.fingerprint != fingerprint_digest(answer.parts):
            refused = "its fingerprint is of something else"
        if manifest is None or refused is not None:
            text = f"task '{self.task.name}': the worker answered what cannot be from it: {refused}"
            return Ended(text, False, answer.seconds, answer.peak_memory)
        self.side.manifests[self.task.name] = manifest
        made = self.side.sent[self.task.name] = self._made(answer, manifest)
        self.side.project.note_made(self.task.name, made.fingerprint, made.inputs)
        self.side.store.note(results.own_of(made), made.fingerprint, manifest)
        return Ended(None, False, answer.seconds, answer.peak_memory, answer.assumed)

    def meanings(self) -> Mapping[str, str]:
        """What tasks after this one see of its products, which may not be here yet."""
        return meanings_of(self.side.manifests[self.task.name])

    def takes_long(self) -> bool:
        """Products are in the store, and to be brought from there."""
        return True

    def made(self, seconds: float) -> Made:
        """Bring the products to their places."""
        project, manifest = self.side.project, self.side.manifests[self.task.name]
        cache = project.cache
        assert cache is not None
        fetched = self.side.store.fetch([manifest])
        if not fetched or not results.bring_back(project, self.task, manifest):
            raise UserError(
                cache.problem or f"task '{self.task.name}': its products are not in the store {self.side.store.url}"
            )
        made = self.side.sent[self.task.name]
        cache.store(results.own_of(made), made.fingerprint, manifest, project.root)
        return made

    def give_up(self) -> None:
        """Nothing of it is here."""

    def _made(self, answer: Answer, manifest: Manifest) -> Made:
        inputs = {**manifest.inputs, **self._stayed}
        return Made(answer.parts, answer.fingerprint, manifest.products, inputs, manifest.written, time.time())
