"""An executor whose jobs run on a Dask cluster: the door of distributed.

A job that is a call of a function of ours with ``on_progress`` and ``cancelled`` goes to the cluster, as its ``needs``
allow; what it returns is kept in ``answers``. Any other job (a hook of the whole pipeline) runs here.
"""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.cores import cores
from soorgeon_clone.pipeline.elsewhere.silence import DaskCluster, Watch
from soorgeon_clone.pipeline.execution.model import CellError, Executor, Job, OnProgress, Outcome, Progress

# On a worker: the events that end what runs there, by the key of the Dask task.
_CANCELLED: dict[str, threading.Event] = {}
_LOOK = 0.5  # seconds between looks at who is silent
_LOST = ("KilledWorker", "CancelledError", "FutureCancelledError", "CommClosedError")


class DaskExecutor:
    """See ``model.Executor``. ``address`` is the scheduler's; else ``cluster`` is Dask's object for one, which is
    closed at the end; None and None for a cluster on this machine.

    A worker that does not answer for ``patience`` seconds is given up; ``on_trouble`` is told, and long before that.
    """

    def __init__(
        self,
        address: str | None,
        *,
        cluster: Any = None,
        threads: int,
        folder: Path,
        local: Callable[[], Executor],
        on_progress: OnProgress,
        on_trouble: Callable[[str], None] = lambda _: None,
        patience: float = 60.0,
    ) -> None:
        self.answers: dict[str, Any] = {}
        self.address = address
        self._on_progress = on_progress
        self._open_local = local
        self._local: Executor | None = None
        self._id = uuid.uuid4().hex[:12]
        self._futures: dict[str, Any] = {}
        self._started: dict[str, float] = {}
        self._messages: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._getters = ThreadPoolExecutor(8, thread_name_prefix="answers")
        self._cluster = cluster
        distributed = _distributed()
        if cluster is not None:
            self.address = str(cluster.scheduler_address)
        elif address is None:
            self._cluster = _cluster_here(distributed, threads, folder)
        else:
            _check_certificates(distributed, address)
        try:
            self._client = distributed.Client(self._cluster or address, timeout=10, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UserError(
                f"no Dask scheduler answers at {address}: {error}",
                hint="Start one with 'dask scheduler' and workers with 'dask worker ADDRESS', or leave --scheduler out "
                "for a cluster on this machine.",
            ) from None
        self._client.subscribe_topic(self._id, self._hear)
        self._on_trouble = on_trouble
        self._watch = None if self.address is None else Watch(DaskCluster(self._client, self._futures), patience)
        if self._watch is not None:
            self._watch.start()

    def resources(self) -> list[Mapping[str, float]]:
        """What each worker says that it has."""
        try:
            info = self._client.scheduler_info(n_workers=-1)
        except TypeError:  # before distributed 2025.4 it was always all
            info = self._client.scheduler_info()
        return [worker.get("resources", {}) for worker in info["workers"].values()]

    def start(self, job: Job) -> None:
        if job.function is None or "order" not in job.function.kwargs:
            self._local = self._local or self._open_local()
            self._local.start(job)
            return
        key = f"{job.name}-{uuid.uuid4().hex[:8]}"
        future = self._client.submit(
            _on_worker,
            job.function.dotted_path,
            dict(job.function.kwargs),
            job.name,
            key,
            self._id,
            key=key,
            pure=False,
            resources=dict(job.needs) or None,
        )
        self._futures[job.name] = future
        self._started[job.name] = time.time()
        future.add_done_callback(lambda done, name=job.name: self._ended(name, done))

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        deadline = None if timeout is None else time.monotonic() + timeout
        outcomes: list[Outcome] = []
        while not outcomes and self.running():
            if self._local is not None and self._local.running():
                outcomes += self._local.wait(0.05)
            busy = self._local is not None and bool(self._local.running())
            left = 3600.0 if deadline is None else max(0.0, deadline - time.monotonic())
            with contextlib.suppress(queue.Empty):
                kind, value = self._messages.get(timeout=0.05 if busy or outcomes else min(left, _LOOK))
                outcomes += self._take(kind, value)
            self._tell_of_silence()
            if deadline is not None and time.monotonic() >= deadline:
                break
        return outcomes

    def _tell_of_silence(self) -> None:
        for news in self._watch.news() if self._watch is not None and self._futures else ():
            if not news.ends:
                self._on_trouble(news.text)
                continue
            for name, future in self._futures.items():
                self._messages.put(("done", (name, future, None, RuntimeError(news.text))))

    def _ended(self, name: str, future: Any) -> None:
        """In a thread of the client. What the function returned is still on its worker, and takes a while to get."""

        def get() -> None:
            try:
                self._messages.put(("done", (name, future, future.result(), None)))
            except BaseException as error:
                self._messages.put(("done", (name, future, None, error)))

        with contextlib.suppress(RuntimeError):  # closed meanwhile
            self._getters.submit(get)

    def _hear(self, event: tuple[float, Any]) -> None:
        """In a thread of the client."""
        self._messages.put(("progress", event[1]))

    def _take(self, kind: str, value: Any) -> list[Outcome]:
        if kind == "progress":
            progress = Progress(*value)
            if progress.name in self._futures:
                self._on_progress(progress)
            return []
        name, future, answer, error = value
        if name not in self._futures or self._futures[name] is not future:
            return []
        del self._futures[name]
        began = self._started.pop(name)
        seconds = time.time() - began
        if error is not None:
            what = type(error).__name__
            return [Outcome(name, "killed", CellError(None, None, what, _why(what, error)), began, seconds, 0, "")]
        self.answers[name] = answer
        return [Outcome(name, "ok", None, began, seconds, 0, "")]

    def cancel(self, name: str) -> None:
        if self._local is not None and name in self._local.running():
            self._local.cancel(name)
        future = self._futures.get(name)
        if future is not None:
            self._stop([future])
            self._messages.put(("done", (name, future, None, RuntimeError("it was cancelled"))))

    def running(self) -> tuple[str, ...]:
        return (*self._futures, *(self._local.running() if self._local is not None else ()))

    def close(self) -> None:
        if self._watch is not None:
            self._watch.stop()
        if self._local is not None:
            self._local.close()
        self._stop(list(self._futures.values()))
        self._futures.clear()
        self._getters.shutdown(wait=False, cancel_futures=True)
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)
        if self._cluster is not None:
            with contextlib.suppress(Exception):
                self._cluster.close(timeout=10)

    def _stop(self, futures: list[Any]) -> None:
        """Drop what waits, and end the processes of what runs: Dask itself leaves a running function alone."""
        if not futures:
            return
        keys = [future.key for future in futures]
        if self._cluster is not None:  # its worker is in this process, and need not be asked by messages
            _cancel_on_worker(keys)

        def tell() -> None:
            with contextlib.suppress(Exception):
                self._client.cancel(futures, force=True)
            with contextlib.suppress(Exception):
                self._client.run(_cancel_on_worker, keys, on_error="ignore")

        # A scheduler that is gone would keep us waiting.
        telling = threading.Thread(target=tell, daemon=True)
        telling.start()
        telling.join(10)

    def __enter__(self) -> DaskExecutor:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _check_certificates(distributed: Any, address: str) -> None:
    """Raise UserError where the certificates of Dask's configuration do not go with the address."""
    security, problem = distributed.Security(), None
    try:
        context = security.get_connection_args("client")["ssl_context"]
    except (OSError, ValueError) as error:
        problem = f"the certificates of Dask's configuration cannot be used: {error}"
    else:
        if address.startswith("tls://") and context is None:
            problem = f"{address} asks for a certificate, and Dask's configuration names none"
        elif security.require_encryption and not address.startswith("tls://"):
            problem = f"Dask's configuration asks for TLS, and {address} is an address without"
    if problem is not None:
        raise UserError(problem, hint="docs/dask.md says how to make certificates and where to name them.", exit_code=2)


def _cluster_here(distributed: Any, threads: int, folder: Path) -> Any:
    """A scheduler and a worker in this process, with a thread for each task that runs: the task itself has a process
    of its own anyway. They speak through memory, and no port is opened: who reaches one could run code."""

    # distributed has no types: its classes are Any to mypy
    class Scheduler(distributed.Scheduler):  # type: ignore[misc]
        def start_http_server(self, *_: object, **__: object) -> None:
            """No dashboard, nor the other pages."""

    class Worker(distributed.Worker):  # type: ignore[misc]
        def start_http_server(self, *_: object, **__: object) -> None:
            """As the scheduler."""

    protected = distributed.Security(require_encryption=False)  # nothing leaves the process, whatever Dask is told
    common = {"protocol": "inproc://", "dashboard": False, "dashboard_address": None, "security": protected}
    worker = {
        "nthreads": threads,
        "memory_limit": 0,
        "local_directory": str(folder),
        "resources": local_resources(),
        "silence_logs": 40,
    }
    return distributed.SpecCluster(
        scheduler={"cls": Scheduler, "options": common},
        workers={0: {"cls": Worker, "options": {**common, **worker}}},
        security=protected,
        silence_logs=40,
    )


def local_resources() -> dict[str, float]:
    """What this machine has."""
    found: dict[str, float] = {"cpus": float(cores())}
    with contextlib.suppress(AttributeError, ValueError, OSError):
        found["memory"] = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        found["gpus"] = float(len([one for one in visible.split(",") if one.strip() not in ("", "-1")]))
    else:
        found["gpus"] = float(len([*Path("/dev").glob("nvidia[0-9]*")]))
    return found


def _on_worker(dotted_path: str, arguments: dict[str, Any], name: str, key: str, topic: str) -> Any:
    """What runs on a worker, in one of its threads."""
    import importlib

    worker = _distributed().get_worker()
    module, _, function = dotted_path.rpartition(".")
    cancelled = _CANCELLED[key] = threading.Event()

    def tell(progress: Progress) -> None:
        with contextlib.suppress(Exception):
            worker.log_event(topic, (name, progress.cell, progress.total, progress.index))

    tell(Progress(name, 0, 0, 0))
    try:
        run = getattr(importlib.import_module(module), function)
        base = Path(worker.local_directory) / "soorgeon-clone"
        return run(**arguments, base=base, on_progress=tell, cancelled=cancelled)
    finally:
        _CANCELLED.pop(key, None)


def _cancel_on_worker(keys: list[str]) -> None:
    for key in keys:
        event = _CANCELLED.get(key)
        if event is not None:
            event.set()


def _why(kind: str, error: BaseException) -> str:
    if kind == "KilledWorker":
        return "the workers that ran it died, again and again (out of memory?)"
    if kind in _LOST:
        return "it was cancelled, or the connection to the Dask scheduler was lost"
    if isinstance(error, ModuleNotFoundError):
        return f"{error}: soorgeon-clone must be installed on the workers, too"
    return str(error)


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise UserError(
            "--executor dask needs the library distributed, which is not installed",
            hint="Run: pip install 'soorgeon-clone[dask]'",
            exit_code=2,
        ) from None
    return distributed
