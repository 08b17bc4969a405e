"""The nouns of execution: a job, how it went, who runs it. All that the scheduler needs to know of this subpackage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from soorgeon_clone.pipeline.assumptions.model import Broken, Kept

Isolation = Literal["fork", "spawn", "kernel", "auto"]
Status = Literal["ok", "error", "timeout", "memory", "killed", "input"]


ASSUMPTION_BROKEN = "AssumptionBroken"  # the name of the error of a task that took for granted what was not so
_LONGEST = 100_000  # characters of an error's message


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning and its end with a note of what is missing in between."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n[{len(text) - 2 * half:,} characters left out]\n{text[len(text) - half :]}"


@dataclass(frozen=True)
class FunctionCall:
    """A task that is a Python function: ``module.function`` and its keyword arguments (they are pickled)."""

    dotted_path: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What one process is to run.

    ``source`` is an nbformat-4 notebook as a dict (parameters already injected), ``output`` the path of the executed
    notebook; it appears by rename, also when a cell fails or the process is killed. ``function`` stands instead of
    both. ``cwd`` is the process's directory, from which local modules are imported, as in a kernel that is started
    there. ``environment`` holds extra variables. ``modules`` are the modules that the code imports (a hint: the warm
    parent has them ready, and modules that do not survive a fork lead to a fresh process).

    ``threads`` is the number of threads of numerical libraries where it is another than the executor's. ``undo`` is
    called if the build is killed while the job runs; its arguments are plain. ``watched``: the outcome says which
    files below ``root`` (without one, ``cwd``) it opened. ``tells``: what it prints is told while it happens;
    ``log_level``: log records of this level (as in logging) and above as well. ``kernel`` is the name of a kernelspec,
    where the notebook is not for this Python: nbclient runs it. ``dump`` is where an exception goes with its variables,
    for a debugger.

    ``timeout`` counts seconds of the whole task, ``memory_limit`` bytes of its process and all processes below it,
    ``output_limit`` characters of the outputs of one cell; None is no limit.

    ``straight`` runs the notebook as Jupyter would, where no tag but ``raises-exception`` and ``skip-execution``
    means anything. Else cells tagged ``parameters``, ``injected-parameters`` or ``soorgeon-...`` leave ``In``,
    ``Out`` and the execution count alone. ``record_timing`` stores when each cell ran; bytes then differ between runs.
    """

    name: str
    source: Mapping[str, Any] | None
    output: Path | None
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    timeout: float | None = None
    memory_limit: int | None = None
    output_limit: int | None = 10_000_000
    function: FunctionCall | None = None
    straight: bool = False
    record_timing: bool = False
    threads: int | None = None
    undo: FunctionCall | None = None
    watched: bool = False
    tells: bool = False
    log_level: int | None = None
    kernel: str | None = None
    dump: Path | None = None
    root: Path | None = None
    needs: Mapping[str, float] = field(default_factory=dict)
    """What it takes of a machine that it is sent to: ``{"cpus": 2}``."""

    def portable(self) -> Job:
        """The same job with plain dicts and absolute paths, for another process in another directory."""
        return replace(
            self,
            source=dict(self.source) if self.source is not None else None,
            environment=dict(self.environment),
            cwd=self.cwd.absolute(),
            root=self.root.absolute() if self.root else None,
            output=self.output.absolute() if self.output else None,
        )


@dataclass(frozen=True)
class CellError:
    """The error that ended a task. ``traceback`` is as Jupyter shows it, with ANSI colours.

    ``cell_index`` counts all cells of ``Job.source`` from 0, ``line`` is 1-based in that cell; both are None where no
    cell is to blame (a function task, a process that could not start). ``source`` is the cell's text. Texts that nobody
    would read to their end lose their middle; the executed notebook has them whole. ``explained`` says in our words
    what is wrong, where the cell is not the user's own.
    """

    cell_index: int | None
    line: int | None
    ename: str
    evalue: str
    traceback: tuple[str, ...] = ()
    source: str = ""
    explained: str = ""

    def __post_init__(self) -> None:
        if len(self.evalue) > _LONGEST or any(len(part) > _LONGEST for part in self.traceback):
            object.__setattr__(self, "evalue", shortened(self.evalue, _LONGEST))
            object.__setattr__(self, "traceback", tuple(shortened(part, _LONGEST) for part in self.traceback))


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    ``status``: "ok"; "error" (code raised); "input" (code asked for input, and nobody is there); "timeout"; "memory"
    (over its limit); "killed" (cancelled, a signal, ``os._exit``). ``started`` is a Unix time; ``seconds`` begin there,
    when the modules of the task are ready. ``peak_memory`` is the process's largest resident size in bytes, ``log`` the
    end of what it printed, ``assumed`` what came of what the task takes for granted. ``read`` and ``wrote`` are files
    below its folder that Python opened.
    """

    name: str
    status: Status
    error: CellError | None
    started: float
    seconds: float
    peak_memory: int
    log: str
    assumed: tuple[Broken | Kept, ...] = ()
    read: frozenset[str] = frozenset()
    wrote: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Progress:
    """A job began with code cell number ``cell`` (from 1) of ``total``; ``index`` is its place among all cells."""

    name: str
    cell: int
    total: int
    index: int


@dataclass(frozen=True)
class Printed:
    """A job printed something (``level`` None; ``source`` is the stream), or logged it (``source`` is the logger)."""

    name: str
    source: str
    text: str
    level: int | None = None


def printed(kind: str, name: str, *values: Any) -> Printed:
    """Return what a message of a job's process says: ("printed", stream, text) or ("logged", level, logger, text)."""
    if kind == "logged":
        level, source, text = values
        return Printed(name, source, text, level)
    return Printed(name, *values)


OnProgress = Callable[[Progress | Printed], None]


class Executor(Protocol):
    """Runs jobs side by side; how many is the caller's business. Not for use from several threads."""

    def start(self, job: Job) -> None:
        """Hands the job over and returns at once. Names of running jobs are unique."""

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        """Blocks until at least one job has ended or the time is over; calls ``on_progress`` meanwhile."""

    def cancel(self, name: str) -> None:
        """Kills a running job with all processes below it; its outcome ("killed") comes from ``wait``."""

    def running(self) -> tuple[str, ...]:
        """The names of jobs that were started and have no outcome yet."""

    def close(self) -> None:
        """Kills what still runs and ends the executor's own processes."""

    def __enter__(self) -> Executor: ...

    def __exit__(self, *exc: object) -> None: ...
