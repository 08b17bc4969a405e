"""An executor for systems without forks and Unix sockets (Windows): each job is a fresh process that writes files.

The process and the build share a folder: the job, the messages, the journal. The build waits for processes to end and
looks into the files a few times a second for progress.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

from soorgeon_clone.files import folders
from soorgeon_clone.files.atomic import write_bytes
from soorgeon_clone.pipeline.execution import blas, boot
from soorgeon_clone.pipeline.execution.channel import FileChannel, read_messages
from soorgeon_clone.pipeline.execution.ending import outcome_of
from soorgeon_clone.pipeline.execution.model import Job, OnProgress, Outcome, Progress, Status, printed

_TICK = 0.25


@dataclass
class Running:
    job: Job
    folder: Path
    process: subprocess.Popen[bytes]
    started: float
    began: float
    sentinel: int
    heard: int = 0
    reason: Status | None = None
    messages: list[tuple[Any, ...]] = field(default_factory=list)


class PortableExecutor:
    """See ``model.Executor``. Memory limits are not enforced."""

    def __init__(self, settings: boot.ServerSettings, on_progress: OnProgress | None) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._folder = folders.make_private()
        self._running: dict[str, Running] = {}
        self._count = 0

    def start(self, job: Job) -> None:
        if job.name in self._running:
            raise ValueError(f"a job named {job.name!r} is running")
        self._count += 1
        folder = folders.make_folder(self._folder, str(self._count))
        write_bytes(folder, "job", pickle.dumps((job.portable(), self._settings.isolation)))
        for empty in ("journal", "console"):
            write_bytes(folder, empty, b"")
        environment = {**self._settings.environment, **job.environment}
        blas.allot(environment, job.threads or self._settings.blas_threads)
        with (folder / "console").open("r+b") as console:
            process = subprocess.Popen(
                boot.command(boot.PORTABLE, str(folder)),
                cwd=self._settings.cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._running[job.name] = Running(job, folder, process, time.time(), time.monotonic(), _sentinel(process))

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while self._running:
            patience = max(min(deadline - time.monotonic(), _TICK), 0)
            wait_for([run.sentinel for run in self._running.values()], patience)
            outcomes = [self._end(run) for run in list(self._running.values()) if self._has_ended(run)]
            if outcomes or time.monotonic() >= deadline:
                return outcomes
        return []

    def _has_ended(self, run: Running) -> bool:
        limit = run.job.timeout
        if run.reason is None and limit is not None and time.monotonic() >= run.began + limit:
            run.reason = "timeout"
            _kill(run.process)
        ended = run.process.poll() is not None
        fresh, run.heard = read_messages(run.folder / "messages", run.heard)
        run.messages += fresh
        for kind, *values in fresh:
            if kind == "cell" and self._on_progress:
                self._on_progress(Progress(run.job.name, *values))
            if kind in ("printed", "logged") and self._on_progress:
                self._on_progress(printed(kind, run.job.name, *values))
        return ended

    def _end(self, run: Running) -> Outcome:
        del self._running[run.job.name]
        if sys.platform != "win32":
            os.close(run.sentinel)
        results = [message for message in run.messages if message[0] == "result"]
        opened = [message for message in run.messages if message[0] == "opened"]
        ended = results[-1][1:] if results and ("done",) in run.messages else None
        journal = os.open(run.folder / "journal", os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            return outcome_of(
                run.job,
                result=ended,
                reason=run.reason,
                ending=f"ended by itself with exit code {run.process.returncode}",
                journal=journal,
                last_words=(run.folder / "console").read_text("utf-8", "replace"),
                started=run.started,
                seconds=time.monotonic() - run.began,
                peak_memory=0,
                assumed=next((message[1] for message in run.messages if message[0] == "assumed"), ()),
                opened=opened[-1][1:] if opened else (frozenset(), frozenset()),
            )
        finally:
            os.close(journal)
            folders.remove_private(run.folder)

    def cancel(self, name: str) -> None:
        run = self._running.get(name)
        if run is not None and run.reason is None:
            run.reason = "killed"
            _kill(run.process)

    def running(self) -> tuple[str, ...]:
        return tuple(self._running)

    def close(self) -> None:
        for run in self._running.values():
            _kill(run.process)
            run.process.wait()
        self._running.clear()
        folders.remove_private(self._folder)

    def __enter__(self) -> PortableExecutor:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _sentinel(process: subprocess.Popen[bytes]) -> int:
    """Something to wait for: the process's handle, on Linux a descriptor."""
    if sys.platform == "win32":
        return int(process._handle)  # type: ignore[attr-defined]  # Popen has no public name for it
    return os.pidfd_open(process.pid)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kills the process and those below it."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True)
    else:
        from soorgeon_clone.pipeline.execution.process import kill_tree

        kill_tree(process.pid)


def main(folder_name: str) -> None:
    """The job's process."""
    from soorgeon_clone.pipeline.execution import worker
    from soorgeon_clone.pipeline.execution.shell import open_shell
    from soorgeon_clone.pipeline.execution.streams import Stream

    folder = Path(folder_name)
    job, isolation = pickle.loads((folder / "job").read_bytes())
    journal = os.open(folder / "journal", os.O_RDWR | getattr(os, "O_BINARY", 0))
    messages = FileChannel(folder / "messages")
    if isolation == "kernel" and job.function is None:
        from soorgeon_clone.pipeline.execution import kernel

        kernel.execute(job, messages, journal, folder)
        os._exit(0)

    streams = (Stream("stdout", 1), Stream("stderr", 2))
    console = os.dup(2)
    sys.stdout, sys.stderr = streams
    worker.run(job, open_shell(folder / "ipython"), streams, messages, journal, console)
