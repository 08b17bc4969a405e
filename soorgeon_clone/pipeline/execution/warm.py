"""The state that forked tasks inherit, and the fork itself.

Imported only by the server of a build that forks: worker and shell, and with them IPython, stand at the top.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import signal
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from soorgeon_clone.pipeline.assumptions.model import Kind
from soorgeon_clone.pipeline.execution import blas, process, worker
from soorgeon_clone.pipeline.execution.boot import ServerSettings
from soorgeon_clone.pipeline.execution.channel import Channel
from soorgeon_clone.pipeline.execution.model import Job
from soorgeon_clone.pipeline.execution.preload import Preloader
from soorgeon_clone.pipeline.execution.shell import open_shell, warm_up
from soorgeon_clone.pipeline.execution.streams import Stream


class Warm:
    """The state that forks inherit: modules, an IPython shell, streams."""

    def __init__(self, settings: ServerSettings, folder: Path) -> None:
        self.settings = settings
        self.streams = (Stream("stdout", 1), Stream("stderr", 2))
        sys.stdout, sys.stderr = self.streams
        self.heard = self.streams[0].heard = self.streams[1].heard
        blas.without_threads_at_load(os.environ)
        gc.disable()
        self.shell = open_shell(folder)
        warm_up(self.shell)
        self.preloader = Preloader(settings.modules, settings.cwd, settings.avoid)
        self.setters: list[tuple[str, blas.Setter]] | None = None
        self._guarded: frozenset[Kind] = frozenset()

    @property
    def spoiled_by(self) -> str | None:
        return self.preloader.spoiled_by

    @property
    def has_more(self) -> bool:
        return bool(self.preloader.waiting)

    def load_next(self) -> None:
        if self.preloader.waiting:
            self._load(self.preloader.waiting[0])

    def load(self, modules: tuple[str, ...]) -> None:
        for name in self.preloader.missing(modules):
            self._load(name)

    def _load(self, name: str) -> None:
        with self.shell.builtin_trap:  # libraries ask for get_ipython while they are imported (pandas: a terminal?)
            self.preloader.load(name, self.heard)
        self.setters = None

    def make_guards_ready(self, kinds: frozenset[Kind]) -> None:
        """Do once what every task would have to do that takes something of these kinds for granted."""
        if new := kinds - self._guarded:
            self._guarded |= new
            session = importlib.import_module("soorgeon_clone.pipeline.assumptions.session")
            session.make_ready(sorted(new))

    def fork(self, job: Job, function: bytes, channel: int, journal: int, console: int, close: list[int]) -> int:
        if self.setters is None:
            self.setters = blas.loaded_setters()
            gc.freeze()
        server = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            os.dup2(console, 1)
            os.dup2(console, 2)
            self._become_worker(job, function, channel, journal, console, close, server)
        except BaseException:
            with contextlib.suppress(BaseException):
                os.write(2, traceback.format_exc().encode("utf-8", "backslashreplace"))
            os._exit(1)

    def _become_worker(
        self, job: Job, function: bytes, channel: int, journal: int, console: int, close: list[int], server: int
    ) -> NoReturn:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        process.die_with_parent(server)
        process.adopt_orphans()
        for descriptor in close:
            with contextlib.suppress(OSError):
                os.close(descriptor)
        environment = {**self.settings.environment, **job.environment}
        blas.allot(environment, job.threads or self.settings.blas_threads)
        os.environ.clear()
        os.environ.update(environment)
        self.shell.init_environment()
        assert self.setters is not None
        blas.set_threads(self.setters, os.environ)
        self.preloader.fit(job.modules)
        gc.enable()
        if function:
            job = replace(job, function=pickle.loads(function))
        worker.run(job, self.shell, self.streams, Channel(channel), journal, console)
