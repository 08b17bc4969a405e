"""What Python opens in a task's process -> the files of the project that the task read, and those that it wrote."""

from __future__ import annotations

import os
import sys

_MOST = 10_000
_LEFT_OUT = ("/.soorgeon-clone/", "/__pycache__/", "/.git/", "/site-packages/")
_WRITES = os.O_WRONLY | os.O_RDWR


class Opened:
    """Files below ``root``, as paths from there. Python tells of each that it opens; of those that a library in C or a
    program opens, it knows nothing."""

    def __init__(self, root: str) -> None:
        self.read: set[str] = set()
        self.wrote: set[str] = set()
        self._start = f"{root.rstrip(os.sep)}{os.sep}"
        self._process = os.getpid()

    def watch(self) -> None:
        """Listen from now on, for as long as the process lives."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "open":
            return
        path, mode, flags = arguments
        if isinstance(path, str) and os.getpid() == self._process and len(self.read) + len(self.wrote) < _MOST:
            self._note(path, mode, flags)

    def _note(self, path: str, mode: object, flags: object) -> None:
        full = os.path.normpath(path if path[:1] == "/" else os.path.join(os.getcwd(), path))  # noqa: PTH118, PTH109
        if not full.startswith(self._start) or any(part in full for part in _LEFT_OUT):
            return
        if isinstance(mode, str):
            writes = not mode.startswith("r") or "+" in mode
        else:
            writes = isinstance(flags, int) and bool(flags & _WRITES)
        (self.wrote if writes else self.read).add(full[len(self._start) :])
