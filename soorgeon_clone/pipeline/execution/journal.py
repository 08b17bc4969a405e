"""The events of a running notebook in a file that outlives its process.

The process that runs a task and the one that watches over it share the file; when the task is killed, the watcher
replays it and still has all that was printed and shown until then.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from typing import Any

_HEADER = struct.Struct("<cI")
_KINDS = {"stdout": b"o", "stderr": b"e"}
_COMPACT_ABOVE = 64_000_000


class Journal:
    """Records, one write each: a kind ("o" stdout, "e" stderr, "j" JSON), a length, the bytes. None: keeps nothing."""

    def __init__(self, descriptor: int | None) -> None:
        self.descriptor = descriptor
        self._size = 0
        self._compact_at = _COMPACT_ABOVE

    @property
    def is_long(self) -> bool:
        """Whether it is time to replace what it holds by the state that this led to."""
        return self._size > self._compact_at

    def text(self, stream: str, text: str) -> None:
        if self.descriptor is not None:
            self._append(_KINDS[stream], text.encode("utf-8", "surrogatepass"))

    def event(self, *values: Any) -> None:
        if self.descriptor is not None:
            self._append(b"j", json.dumps(values).encode())

    def restart(self, *state: Any) -> None:
        """Forgets all records and begins with ``state``."""
        if self.descriptor is not None:
            os.ftruncate(self.descriptor, 0)
            os.lseek(self.descriptor, 0, os.SEEK_SET)
            self._size = 0
            self.event(*state)
            self._compact_at = 2 * self._size + _COMPACT_ABOVE

    def _append(self, kind: bytes, payload: bytes) -> None:
        assert self.descriptor is not None
        self._size += len(payload)
        try:
            os.write(self.descriptor, _HEADER.pack(kind, len(payload)) + payload)
        except OSError:  # no space for it: the task goes on, only a kill would now lose outputs
            self.descriptor = None


def new_journal_file() -> int:
    """Returns the descriptor of a nameless file, in memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("journal")
    import tempfile

    descriptor, name = tempfile.mkstemp()
    os.unlink(name)  # noqa: PTH108
    return descriptor


def read_journal(descriptor: int) -> Iterator[tuple[str, Any]]:
    """Yields ("stdout" | "stderr", text) and ("event", values); a record that a kill cut short ends it."""
    data = _read_all(descriptor)
    at = 0
    while at + _HEADER.size <= len(data):
        kind, length = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        if at + length > len(data):
            return
        payload = data[at : at + length]
        if kind == b"j":
            yield "event", json.loads(payload)
        else:
            yield "stdout" if kind == b"o" else "stderr", payload.decode("utf-8", "surrogatepass")
        at += length


def read_text(descriptor: int) -> str:
    return _read_all(descriptor).decode("utf-8", "replace")


def _read_all(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    pieces = []
    while piece := os.read(descriptor, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)
