"""What a build, or a run of one notebook, shows while it goes on: live lines on a terminal, else plain ones."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from soorgeon_clone.cli import say
from soorgeon_clone.cli.live import Live
from soorgeon_clone.cli.table import duration
from soorgeon_clone.pipeline.building.model import Listener, TaskRun
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.state.model import Cause
from soorgeon_clone.visible import one_line

_MARKS = {
    "ran": ("✓", "green"),
    "restored": ("↺", "cyan"),
    "retold": ("✎", "cyan"),
    "failed": ("✗", "red"),
    "killed": ("✗", "red"),
    "skipped": ("–", "yellow"),
    "touched": ("✓", "cyan"),
    "stopped": ("■", "yellow"),
}


class Ticker:
    """Shows on a terminal what is going on, and at which cell it is, in one line that goes when it ends.

    A context manager. Without a terminal, what is going on is a plain line; cells are not shown.
    """

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.live: Live | None = None
        self.what = self.shown = ""

    def __enter__(self) -> Ticker:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None

    def tell(self, what: str) -> None:
        """Say what is going on from now on."""
        self.what = what
        if not self.terminal:
            say.echo(what, err=True)
        else:
            self._show(what)

    def progressed(self, progress: Any) -> None:
        """Show at which cell it is; ``progress`` is an executor's."""
        if self.terminal:
            self._show(f"{self.what}: cell {progress.cell} of {progress.total}")

    def _show(self, text: str) -> None:
        self.shown = text
        if self.live is None:
            self.live = Live(lambda: [self.shown])


class Progress(Listener):
    """Shows a build. A context manager.

    If ``quiet``, only warnings are shown, that it waits and that it was stopped. ``here``: tasks run on this machine,
    where a script imports libraries until its first cell begins; that is shown as such, and is not its time.
    """

    def __init__(self, total: int, *, quiet: bool = False, here: bool = True) -> None:
        self.total = total
        self.here = here
        self.done = 0
        self.quiet = quiet
        self.terminal = sys.stderr.isatty() and not quiet
        self.live: Live | None = None
        self.running: dict[str, dict[str, Any]] = {}
        self.begun: dict[str, str] = {}

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for name in list(self.begun):
            self._end_line(name)
        if self.live is not None:
            self.live.stop()
            self.live = None
        if kind in (KeyboardInterrupt, SystemExit):
            running = ", ".join(map(one_line, self.running)) or "nothing"
            say.echo(
                f"Stopped while {running} ran. What had ended is kept: the next build goes on from there.", err=True
            )

    def started(self, task: Task, causes: tuple[Cause, ...], expected: float | None) -> None:
        self.running[task.name] = {
            "since": time.monotonic(),
            "expected": expected,
            "cell": 0,
            "cells": 0,
            "imports": self.here and task.spec.source.kind == "script" and not task.spec.plain,
        }
        if self.terminal and self.live is None:
            self.live = Live(self._lines)

    def progressed(self, name: str, cell: int, total: int) -> None:
        if (state := self.running.get(name)) is not None:
            if state["imports"]:
                state.update(imports=False, since=time.monotonic())
            state.update(cell=cell, cells=total)

    def ended(self, run: TaskRun) -> None:
        self.running.pop(run.name, None)
        self._end_line(run.name)
        self.done += 1
        if run.result == "up to date" or self.quiet:
            return
        mark, colour = _MARKS[run.result]
        seconds = f" {duration(run.seconds)}" if run.seconds else ""
        why = f" ({run.causes[0]})" if run.causes and run.result in ("ran", "restored", "retold") else ""
        why = f" ({run.error})" if run.result in ("skipped", "stopped") and run.error else why
        if self.terminal:
            self._print(say.style(mark, fg=colour), f" {run.name}{seconds}", say.style(why, dim=True))
        else:
            self._print(f"{run.name}: {run.result}{seconds}{why}")

    def printed(self, name: str, text: str) -> None:
        """Show whole lines; what is left of one waits for its end."""
        *lines, rest = (self.begun.pop(name, "") + text).split("\n")
        if rest:
            self.begun[name] = rest
        for line in lines:
            self._print(say.style(f"{name} | ", dim=True), line)

    def _end_line(self, name: str) -> None:
        if self.begun.get(name):
            self.printed(name, "\n")

    def revealed(self, total: int) -> None:
        self.total = total

    def waiting(self, holder: str) -> None:
        self._print(f"Another build runs here ({holder}); waiting for it.")

    def warned(self, message: str) -> None:
        self._print(say.style(f"Warning: {message}", fg="yellow"))

    def _print(self, *parts: str) -> None:
        if self.live is not None:
            self.live.print(*parts)
        else:
            say.echo(*parts, err=True)

    def _lines(self) -> list[str]:
        now = time.monotonic()
        lines = []
        for name, state in list(self.running.items()):
            elapsed = now - state["since"]
            if state["imports"]:
                lines.append(f"  {one_line(name)}: importing libraries, {duration(elapsed)}")
                continue
            usual = f" of about {duration(state['expected'])}" if state["expected"] else ""
            cells = f", cell {state['cell']}/{state['cells']}" if state["cells"] else ""
            lines.append(f"  {one_line(name)}: {duration(elapsed)}{usual}{cells}")
        return [*lines, f"  {self.done} of {self.total} tasks done"]
