"""Isolation -> Executor: the one way in, and the build's end of the connection to the server."""

from __future__ import annotations

import contextlib
import os
import pickle
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from soorgeon_clone.files import folders
from soorgeon_clone.pipeline.execution import boot, process
from soorgeon_clone.pipeline.execution.channel import Channel
from soorgeon_clone.pipeline.execution.imported_modules import imported_modules
from soorgeon_clone.pipeline.execution.model import (
    CellError,
    Executor,
    Isolation,
    Job,
    OnProgress,
    Outcome,
    Progress,
    printed,
)


def open_executor(
    isolation: Isolation,
    *,
    modules: Sequence[str],
    cwd: Path,
    blas_threads: int | None,
    on_progress: OnProgress | None = None,
) -> Executor:
    """Returns at once with an executor (a context manager); its warm parent imports ``modules`` meanwhile.

    Open it as early as possible. ``modules`` are installed modules that the tasks import, never local ones.
    ``blas_threads`` is the number of threads of numerical libraries for each task; None leaves it to them.
    """
    if isolation == "kernel":
        from soorgeon_clone.pipeline.execution.kernel import require_nbclient

        require_nbclient()
    # hashes of strings order sets, and so what a task writes: equal inputs must give equal bytes
    environment = {"PYTHONHASHSEED": "0", **os.environ}
    settings = boot.ServerSettings(isolation, tuple(modules), cwd.absolute(), blas_threads, environment)
    if hasattr(os, "wait4"):
        return ServerExecutor(settings, on_progress)
    from soorgeon_clone.pipeline.execution.portable import PortableExecutor

    return PortableExecutor(settings, on_progress)


class ServerExecutor:
    """See ``model.Executor``."""

    def __init__(self, settings: boot.ServerSettings, on_progress: OnProgress | None) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._started: dict[str, tuple[float, Job, bytes]] = {}  # when, and what the server was told
        self._server: subprocess.Popen[bytes] | None = None
        self._folder = str(folders.make_private())  # for the server; removed by whoever lives longer
        self._open()

    def _open(self) -> None:
        mine, theirs = socket.socketpair()
        with theirs:
            os.set_inheritable(theirs.fileno(), True)
            self._server = subprocess.Popen(
                boot.command(boot.SERVER, str(theirs.fileno())),
                env=self._settings.environment,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._channel = Channel(mine.detach())
        self._channel.send(self._settings, self._folder)

    def start(self, job: Job) -> None:
        if job.name in self._started:
            raise ValueError(f"a job named {job.name!r} is running")
        if self._server is None:
            self._open()
        # arguments may be of classes that only the task's process can import
        function = pickle.dumps(job.function) if job.function else b""
        modules = job.modules
        if job.source is not None:
            modules = tuple(dict.fromkeys((*modules, *imported_modules(job.source, job.cwd))))
        plain = replace(job.portable(), modules=modules, function=None)
        self._started[job.name] = (time.time(), plain, function)
        with contextlib.suppress(OSError):  # when the server is gone, wait() says so
            self._channel.send("start", plain, function)

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        deadline = None if timeout is None else time.monotonic() + timeout
        outcomes: list[Outcome] = []
        while self._started and not outcomes:
            if not self._channel.wait(None if deadline is None else deadline - time.monotonic()):
                break
            try:
                messages = self._channel.receive()
            except (EOFError, OSError):
                return self._server_is_gone()
            for message in messages:
                outcomes += self._take(*message)
        return outcomes

    def _take(self, kind: str, *values: Any) -> list[Outcome]:
        if kind == "outcome":
            outcome: Outcome = values[0]
            del self._started[outcome.name]
            return [outcome]
        if kind == "progress" and self._on_progress:
            self._on_progress(Progress(*values))
        if kind in ("printed", "logged") and self._on_progress:
            self._on_progress(printed(kind, *values))
        if kind == "renew":
            self._renew(values[0])
        return []

    def _renew(self, package: str) -> None:
        """Goes on with a server that does not import ``package``: the old one must not be forked any more."""
        if package in self._settings.avoid:
            return
        self._end_server()
        self._settings = replace(self._settings, avoid=self._settings.avoid | {package})
        self._open()
        for _, job, function in self._started.values():
            self._channel.send("start", job, function)

    def _server_is_gone(self) -> list[Outcome]:
        self._channel.close()
        self._server = None
        error = CellError(None, None, "TaskKilled", "the process that runs the tasks was killed")
        now = time.time()
        gone = [
            Outcome(name, "killed", error, began, now - began, 0, "") for name, (began, _, _) in self._started.items()
        ]
        self._started.clear()
        return gone

    def cancel(self, name: str) -> None:
        if self._server is not None and name in self._started:
            self._channel.send("cancel", name)

    def running(self) -> tuple[str, ...]:
        return tuple(self._started)

    def close(self) -> None:
        self._started.clear()
        self._end_server()
        folders.remove_private(Path(self._folder))

    def _end_server(self) -> None:
        if self._server is not None:
            self._channel.close()  # the server would end its tasks and itself, but it may be busy with an import
            if process.IS_LINUX:
                process.kill_tree(self._server.pid)
            self._server.wait()
            self._server = None

    def __enter__(self) -> ServerExecutor:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
