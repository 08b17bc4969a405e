"""Messages between the processes of execution: pickled tuples over a socket or a pipe, each after its length.

Nobody may wait for a reader that waits for a writer, so the server only takes what has arrived and only sends what
fits, and keeps the rest.
"""

from __future__ import annotations

import os
import pickle
import select
import struct
from pathlib import Path
from typing import Any

_LENGTH = struct.Struct("!Q")


class Channel:
    """One end. ``receive`` never waits; ``send`` does, until all is written; ``post`` and ``flush`` never do."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        os.set_blocking(descriptor, False)
        self._arrived = bytearray()
        self._posted = bytearray()

    def fileno(self) -> int:
        return self.descriptor

    def close(self) -> None:
        os.close(self.descriptor)

    @property
    def has_posted(self) -> bool:
        return bool(self._posted)

    def send(self, *message: Any) -> None:
        self.post(*message)
        while not self.flush():
            select.select([], [self.descriptor], [])

    def post(self, *message: Any) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._posted += _LENGTH.pack(len(data)) + data

    def flush(self) -> bool:
        """Writes what fits; true when nothing is left."""
        while self._posted:
            try:
                written = os.write(self.descriptor, self._posted[: 1 << 18])
            except BlockingIOError:
                return False
            del self._posted[:written]
        return True

    def receive(self) -> list[tuple[Any, ...]]:
        """The messages that are complete. EOFError when there are none and none will come."""
        ended = not self._take()
        messages = []
        while len(self._arrived) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._arrived)[0]
            if len(self._arrived) < end:
                break
            messages.append(pickle.loads(self._arrived[_LENGTH.size : end]))
            del self._arrived[:end]
        if ended and not messages:
            raise EOFError
        return messages

    def wait(self, timeout: float | None) -> bool:
        """Whether something arrives before the time is over."""
        poll = select.poll()
        poll.register(self.descriptor, select.POLLIN)
        return bool(poll.poll(None if timeout is None else max(timeout, 0) * 1000))

    def _take(self) -> bool:
        while True:
            try:
                data = os.read(self.descriptor, 1 << 18)
            except BlockingIOError:
                return True
            except ConnectionResetError:
                return False
            if not data:
                return False
            self._arrived += data


class FileChannel:
    """The sending end of a channel that is a file: for systems where processes share no pipes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, *message: Any) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self._path.open("ab") as file:
            file.write(_LENGTH.pack(len(data)) + data)


def read_messages(path: Path, start: int) -> tuple[list[tuple[Any, ...]], int]:
    """The complete messages in the file from byte ``start``, and where the next will begin."""
    if not path.exists():
        return [], start
    messages = []
    with path.open("rb") as file:
        file.seek(start)
        while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
            data = file.read(_LENGTH.unpack(head)[0])
            if len(data) < _LENGTH.unpack(head)[0]:
                break
            messages.append(pickle.loads(data))
            start = file.tell()
    return messages, start
