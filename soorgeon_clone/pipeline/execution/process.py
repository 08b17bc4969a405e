"""Processes and all that they started: who belongs to a task, how much memory they hold, how to end them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

IS_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LONGEST_END = 2.0  # seconds that a killed process may take to end


def adopt_orphans() -> None:
    """Makes this process the parent of those below it whose own parent dies (Linux)."""
    if IS_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Makes the system kill this process when ``parent``, which started it, dies (Linux)."""
    if IS_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)


def children(pid: int) -> list[int]:
    """The living processes that ``pid`` started or adopted."""
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except FileNotFoundError:  # it has ended, or the system does not have these files
        if Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists():
            return found
        return [child for child, parent, _ in _table() if parent == pid]
    except OSError:
        return found
    return found


def _table() -> list[tuple[int, int, int]]:
    """(process, parent, resident kilobytes) of all processes, from ps: slow, for systems without /proc."""
    try:
        text = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True).stdout
    except OSError:
        return []
    rows = [line.split() for line in text.splitlines()]
    return [(int(row[0]), int(row[1]), int(row[2])) for row in rows if len(row) == 3]


def descendants(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from descendants(child)


def kill_tree(pid: int, *, spare_root: bool = False) -> None:
    """Kills ``pid`` and every process below it. The tree is stopped first, so that it cannot grow meanwhile.

    Returns when those below are gone: one that is killed within a system call may still make a file.
    """
    if not spare_root:
        _send(pid, signal.SIGSTOP)
    seen: set[int] = set()
    while fresh := [each for each in descendants(pid) if each not in seen]:
        for each in fresh:
            _send(each, signal.SIGSTOP)
        seen.update(fresh)
    for each in seen:
        _send(each, signal.SIGKILL)
    _wait_for_end(seen)
    if not spare_root:
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)  # reaches the group where the system does not tell who is below whom
        _send(pid, signal.SIGKILL)


def _wait_for_end(pids: Iterable[int]) -> None:
    deadline = time.monotonic() + _LONGEST_END
    for pid in pids:
        while _is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.001)


def _is_alive(pid: int) -> bool:
    """Whether a process still does something (Linux). A dead one that nobody waited for yet does nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (OSError, IndexError):
        return False


def tree_memory(pid: int) -> int:
    """Bytes that ``pid`` and the processes below it hold; pages that came from a file count once at most."""
    return _resident(pid, shared=True) + sum(_resident(each, shared=False) for each in descendants(pid))


def _resident(pid: int, *, shared: bool) -> int:
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0 if IS_LINUX else sum(1024 * size for each, _, size in _table() if each == pid)
    pages = int(fields[1]) - (0 if shared else int(fields[2]))
    return pages * os.sysconf("SC_PAGE_SIZE")


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)
