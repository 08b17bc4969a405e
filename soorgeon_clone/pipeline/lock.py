"""One build at a time in a project: the second waits, or says who holds the lock. The kernel frees it when we die."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.model import HIDDEN


@contextlib.contextmanager
def hold(root: Path, *, wait: bool, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the project's lock. ``on_wait`` is told who holds it, once, when there is something to wait for."""
    from filelock import FileLock, Timeout

    folder = root / HIDDEN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        lock = FileLock(str(folder / "lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            holder = _holder(folder)
            if not wait:
                raise UserError(
                    f"another build runs in {root}: {holder}", hint="Wait for it, or leave out --no-wait."
                ) from None
            if on_wait:
                on_wait(holder)
            lock.acquire()
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written: {error.strerror or error}",
            hint="A build keeps its lock, its records and unfinished products there.",
        ) from None
    try:
        _write_holder(folder)
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / "lock.json").unlink()
        lock.release()


def _write_holder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        data = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}
        (folder / "lock.json").write_text(json.dumps(data))


def _holder(folder: Path) -> str:
    try:
        data = json.loads((folder / "lock.json").read_text())
        since = time.strftime("%H:%M:%S", time.localtime(data["since"]))
        return f"process {data['pid']} on {data['host']}, since {since}"
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown process"
