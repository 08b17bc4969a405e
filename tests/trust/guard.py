"""A command -> what it said, if it ends: a test of what could hang, or eat memory, is stopped instead."""

from __future__ import annotations

import contextlib
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from soorgeon_clone.cli.app import app
from soorgeon_clone.errors import UserError


class TooLong(BaseException):
    """No Exception, so that nothing that is tested can take it for its own."""


@contextlib.contextmanager
def seconds(limit: float) -> Iterator[None]:
    """Stop the block after so many seconds of processor time, or twenty times as many on the clock."""

    def stop(*_: Any) -> None:
        raise TooLong(f"more than {limit} s")

    signals = (signal.ITIMER_VIRTUAL, signal.SIGVTALRM, limit), (signal.ITIMER_REAL, signal.SIGALRM, 20 * limit)
    before = [signal.signal(number, stop) for _, number, _ in signals]
    for timer, _, most in signals:
        signal.setitimer(timer, most)
    try:
        yield
    finally:
        for (timer, number, _), handler in zip(signals, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


@contextlib.contextmanager
def memory(megabytes: int) -> Iterator[None]:
    """Let the process have so much more memory than it has now, so that eating it is an error and no accident."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 1_000_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def command(*arguments: str, limit: float = 10) -> Result:
    """Run a command of the command line in this process. Its result tells no exception but a UserError, as 2 or 1."""
    with seconds(limit):
        result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, UserError):
        result.exit_code = result.exception.exit_code
    elif result.exception is not None and not isinstance(result.exception, SystemExit):
        raise AssertionError(f"{' '.join(arguments)}: {result.exception!r}") from result.exception
    return result


def said(result: Result) -> str:
    """Return all that a command told people."""
    error = str(result.exception) if isinstance(result.exception, UserError) else ""
    return result.output + error
