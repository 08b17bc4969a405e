"""Runs jobs for a build: forks of this process, or fresh processes, each under watch.

The build talks to it over one connection: ("start", job, pickled arguments), ("cancel", name) one way,
("progress", ...) and ("outcome", ...) the other. When the connection ends, everything ends.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soorgeon_clone.files.atomic import write_bytes
from soorgeon_clone.files.folders import make_again, nameless_file, remove_private
from soorgeon_clone.pipeline.assumptions.model import Broken, Kept
from soorgeon_clone.pipeline.execution import blas, boot, process
from soorgeon_clone.pipeline.execution.assumed import kinds_assumed
from soorgeon_clone.pipeline.execution.boot import ServerSettings
from soorgeon_clone.pipeline.execution.channel import Channel
from soorgeon_clone.pipeline.execution.ending import Result, ending, outcome_of
from soorgeon_clone.pipeline.execution.imported_modules import seeds_python
from soorgeon_clone.pipeline.execution.journal import read_text
from soorgeon_clone.pipeline.execution.model import CellError, Job, Outcome, Status
from soorgeon_clone.pipeline.execution.preload import survives_fork, top_level

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.execution.warm import Warm

_GRACE = 2.0  # seconds between telling a task that its time is over and killing it
_STRAY_GRACE = 0.5  # seconds that processes left behind by a task get to end
_MEMORY_POLL = 0.05


@dataclass
class Running:
    """One job under watch."""

    job: Job
    pid: int
    channel: Channel
    journal: int
    console: int  # a file for what the process says outside of the notebook: the stack of a crash
    started: float
    began: float
    kill_at: float | None = None
    reason: Status | None = None
    result: Result | None = None
    assumed: tuple[Broken | Kept, ...] = ()
    opened: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    done: bool = False
    exit: tuple[int, int] | None = None  # wait status, peak memory


class Server:
    def __init__(self, build: Channel, settings: ServerSettings, folder: Path) -> None:
        self.build = build
        self.settings = settings
        self.folder = folder
        make_again(folder)
        self.running: dict[int, Running] = {}
        self.strays_until: float | None = None
        self.ended: list[Running] = []
        self.warm: Warm | None = None
        self.selector = selectors.DefaultSelector()
        self.selector.register(build, selectors.EVENT_READ, "build")
        self.wake, wakeup = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(wakeup, False)
        self.wakeup = wakeup
        self.selector.register(self.wake, selectors.EVENT_READ, "wake")
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        process.adopt_orphans()

    def serve(self, messages: list[Any]) -> None:
        """Runs until the build is gone; ``messages`` are those that came with the settings."""
        try:
            if self.settings.isolation in ("fork", "auto") and process.IS_LINUX:
                from soorgeon_clone.pipeline.execution.warm import Warm

                self.warm = Warm(self.settings, self.folder)
            for message in messages:
                self.obey(*message)
            while self.step():
                pass
        finally:
            for run in self.running.values():
                process.kill_tree(run.pid)
            process.kill_tree(os.getpid(), spare_root=True)
            for run in self.running.values():
                _undo(run.job)
            remove_private(self.folder)

    def step(self) -> bool:
        """Handles what is ready; imports a module when nothing is. False when the build is gone."""
        for key, events in self.selector.select(self._patience()):
            if key.data == "build":
                if events & selectors.EVENT_WRITE:
                    self._send()
                if not events & selectors.EVENT_READ:
                    continue
                try:
                    messages = self.build.receive()
                except (EOFError, OSError):
                    return False
                for message in messages:
                    self.obey(*message)
            elif key.data == "wake":
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake, 4096)
            else:
                self._listen(self.running[key.data])
        self._reap()
        self._enforce()
        self._report()
        if self.warm and self.warm.has_more and not self.selector.select(0):
            self.warm.load_next()
        return True

    def _patience(self) -> float | None:
        """Seconds until something has to be done, None for as long as nothing happens."""
        if self.warm and self.warm.has_more:
            return 0
        now = time.monotonic()
        moments = [run.kill_at for run in self.running.values() if run.kill_at is not None]
        moments += [
            run.began + run.job.timeout
            for run in self.running.values()
            if run.job.timeout is not None and run.reason is None
        ]
        if any(run.job.memory_limit for run in self.running.values()):
            moments.append(now + _MEMORY_POLL)
        if self.strays_until is not None:
            moments.append(self.strays_until)
        return max(min(moments) - now, 0) if moments else None

    def obey(self, command: str, *values: Any) -> None:
        if command == "start":
            self._start(*values)
        elif command == "cancel":
            for run in self.running.values():
                if run.job.name == values[0] and run.reason is None:
                    run.reason = "killed"
                    process.kill_tree(run.pid)

    def _start(self, job: Job, function: bytes) -> None:
        may_fork = self._may_fork(job)
        if self.warm and self.warm.spoiled_by and not self.running and not self.ended:
            self._tell("renew", self.warm.spoiled_by)  # another server, which avoids that package, does better
            return
        journal, console = nameless_file(), nameless_file()
        mine, theirs = os.pipe()
        try:
            started, began = time.time(), time.monotonic()
            if may_fork:
                assert self.warm is not None
                if job.source is not None and (kinds := kinds_assumed(job.source["cells"])):
                    self.warm.make_guards_ready(kinds)
                pid = self.warm.fork(job, function, theirs, journal, console, [*self._descriptors(), mine])
            else:
                pid = self._spawn(job, function, theirs, journal, console)
        except Exception as problem:
            for descriptor in (mine, theirs, journal, console):
                os.close(descriptor)
            error = CellError(None, None, type(problem).__name__, str(problem))
            self._tell("outcome", Outcome(job.name, "error", error, time.time(), 0.0, 0, ""))
            return
        os.close(theirs)
        channel = Channel(mine)
        self.running[pid] = Running(job, pid, channel, journal, console, started, began)
        self.selector.register(channel, selectors.EVENT_READ, pid)

    def _may_fork(self, job: Job) -> bool:
        unfit = any(top_level(name) in self.settings.avoid or not survives_fork(name) for name in job.modules)
        if self.warm is None or unfit or job.kernel is not None:
            return False
        self.warm.load(job.modules)
        if self.warm.preloader.draws and job.source is not None and seeds_python(job.source, self.settings.cwd):
            return False  # what it draws depends on whether these libraries were imported before
        return self.warm.spoiled_by is None

    def _spawn(self, job: Job, function: bytes, theirs: int, journal: int, console: int) -> int:
        environment = {**self.settings.environment, **job.environment}
        blas.allot(environment, job.threads or self.settings.blas_threads)
        by_kernel = self.settings.isolation == "kernel" or job.kernel is not None
        module = boot.KERNEL if by_kernel else boot.FRESH
        order = pickle.dumps((job, function, theirs, journal, os.getpid(), str(self.folder)))
        file = write_bytes(self.folder, f"{time.monotonic_ns()}.job", order)
        started = subprocess.Popen(
            boot.command(module, str(file)),
            cwd=self.settings.cwd,
            env=environment,
            pass_fds=(theirs, journal),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            start_new_session=True,
        )
        started.returncode = 0  # the server waits for it itself
        return started.pid

    def _descriptors(self) -> list[int]:
        """What only the server should hold."""
        mine = [self.build.fileno(), self.wake, self.wakeup, self.selector.fileno()]
        for run in self.running.values():
            mine += [run.channel.fileno(), run.journal, run.console]
        return mine

    def _listen(self, run: Running) -> None:
        """Takes what a task has said."""
        try:
            messages = run.channel.receive()
        except (EOFError, OSError):
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(run.channel)
            return
        for kind, *values in messages:
            if kind == "cell":
                self._tell("progress", run.job.name, *values)
            elif kind in ("printed", "logged"):
                self._tell(kind, run.job.name, *values)
            elif kind == "opened":
                run.opened = (values[0], values[1])
            elif kind == "result":
                run.result = (values[0], values[1], values[2])
            elif kind == "assumed":
                run.assumed = values[0]
            elif kind == "done":
                run.done = True

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            run = self.running.get(pid)
            if run is None:
                continue  # an adopted process
            self._listen(run)
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(run.channel)
            run.channel.close()
            unit = 1 if sys.platform == "darwin" else 1024
            run.exit = (status, usage.ru_maxrss * unit)
            del self.running[pid]
            self.ended.append(run)
            self._end_strays(first=True)

    def _enforce(self) -> None:
        now = time.monotonic()
        for run in self.running.values():
            job = run.job
            if run.reason is None and job.timeout is not None and now >= run.began + job.timeout:
                gentle = self.settings.isolation != "kernel"  # a kernel has nobody to raise an error in the code
                run.reason, run.kill_at = "timeout", now + (_GRACE if gentle else 0)
                if gentle:
                    with contextlib.suppress(OSError):
                        os.kill(run.pid, signal.SIGTERM)
            if run.reason is None and job.memory_limit and process.tree_memory(run.pid) > job.memory_limit:
                run.reason = "memory"
                process.kill_tree(run.pid)
            if run.kill_at is not None and now >= run.kill_at:
                run.kill_at = None
                process.kill_tree(run.pid)
        if self.strays_until is not None:
            self._end_strays(first=False)

    def _strays(self) -> list[int]:
        """Processes whose task is over: the server adopted them."""
        return [pid for pid in process.children(os.getpid()) if pid not in self.running]

    def _end_strays(self, *, first: bool) -> None:
        strays = self._strays()
        if not strays:
            self.strays_until = None
            return
        if first:
            self.strays_until = time.monotonic() + _STRAY_GRACE
            for pid in strays:
                for each in (pid, *process.descendants(pid)):
                    with contextlib.suppress(OSError):
                        os.kill(each, signal.SIGTERM)
        elif self.strays_until is not None and time.monotonic() >= self.strays_until:
            for pid in strays:
                process.kill_tree(pid)
            self.strays_until = time.monotonic() + 0.05

    def _report(self) -> None:
        if self.strays_until is not None:
            return
        for run in self.ended:
            self._tell("outcome", self._outcome(run))
            os.close(run.journal)
            os.close(run.console)
        self.ended.clear()

    def _outcome(self, run: Running) -> Outcome:
        assert run.exit is not None
        status, peak = run.exit
        complete = run.done or run.reason == "timeout"  # a task that is told to end has no time to end well
        return outcome_of(
            run.job,
            result=run.result if complete else None,
            reason=run.reason,
            ending=ending(status),
            journal=run.journal,
            last_words=read_text(run.console),
            started=run.started,
            seconds=time.monotonic() - run.began,
            peak_memory=peak,
            assumed=run.assumed,
            opened=run.opened,
        )

    def _tell(self, *message: Any) -> None:
        self.build.post(*message)
        self._send()

    def _send(self) -> None:
        """Sends what the build takes now; the rest when it takes more."""
        with contextlib.suppress(OSError):
            self.build.flush()
        more = selectors.EVENT_WRITE if self.build.has_posted else 0
        self.selector.modify(self.build, selectors.EVENT_READ | more, "build")


def _undo(job: Job) -> None:
    """Do what is to be done when nobody waits for the job any more."""
    if job.undo is not None:
        from importlib import import_module

        module, _, name = job.undo.dotted_path.rpartition(".")
        with contextlib.suppress(Exception):  # the next build does it
            getattr(import_module(module), name)(**job.undo.kwargs)


def main(descriptor: str) -> None:
    build = Channel(int(descriptor))
    first: list[Any] = []
    while not first:
        build.wait(None)
        first = build.receive()
    settings, folder = first.pop(0)
    os.chdir(settings.cwd)
    Server(build, settings, Path(folder)).serve(first)
    os._exit(0)  # nothing of it is worth taking down module by module
