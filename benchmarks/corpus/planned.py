"""A notebook of the corpus -> what `refactor` makes of it without running it: tasks, merges, a refusal, a crash."""

from __future__ import annotations

import json
import multiprocessing
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

LIMIT = 60  # seconds


@dataclass(frozen=True)
class Planned:
    """``state``: planned, refused (with our message), crashed (with the traceback's end) or slow.

    ``sections`` counts those with code; ``seconds`` are of the processor.
    """

    state: str
    detail: str = ""
    sections: int = 0
    tasks: int = 0
    merges: tuple[str, ...] = ()
    seconds: float = 0.0


def plan(notebook: Path) -> Planned:
    """Run `refactor --dry-run --json` in a fork of this process, which is killed after LIMIT seconds."""
    import soorgeon_clone.refactor.plan  # noqa: F401  imported before the fork: the time is the notebook's alone

    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=lambda: there.send(_plan(notebook)))
    process.start()
    there.close()
    try:
        planned: Planned = here.recv() if here.poll(LIMIT) else Planned("slow", f"more than {LIMIT} s")
    except EOFError:
        planned = Planned("crashed", "the process ended")
    finally:
        process.kill()
        process.join()
    return planned


def _plan(notebook: Path) -> Planned:
    from click.testing import CliRunner

    from soorgeon_clone.cli.app import app
    from soorgeon_clone.errors import UserError

    started = time.process_time()
    result = CliRunner().invoke(app, ["refactor", str(notebook), "--dry-run", "--json", "--force"])
    seconds = round(time.process_time() - started, 3)
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
    frames = [
        f"{Path(f.filename).name}:{f.lineno}"
        for f in traceback.extract_tb(error.__traceback__)
        if "soorgeon_clone" in f.filename
    ]
    return f"{type(error).__name__}: {error}"[:200] + f" at {' < '.join(frames[-1:-4:-1])}"
