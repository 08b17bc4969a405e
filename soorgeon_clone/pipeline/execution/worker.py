"""Job -> executed notebook and a result, in the process that this task has for itself."""

from __future__ import annotations

import builtins
import contextlib
import faulthandler
import gc
import getpass
import io
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from soorgeon_clone.pipeline.execution import assumed
from soorgeon_clone.pipeline.execution.cells import blank, run_cells, silence_added, widget_states
from soorgeon_clone.pipeline.execution.channel import Channel, FileChannel
from soorgeon_clone.pipeline.execution.ending import status_of
from soorgeon_clone.pipeline.execution.journal import Journal
from soorgeon_clone.pipeline.execution.model import CellError, FunctionCall, Job
from soorgeon_clone.pipeline.execution.opened import Opened
from soorgeon_clone.pipeline.execution.recording import Recorder
from soorgeon_clone.pipeline.execution.salvage import LOG_SIZE, printed
from soorgeon_clone.pipeline.execution.shell import ZMQInteractiveShell
from soorgeon_clone.pipeline.execution.streams import Stream, capture_for
from soorgeon_clone.pipeline.execution.telling import Shared, tell_records, telling
from soorgeon_clone.pipeline.execution.written import write_notebook

_PATIENCE = 5.0  # seconds that threads of the task get to end by themselves, as from nbclient


class TaskTimeout(BaseException):
    """Raised in the task's code when its time is over; ``except Exception`` does not catch it."""


class Terminated(BaseException):
    """Raised in the task's code when someone sends its process SIGTERM."""


def run(
    job: Job,
    shell: ZMQInteractiveShell,
    streams: tuple[Stream, Stream],
    channel: Channel | FileChannel,
    journal: int,
    console: int,
) -> NoReturn:
    """Runs the job and tells ``channel``: ("cell", ...) often, ("result", status, error, log), ("done",).

    Does not return. ``console`` gets what is said when this process itself goes wrong.
    """
    try:
        faulthandler.enable(console, all_threads=False)  # where a crash in C code came from
        shared = Shared(channel)
        opened = Opened(str((job.root or job.cwd).resolve())) if job.watched else None
        if opened is not None:
            opened.watch()
        if job.log_level is not None:
            tell_records(job.log_level, shared)
        error, log = _run(job, shell, streams, shared, journal)
        if opened is not None:
            shared.send("opened", frozenset(opened.read), frozenset(opened.wrote))
        channel.send("result", status_of(error), error, log)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        finish(shell)
        channel.send("done")
    except BaseException:
        os.write(console, traceback.format_exc().encode("utf-8", "backslashreplace"))
        os._exit(1)
    os._exit(0)


def _run(
    job: Job, shell: ZMQInteractiveShell, streams: tuple[Stream, Stream], channel: Shared, journal: int
) -> tuple[CellError | None, str]:
    try:
        settle_in(job)
    except OSError as problem:
        return CellError(None, None, type(problem).__name__, f"the task cannot start: {problem}"), ""
    _raise_on_sigterm(job)
    if job.function:
        return _run_function(job, job.function, shell, streams, channel, journal)
    return _run_notebook(job, shell, streams, channel, journal)


def settle_in(job: Job) -> None:
    """Directory, environment and import path as in a kernel that is started in ``job.cwd``."""
    os.environ.update(job.environment)
    if "TZ" in job.environment and sys.platform != "win32":
        time.tzset()
    os.chdir(job.cwd)
    if "" not in sys.path:
        places = [i for i, path in enumerate(sys.path) if Path(path).name in ("site-packages", "dist-packages")]
        sys.path.insert(places[0] if places else 0, "")
    sys.argv = [str(Path(sys.prefix, "ipykernel_launcher.py"))]


def _run_notebook(
    job: Job, shell: ZMQInteractiveShell, streams: tuple[Stream, Stream], channel: Shared, journal: int
) -> tuple[CellError | None, str]:
    assert job.source is not None
    notebook = blank(job.source)
    recorder = Recorder(notebook["cells"], limit=job.output_limit, journal=Journal(journal))
    shell.recorder = recorder
    shell.user_ns["_dh"][:] = [str(Path.cwd())] if isinstance(shell.user_ns["_dh"][0], str) else [Path.cwd()]
    _refuse_input()
    guards = None if job.straight else assumed.guards_of(job.name, notebook["cells"])

    def on_cell(number: int, total: int, index: int) -> None:
        if guards is not None:
            guards.before(index, shell.user_ns)
        channel.send("cell", number, total, index)

    def at_end() -> CellError | None:
        if guards is None:
            return None
        outcomes, broken = assumed.check(guards, shell.user_ns)
        channel.send("assumed", outcomes)
        return broken

    capture = capture_for(streams, telling(recorder.stream, channel) if job.tells else recorder.stream)
    capture.start()
    try:
        error = run_cells(
            shell,
            notebook,
            recorder,
            straight=job.straight,
            record_timing=job.record_timing,
            on_cell=on_cell,
            at_end=at_end,
        )
    except (TaskTimeout, Terminated) as stop:  # it came between two cells
        error = CellError(None, None, type(stop).__name__, str(stop))
    capture.stop()
    recorder.settle()
    if error is not None and error.cell_index is not None:
        _dump(job, getattr(sys, "last_value", None))
    silence_added(notebook)
    notebook["metadata"].update(widget_states())
    if job.output is not None:
        try:
            write_notebook(notebook, job.output)
        except OSError as problem:
            error = error or CellError(
                None, None, type(problem).__name__, f"the executed notebook cannot be written: {problem}"
            )
    return error, printed(notebook["cells"])


def _run_function(
    job: Job,
    call: FunctionCall,
    shell: ZMQInteractiveShell,
    streams: tuple[Stream, Stream],
    channel: Shared,
    journal: int,
) -> tuple[CellError | None, str]:
    cell: dict[str, Any] = {"cell_type": "code", "outputs": []}
    recorder = Recorder([cell], limit=LOG_SIZE, journal=Journal(journal))
    recorder.begin(0, None)
    shell.recorder = recorder
    _refuse_input()
    capture = capture_for(streams, telling(recorder.stream, channel) if job.tells else recorder.stream)
    capture.start()
    error = None
    try:
        resolve(call.dotted_path)(**call.kwargs)
    except BaseException as problem:
        capture.flush()
        error = _function_error(shell, problem)
        _dump(job, problem)
    capture.stop()
    recorder.settle()
    return error, printed([cell])


def _dump(job: Job, problem: BaseException | None) -> None:
    """Keep what a debugger needs, where that is wanted; it helps, and is no reason to fail otherwise."""
    if job.dump is not None and problem is not None:
        from soorgeon_clone.pipeline.execution.post_mortem import write_dump

        with contextlib.suppress(Exception):
            write_dump(job.dump, problem)


def resolve(dotted_path: str) -> Callable[..., object]:
    """Imports ``package.module.function``."""
    from importlib import import_module

    module, _, name = dotted_path.rpartition(".")
    function: Callable[..., object] = getattr(import_module(module), name)
    return function


def _function_error(shell: ZMQInteractiveShell, problem: BaseException) -> CellError:
    from soorgeon_clone.pipeline.execution.post_mortem import from_the_task

    began = from_the_task(problem.__traceback__)
    lines = shell.InteractiveTB.structured_traceback(type(problem), problem, began, tb_offset=0)
    return CellError(None, None, type(problem).__name__, str(problem), tuple(lines))


def _refuse_input() -> None:
    from IPython.core.error import StdinNotImplementedError

    def refuse(*_: object, **__: object) -> str:
        raise StdinNotImplementedError("raw_input was called, but this frontend does not support input requests.")

    def refuse_password(*_: object, **__: object) -> str:
        raise StdinNotImplementedError("getpass was called, but this frontend does not support input requests.")

    builtins.input = refuse
    getpass.getpass = refuse_password


def _raise_on_sigterm(job: Job) -> None:
    owner, deadline = os.getpid(), time.monotonic() + (job.timeout or float("inf"))

    def stop(number: int, _: FrameType | None) -> None:
        if os.getpid() != owner:  # a process that the task forked: a pool ends its workers this way
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        if time.monotonic() > deadline - 0.5:
            raise TaskTimeout(f"the task ran longer than its limit of {job.timeout:g} s")
        raise Terminated("the task's process was told to end (SIGTERM)")

    signal.signal(signal.SIGTERM, stop)


def finish(shell: ZMQInteractiveShell) -> None:
    """What an interpreter does at its end, without taking down the modules, which takes longer than a small task.

    Threads end, exit functions run, the notebook's objects are destroyed and files that it left open are flushed.
    """
    for step in (_end_threads, _run_exit_functions, partial(_forget, shell), _flush_files):
        with contextlib.suppress(BaseException):
            step()


def _end_threads() -> None:
    deadline = time.monotonic() + _PATIENCE
    for callback in reversed(getattr(threading, "_threading_atexits", ())):  # pools of concurrent.futures
        helper = threading.Thread(target=callback, daemon=True)
        helper.start()
        helper.join(max(deadline - time.monotonic(), 0))
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(deadline - time.monotonic(), 0))


def _run_exit_functions() -> None:
    import atexit

    atexit._run_exitfuncs()


def _forget(shell: ZMQInteractiveShell) -> None:
    shell.displayhook.flush()
    shell.user_ns.clear()
    shell.user_ns_hidden.clear()
    gc.collect()


def _flush_files() -> None:
    for thing in gc.get_objects():
        if issubclass(type(thing), (io.BufferedWriter, io.BufferedRandom, io.TextIOWrapper)):
            with contextlib.suppress(BaseException):
                thing.flush()
