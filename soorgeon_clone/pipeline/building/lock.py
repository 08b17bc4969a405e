"""One build at a time in a project, one run at a time of a task: who comes second waits, or says who holds the lock.

The kernel frees a lock when its holder dies. Where the file system has no such locks, the lock is a file that names its
holder; that of a dead process of this machine is taken over.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.files.scratch import open_own, put_text, remove
from soorgeon_clone.pipeline.state.hidden import hidden_folder, unusable

_log = logging.getLogger(__name__)

# What the lock of a file says where the file system cannot lock.
_NO_LOCKS = frozenset((errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTSUP))
# The end of the name of a lock that is a file.
HELD = ".held"


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
        remove(_holder_path(path))
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

        file = open_own(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if timeout == 0 else 0))
        except BlockingIOError:
            file.close()
            return None
        except OSError as error:
            file.close()
            if error.errno in _NO_LOCKS:
                return _soft_lock(path, timeout)
            raise
        except BaseException:
            file.close()
            raise
        return _Flock(file)
    except OSError as error:
        raise unusable(path, error) from None


def _file_lock(path: Path, timeout: float) -> Any:
    from filelock import FileLock, Timeout

    lock = FileLock(str(path))
    try:
        lock.acquire(timeout=timeout)
    except Timeout:
        return None
    return lock


def _soft_lock(path: Path, timeout: float) -> Any:
    """A lock that is a file beside ``path``."""
    from filelock import SoftFileLock, Timeout

    held = path.with_name(f"{path.name}{HELD}")
    lock = SoftFileLock(str(held))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if timeout == 0:
            return None
        _log.warning("waiting for %s; if the process that holds it runs no more, delete that file", held)
        lock.acquire(timeout=timeout)
    return lock


def _holder_path(path: Path) -> Path:
    return path.with_name("lock.json")


def _write_holder(path: Path) -> None:
    with contextlib.suppress(OSError):
        put_text(_holder_path(path), json.dumps({"pid": os.getpid(), "host": platform.node(), "since": time.time()}))


def _holder(path: Path) -> str:
    try:
        data = json.loads(read_bytes(_holder_path(path), limit=10_000))
        pid, host, since = int(data["pid"]), str(data["host"])[:100], float(data["since"])
        return f"process {pid} on {host}, since {time.strftime('%H:%M:%S', time.localtime(since))}"
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return "a process that did not say which"
