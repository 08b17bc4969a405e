"""One task on another machine: its order -> the run there -> the answer. Machines share nothing but the store.

A worker's process keeps a few checkouts. Each is used by one task at a time, with its own warm executor, so that what
a task leaves in its folder is its own doing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from soorgeon_clone import __version__
from soorgeon_clone.errors import UserError
from soorgeon_clone.files.cache_folder import default_folder
from soorgeon_clone.files.removal import remove_tree
from soorgeon_clone.pipeline.assumptions.model import Broken, Kept
from soorgeon_clone.pipeline.building.inputs import place
from soorgeon_clone.pipeline.building.local_side import LocalSide
from soorgeon_clone.pipeline.building.model import Listener, Options, RunResult
from soorgeon_clone.pipeline.building.schedule import Schedule
from soorgeon_clone.pipeline.declared.model import HIDDEN, Task
from soorgeon_clone.pipeline.elsewhere.bundle import SourceBundle, spec_in, unpack
from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import Executor, Isolation, Job, Outcome, Progress
from soorgeon_clone.pipeline.products.cache import Cache
from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.pipeline.products.remote import open_remote
from soorgeon_clone.pipeline.products.store import Store
from soorgeon_clone.pipeline.state.fingerprint import causes
from soorgeon_clone.pipeline.state.hidden import safe_name
from soorgeon_clone.pipeline.state.model import Reason
from soorgeon_clone.pipeline.status.project import Project


@dataclass(frozen=True)
class Order:
    """What a worker is told. ``parts`` is the fingerprint of the task where the order was made, ``upstream`` what its
    upstream made."""

    name: str
    store: str
    bundle: SourceBundle
    parts: Mapping[str, str]
    upstream: Mapping[str, Manifest]
    isolation: Isolation = "auto"
    memory_limit: int | None = None
    ignore_environment: bool = False
    threads: int | None = None
    version: str = __version__


@dataclass(frozen=True)
class Answer:
    """What a worker says. ``manifest`` and ``parts`` are None if the task failed; ``notebook`` is how far it got."""

    result: RunResult
    error: str | None = None
    started: float = 0.0
    seconds: float = 0.0
    peak_memory: int | None = None
    manifest: Manifest | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    log: str = ""
    notebook: bytes | None = None
    folder: str = ""
    assumed: tuple[Broken | Kept, ...] = ()


@dataclass
class _Checkout:
    """A folder with the sources, the project in it and an executor; all used from one thread."""

    top: Path
    bundle: SourceBundle
    thread: ThreadPoolExecutor
    project: Project | None = None
    executor: Executor | None = None
    threads: int | None = None
    on_progress: Callable[[Progress], None] | None = None

    @property
    def folder(self) -> Path:
        """The project's."""
        return self.top / self.bundle.inside


_FREE: list[_Checkout] = []
_BUSY: list[_Checkout] = []
_COUNT = 0
_LOCK = threading.Lock()


def carry_out(
    order: Order, *, base: Path, on_progress: Callable[[Progress], None], cancelled: threading.Event
) -> Answer:
    """Run the task of an order in a checkout below ``base``, publish its products, and answer."""
    if order.version != __version__:
        text = f"this worker has soorgeon-clone {__version__}, and the build was started by {order.version}"
        return Answer("failed", text)
    base.mkdir(mode=0o700, parents=True, exist_ok=True)  # sources and products are nobody else's business
    checkout = _take(order, base)
    checkout.on_progress = on_progress
    try:
        return checkout.thread.submit(_run, checkout, order, cancelled).result()
    except UserError as error:
        return Answer("failed", str(error))
    finally:
        with _LOCK:
            _BUSY.remove(checkout)
            _FREE.append(checkout)


def give_up_all(base: Path) -> None:
    """End what was kept below ``base`` for the next tasks. Tasks that run there must have been told to end."""
    with _LOCK:
        below = [one for one in (*_FREE, *_BUSY) if base in one.folder.parents]
        _FREE[:] = [one for one in _FREE if one not in below]
    for one in below:
        one.thread.submit(_give_up, one)
    for one in below:
        one.thread.shutdown()


def _take(order: Order, base: Path) -> _Checkout:
    """A checkout of this bundle that nobody uses; those of other bundles are given up."""
    global _COUNT
    with _LOCK:
        others = [one for one in _FREE if one.bundle.name != order.bundle.name or one.top.parent.parent != base]
        fitting = [one for one in _FREE if one not in others]
        _FREE[:] = fitting[1:]
        _COUNT += 1
        top = base / order.bundle.name / str(_COUNT)
        taken = (
            fitting[0]
            if fitting
            else _Checkout(top, order.bundle, ThreadPoolExecutor(1, thread_name_prefix="checkout"))
        )
        _BUSY.append(taken)
    for one in others:
        one.thread.submit(_give_up, one)
        one.thread.shutdown(wait=False)
    return taken


def _give_up(checkout: _Checkout) -> None:
    if checkout.executor is not None:
        checkout.executor.close()
    if checkout.project is not None:
        checkout.project.__exit__(None, None, None)
    remove_tree(checkout.top.parent, checkout.top.name)


def _open(checkout: _Checkout, order: Order) -> Project:
    if checkout.project is None:
        cache = Cache(default_folder() or checkout.top.parent / "cache", "")
        store = Store(order.store, lambda: open_remote(order.store, checkout.folder), cache)
        try:
            unpack(store, order.bundle, checkout.top)
        finally:
            store.close()
        checkout.project = Project(
            spec_in(checkout.folder), ignore_environment=order.ignore_environment, store=order.store
        )
    project = checkout.project
    if checkout.executor is not None and checkout.threads != order.threads:
        checkout.executor.close()
        checkout.executor = None
    if checkout.executor is None:
        checkout.threads = order.threads
        checkout.executor = open_executor(
            order.isolation,
            modules=sorted(
                set().union(*(project.fingerprints.closure(one).libraries for one in project.tasks.values()))
            ),
            cwd=checkout.folder,
            blas_threads=order.threads,
            on_progress=lambda progress: (
                checkout.on_progress(progress) if checkout.on_progress and isinstance(progress, Progress) else None
            ),
        )
    return project


def _run(checkout: _Checkout, order: Order, cancelled: threading.Event) -> Answer:
    project = _open(checkout, order)
    store, executor, task = project.store, checkout.executor, project.tasks[order.name]
    assert store is not None and executor is not None
    store.forget()
    place(project, task, order.upstream)
    project.trust(order.parts)
    _compare(project, task, order)
    began = time.time()
    options = Options(
        names=frozenset({task.name}), force=True, jobs=1, isolation=order.isolation, memory_limit=order.memory_limit
    )
    side = LocalSide(project, options, _Cancellable(executor, cancelled))
    report = Schedule(project, options, Listener(), side, hooks=False).run()
    (run,) = report.runs
    answer = Answer(
        run.result,
        run.error,
        began,
        run.seconds,
        run.peak_memory,
        log=_text(project, task),
        folder=str(checkout.folder),
        assumed=run.assumed,
    )
    if run.result != "ran":
        return replace(answer, notebook=_failed_notebook(project, task))
    made = project.records.made(task.name)
    if report.problem is not None or made is None:
        return replace(answer, result="failed", error=report.problem)
    if not made.fingerprint:
        return replace(answer, result="failed", error="its sources changed while it ran")
    manifest = project.manifests.get(task.name)
    if manifest is None:
        return replace(answer, result="failed", error="a product holds what is no file, which does not travel")
    return replace(answer, manifest=manifest, parts=made.parts, fingerprint=made.fingerprint)


def _compare(project: Project, task: Task, order: Order) -> None:
    """What the task depends on must be the same here as where the order was made."""
    found = causes(order.parts, project.fingerprint(task).parts)
    different = [cause for cause in found if not (order.ignore_environment and cause.reason is Reason.ENVIRONMENT)]
    if different:
        raise UserError(
            f"task '{task.name}' is not the same on this worker: {'; '.join(map(str, different))}",
            hint="Install the same Python and libraries on the workers as where the build is started, "
            "or build with --ignore-environment."
            if all(cause.reason is Reason.ENVIRONMENT for cause in different)
            else "A source changed during the build, or a file it needs did not travel. Build again.",
        )


def _text(project: Project, task: Task) -> str:
    with contextlib.suppress(OSError):
        return (project.root / HIDDEN / "logs" / f"{safe_name(task.name)}.log").read_text(errors="replace")
    return ""


def _failed_notebook(project: Project, task: Task) -> bytes | None:
    with contextlib.suppress(OSError):
        return (project.root / HIDDEN / "failed" / f"{safe_name(task.name)}.ipynb").read_bytes()
    return None


class _Cancellable:
    """An executor whose jobs end when an event is set."""

    def __init__(self, executor: Executor, event: threading.Event) -> None:
        self._executor = executor
        self._event = event

    def start(self, job: Job) -> None:
        self._executor.start(job)

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = 0.2 if deadline is None else min(0.2, deadline - time.monotonic())
            outcomes = self._executor.wait(max(0.0, left))
            if outcomes or not self._executor.running() or (deadline is not None and time.monotonic() >= deadline):
                return outcomes
            if self._event.is_set():
                for name in self._executor.running():
                    self._executor.cancel(name)

    def cancel(self, name: str) -> None:
        self._executor.cancel(name)

    def running(self) -> tuple[str, ...]:
        return self._executor.running()

    def close(self) -> None:
        pass

    def __enter__(self) -> _Cancellable:
        return self

    def __exit__(self, *exc: object) -> None:
        pass
