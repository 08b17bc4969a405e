"""A notebook of the corpus -> what `refactor` makes of it without running it: tasks, merges, a refusal, a crash."""

from __future__ import annotations

import json
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LIMIT = 120  # seconds


@dataclass(frozen=True)
class Planned:
    """``state``: planned, refused (with our message), crashed (with the traceback's end) or slow.

    ``sections`` counts those with code.
    """

    state: str
    detail: str = ""
    sections: int = 0
    tasks: int = 0
    merges: tuple[str, ...] = ()
    seconds: float = 0.0


class Slow(Exception):
    """The notebook took longer than LIMIT."""


def plan(notebook: Path) -> Planned:
    """Run `refactor --dry-run --json` in this process."""
    from click.testing import CliRunner

    from soorgeon_clone.cli.app import app
    from soorgeon_clone.errors import UserError

    started = time.perf_counter()
    try:
        with _alarm(LIMIT):
            result = CliRunner().invoke(app, ["refactor", str(notebook), "--dry-run", "--json", "--force"])
    except Slow:
        return Planned("slow", f"more than {LIMIT} s")
    seconds = round(time.perf_counter() - started, 3)
    if isinstance(result.exception, UserError):
        return Planned("refused", result.exception.message, seconds=seconds)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return Planned("crashed", _where(result.exception), seconds=seconds)
    if result.exit_code:
        return Planned("refused", result.output[-300:], seconds=seconds)
    report = json.loads(result.stdout)
    reasons = tuple(merge["reason"] for merge in report["merges"])
    return Planned("planned", "", report["sections"], len(report["tasks"]), reasons, seconds)


def _where(error: BaseException) -> str:
    if isinstance(error, Slow):
        return f"more than {LIMIT} s"
    frames = [
        f"{Path(f.filename).name}:{f.lineno}"
        for f in traceback.extract_tb(error.__traceback__)
        if "soorgeon_clone" in f.filename
    ]
    return f"{type(error).__name__}: {error}"[:200] + f" at {' < '.join(frames[-1:-4:-1])}"


@contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Slow

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
