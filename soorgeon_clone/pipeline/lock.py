"""One build at a time in a project, one run at a time of a task: who comes second waits, or says who holds the lock.

The kernel frees a lock when its holder dies.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.model import HIDDEN


def hidden_folder(root: Path) -> Path:
    """The project's hidden folder, made if it is not there. git does not see what is in it."""
    folder = root / HIDDEN
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written: {error.strerror or error}",
            hint="A build keeps its lock, its records and unfinished products there.",
        ) from None
    return folder


@contextlib.contextmanager
def hold(root: Path, *, wait: bool, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the project's lock. ``on_wait`` is told who holds it, once, when there is something to wait for."""
    path = hidden_folder(root) / "lock"
    lock = _take(path)
    if lock is None:
        holder = _holder(path)
        if not wait:
            raise UserError(f"another build runs in {root}: {holder}", hint="Wait for it, or leave out --no-wait.")
        if on_wait:
            on_wait(holder)
        lock = _take(path, timeout=-1)
    try:
        _write_holder(path)
        yield
    finally:
        with contextlib.suppress(OSError):
            _holder_path(path).unlink()
        lock.release()


def take(path: Path, *, wait: bool = True) -> Any:
    """A lock on a file, which has ``release()``; None if somebody holds it and ``wait`` is false."""
    return _take(path, timeout=-1 if wait else 0)


class _Flock:
    """What filelock does on Unix, without the wait for its import: a build may take many locks."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def release(self) -> None:
        self._file.close()


def _take(path: Path, *, timeout: float = 0) -> Any:
    """A lock; None if it is not free and ``timeout`` is 0. Without end if that is negative."""
    try:
        if sys.platform == "win32":
            return _file_lock(path, timeout)
        import fcntl

        file = path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if timeout == 0 else 0))
        except BlockingIOError:
            file.close()
            return None
        except BaseException:
            file.close()
            raise
        return _Flock(file)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="A build keeps its lock, its records and unfinished products there.",
        ) from None


def _file_lock(path: Path, timeout: float) -> Any:
    from filelock import FileLock, Timeout

    lock = FileLock(str(path))
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        return None
    return lock


def _holder_path(path: Path) -> Path:
    return path.with_name("lock.json")


def _write_holder(path: Path) -> None:
    with contextlib.suppress(OSError):
        data = {"pid": os.getpid(), "host": platform.node(), "since": time.time()}
        _holder_path(path).write_text(json.dumps(data))


def _holder(path: Path) -> str:
    try:
        data = json.loads(_holder_path(path).read_text())
        since = time.strftime("%H:%M:%S", time.localtime(data["since"]))
        return f"process {data['pid']} on {data['host']}, since {since}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that did not say which"
