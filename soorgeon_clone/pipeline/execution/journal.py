"""The events of a running notebook in a file that outlives its process.

The process that runs a task and the one that watches over it share the file; when the task is killed, the watcher
replays it and still has all that was printed and shown until then.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
from collections.abc import Iterator
from typing import Any

_HEADER = struct.Struct("<cI")
_KINDS = {"stdout": b"o", "stderr": b"e"}
_COMPACT_ABOVE = 64_000_000
# What stands before the text at the file's beginning: its kind, how long it is, how many bytes of records came before.
_OPEN = struct.Struct("<cIQ")
_BEGIN = 1 << 14  # where records begin


class Journal:
    """Records: a kind ("o" stdout, "e" stderr, "j" JSON), a length, the bytes. None: keeps nothing.

    A notebook may print millions of lines, and each must be safe at once. So a text goes into the first part of the
    file, which is mapped into memory, and becomes a record when that is full or something else comes. It counts as
    long as the records are as many as when it began: a kill in between neither loses nor doubles it.
    """

    def __init__(self, descriptor: int | None) -> None:
        self.descriptor = descriptor
        self._size = 0
        self._compact_at = _COMPACT_ABOVE
        self._stream = ""
        self._end = _OPEN.size
        self._base = 0
        if descriptor is not None:
            try:
                os.lseek(descriptor, 0, os.SEEK_SET)
                os.write(descriptor, bytes(_BEGIN))
                self._open = mmap.mmap(descriptor, _BEGIN)
            except OSError:
                self.descriptor = None
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(after_in_child=self._leave)

    def _leave(self) -> None:
        self.descriptor = None

    @property
    def is_long(self) -> bool:
        """Whether it is time to replace what it holds by the state that this led to."""
        return self._size > self._compact_at

    def text(self, stream: str, text: str) -> None:
        if self.descriptor is None:
            return
        data = text.encode("utf-8", "surrogatepass")
        end = self._end + len(data)
        if stream != self._stream or end > _BEGIN:
            self._settle()
            self._stream, end = stream, self._end + len(data)
            if end > _BEGIN:
                self._append(_KINDS[stream], data)
                return
        self._open[self._end : end] = data
        self._end = end
        _OPEN.pack_into(self._open, 0, _KINDS[stream], end - _OPEN.size, self._base)

    def event(self, *values: Any) -> None:
        if self.descriptor is not None:
            self._settle()
            self._append(b"j", json.dumps(values).encode())

    def restart(self, *state: Any) -> None:
        """Forgets all records and begins with ``state``."""
        if self.descriptor is not None:
            self._end = _OPEN.size
            _OPEN.pack_into(self._open, 0, b"o", 0, 0)
            os.ftruncate(self.descriptor, _BEGIN)
            os.lseek(self.descriptor, _BEGIN, os.SEEK_SET)
            self._size = self._base = 0
            self.event(*state)
            self._compact_at = 2 * self._size + _COMPACT_ABOVE

    def _settle(self) -> None:
        """Makes a record of the text that is open."""
        if self._end > _OPEN.size:
            data = self._open[_OPEN.size : self._end]
            self._end = _OPEN.size
            self._append(_KINDS[self._stream], data)

    def _append(self, kind: bytes, payload: bytes) -> None:
        if self.descriptor is None:
            return
        self._size += len(payload)
        try:
            self._base += os.write(self.descriptor, _HEADER.pack(kind, len(payload)) + payload)
        except OSError:  # no space for it: the task goes on, only a kill would now lose outputs
            self.descriptor = None


def read_journal(descriptor: int) -> Iterator[tuple[str, Any]]:
    """Yields ("stdout" | "stderr", text) and ("event", values); a record that a kill cut short ends it."""
    data = _read_all(descriptor)
    if len(data) < _BEGIN:  # nothing ever began
        return
    at = _BEGIN
    while at + _HEADER.size <= len(data):
        kind, length = _HEADER.unpack_from(data, at)
        if at + _HEADER.size + length > len(data):
            break
        at += _HEADER.size
        yield _event(kind, data[at : at + length])
        at += length
    kind, length, base = _OPEN.unpack_from(data, 0)
    if length and base == at - _BEGIN:
        yield _event(kind, data[_OPEN.size : _OPEN.size + length])


def _event(kind: bytes, payload: bytes) -> tuple[str, Any]:
    if kind == b"j":
        return "event", json.loads(payload)
    return "stdout" if kind == b"o" else "stderr", payload.decode("utf-8", "surrogatepass")


def read_text(descriptor: int) -> str:
    return _read_all(descriptor).decode("utf-8", "replace")


def _read_all(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    pieces = []
    while piece := os.read(descriptor, 1 << 20):
        pieces.append(piece)
    return b"".join(pieces)
