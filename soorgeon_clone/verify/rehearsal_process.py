"""The process that looks for an order by running cells: each state is a process, forked before each try.

A process holds what the cells before left behind. To try a cell it forks; where the cell fails or shows something else
than was recorded, the child ends and the parent tries another; else the child goes on from there, and the parent waits
what becomes of it. What is learned on the way is shared by a log, which all read.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soorgeon_clone.verify.rehearsal_plan import RANDOM, Plan

FOUND, GAVE_UP, HOPELESS, FAILED = 0, 3, 4, 5  # how a process of the search ends


@dataclass(frozen=True)
class Task:
    """``cells`` are nbformat's dicts of the code cells, with recorded outputs. ``log`` and ``folder`` are paths."""

    cells: list[dict[str, Any]]
    plan: Plan
    cwd: str
    log: str
    folder: str
    most_tries: int
    cell_seconds: int
    deadline: float
    asker: int  # the process that wants to know


def main(file: str) -> None:
    """Look for an order; the log gets ["order", [...]] when one is found."""
    from soorgeon_clone.pipeline.execution.process import die_with_parent
    from soorgeon_clone.pipeline.execution.shell import open_shell
    from soorgeon_clone.pipeline.execution.streams import Stream

    task: Task = pickle.loads(Path(file).read_bytes())
    die_with_parent(task.asker)
    sys.argv = [str(Path(sys.prefix, "ipykernel_launcher.py"))]
    os.chdir(task.cwd)
    streams = (Stream("stdout", 1), Stream("stderr", 2))
    sys.stdout, sys.stderr = streams
    _Search(task, open_shell(Path(task.folder)), streams).go()


class _Search:
    def __init__(self, task: Task, shell: Any, streams: Any) -> None:
        self.task = task
        self.plan = task.plan
        self.shell = shell
        self.streams = streams
        self.read = 0  # bytes of the log
        self.tries = 0

    def tell(self, *fact: Any) -> None:
        log = os.open(self.task.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(log, json.dumps(fact).encode() + b"\n")
        os.close(log)

    def learn(self) -> None:
        """Read what other processes found out."""
        with contextlib.suppress(FileNotFoundError), open(self.task.log, "rb") as log:  # noqa: PTH123
            log.seek(self.read)
            lines = log.read().split(b"\n")[:-1]
            self.read = log.tell()
            for line in lines:
                kind, *values = json.loads(line)
                if kind == "failed":
                    self.plan.failed.add((values[0], values[1]))
                elif kind == "hopeless":
                    self.plan.hopeless.add(values[0])
                elif kind == "unstable":
                    self.plan.unstable.add(values[0])
                elif kind == "draws":
                    self.plan.draws(values[0])
                elif kind == "try":
                    self.tries += 1

    def go(self) -> None:
        """Try cells until all have run, or until nothing is left to try."""
        tried: set[int] = set()
        while True:
            self.learn()
            if not self.plan.remaining:
                self.tell("order", self.plan.done)
                os._exit(FOUND)
            if self.tries >= self.task.most_tries or time.time() > self.task.deadline:
                os._exit(GAVE_UP)
            choices = [] if self.plan.is_hopeless() else self.plan.choices(tried)
            if not choices:
                self._end()
            choice = choices[0]
            ending = self._try(choice.cell)
            if ending is None:  # this is the child, and the cell did what it should
                tried = set()
            elif ending in (FOUND, GAVE_UP):
                os._exit(ending)
            elif ending == HOPELESS and choice.final:
                self._end()
            else:
                tried.add(choice.cell)

    def _end(self) -> None:
        self.tell("hopeless", self.plan.state())
        os._exit(HOPELESS)

    def _try(self, cell: int) -> int | None:
        """Run a cell in a fork. Returns None in the child, if it worked, and how the child ended in the parent."""
        from soorgeon_clone.pipeline.execution.process import die_with_parent

        seen = self.plan.signature(cell)
        self.tell("try", cell)
        parent = os.getpid()
        child = os.fork()
        if not child:
            die_with_parent(parent)
            verdict = "error"
            with contextlib.suppress(BaseException):
                signal.alarm(self.task.cell_seconds)
                verdict = self._run(cell)
                signal.alarm(0)
            if verdict == "differs" and (cell in self.plan.unstable or self._is_unstable(cell)):
                verdict = "ran"
            if verdict not in ("same", "ran"):
                self.tell("failed", cell, seen, verdict)
                os._exit(FAILED)
            if verdict == "same":
                self.tell("same", cell)
            self.plan.take(cell)
            return None
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):  # it crashed, or took too long
            self.tell("failed", cell, seen, "killed")
            return FAILED
        return os.waitstatus_to_exitcode(status)

    def _is_unstable(self, cell: int) -> bool:
        """Tell whether the cell sees the same in all orders, so that its recorded output cannot be had here."""
        if not self.plan.is_settled(cell):
            return False
        self.tell("unstable", cell)
        return True

    def _run(self, cell: int) -> str:
        """Run a cell in this process. Returns "same", "differs", "ran" (nothing to compare) or "error"."""
        from soorgeon_clone.pipeline.execution.cells import run_cells
        from soorgeon_clone.pipeline.execution.journal import Journal
        from soorgeon_clone.pipeline.execution.recording import Recorder
        from soorgeon_clone.pipeline.execution.streams import capture_for

        recorded = self.task.cells[cell]
        mine = {**recorded, "outputs": [], "execution_count": None}
        recorder = Recorder([mine], limit=None, journal=Journal(None))
        self.shell.recorder = recorder
        capture = capture_for(self.streams, recorder.stream)
        before = _generators()
        capture.start()
        error = run_cells(
            self.shell, {"cells": [mine]}, recorder, straight=True, record_timing=False, on_cell=lambda *_: None
        )
        capture.stop()
        recorder.settle()
        if _drew(before, _generators()) and RANDOM not in self.plan.steps[cell].writes:
            self.plan.draws(cell)
            self.tell("draws", cell)
        if error is not None:
            return "error"
        if not self.plan.steps[cell].shows:
            return "ran"
        return "same" if self._shows_the_same(recorded["outputs"], mine["outputs"]) else "differs"

    def _shows_the_same(self, recorded: list[dict[str, Any]], now: list[dict[str, Any]]) -> bool:
        from soorgeon_clone.verify.model import Tolerance
        from soorgeon_clone.verify.shown import outputs_differ

        return outputs_differ(recorded, now, [self.task.cwd], Tolerance()) is None


def _generators() -> tuple[object, ...]:
    """Return the states of the random generators that are shared; None for numpy's where it is not loaded."""
    import random

    numpy = sys.modules.get("numpy.random")
    if numpy is None:
        return random.getstate(), None
    _, key, *rest = numpy.get_state()
    return random.getstate(), (key.tobytes(), *rest)


def _drew(before: tuple[object, ...], after: tuple[object, ...]) -> bool:
    return any(one is not None and one != other for one, other in zip(before, after, strict=True))
