"""sys.stdout and sys.stderr of a running notebook, and what C code and subprocesses write to descriptors 1 and 2."""

from __future__ import annotations

import codecs
import io
import os
import select
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import BinaryIO

Sink = Callable[[str, str], None]  # takes a stream's name and a text
_PROMPT = 0.1  # seconds after which also a piece of a line is recorded at once: a kill must not lose it


class Stream(io.TextIOBase):
    """A text stream whose text goes to ``capture``. Without one it goes nowhere, or to ``heard``.

    It exists before the task's process does: libraries that the warm parent imports may keep hold of it.
    """

    encoding = "UTF-8"
    errors = None

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self.capture: Capture | None = None
        self.heard: list[str] = []
        self._descriptor = descriptor

    def write(self, text: str) -> int:
        # a notebook may print millions of lines, each in two pieces: this and `flush` are written for that
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        capture = self.capture
        if capture is None:
            if text:
                self.heard.append(text)
        elif capture.is_elsewhere:
            os.write(self._descriptor, text.encode("utf-8", "replace"))
        elif text:
            with capture.lock:
                if capture.current is not self:
                    capture.flush()
                    capture.current = self
                capture.waiting.append(text)
                if "\n" in text or len(capture.waiting) > 1000 or time.monotonic() - capture.flushed > _PROMPT:
                    capture.flush()
        return len(text)

    def flush(self) -> None:
        if self.capture is not None and not self.capture.is_elsewhere:
            self.capture.flush()

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True


class Capture(ABC):
    """Gives ``sink`` what the streams and their descriptors receive, from ``start`` to ``stop``."""

    def __init__(self, streams: tuple[Stream, Stream], sink: Sink) -> None:
        self.streams = streams
        self.lock = threading.RLock()
        # a process that the task forked has no recorder of its own: it writes into the task's pipe
        self.is_elsewhere = False
        self.current = streams[0]  # the stream whose texts wait
        self.waiting: list[str] = []
        self.flushed = 0.0
        self._sink = sink
        self._decoders = {stream.name: codecs.getincrementaldecoder("utf-8")("replace") for stream in streams}
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._leave)

    def _leave(self) -> None:
        self.is_elsewhere = True

    def start(self) -> None:
        self.redirect()
        for stream in self.streams:
            stream.capture = self

    def stop(self) -> None:
        self.flush()
        for stream in self.streams:
            stream.capture = None

    def flush(self) -> None:
        """Record what waits: first what stands behind the descriptors, since it was written before."""
        with self.lock:
            self.drain()
            if self.waiting:
                text = "".join(self.waiting)
                self.waiting.clear()
                self._sink(self.current.name, text)
            self.flushed = time.monotonic()

    def record(self, name: str, data: bytes) -> None:
        text = self._decoders[name].decode(data)
        if text:
            self._sink(name, text)

    @abstractmethod
    def redirect(self) -> None:
        """Let the descriptors lead here."""

    @abstractmethod
    def drain(self) -> None:
        """Records what was written to the descriptors."""


class PipeCapture(Capture):
    """The descriptors are pipes.

    A thread empties them, so that nobody who writes there has to wait; before anything else is recorded, the thread
    that records empties them itself, so that the order is the true one.
    """

    def redirect(self) -> None:
        self._pipes: dict[int, str] = {}
        for stream in self.streams:
            reader, writer = os.pipe()
            os.dup2(writer, stream.fileno())
            os.close(writer)
            os.set_blocking(reader, False)
            self._pipes[reader] = stream.name
        self._poll = self._poll_for()
        waiting, self._end = os.pipe()
        threading.Thread(target=self._empty, args=(waiting,), daemon=True, name="output").start()

    def stop(self) -> None:
        super().stop()
        os.write(self._end, b"x")

    def drain(self) -> None:
        while ready := self._poll.poll(0):
            for reader, _ in ready:
                try:
                    data = os.read(reader, 1 << 16)
                except BlockingIOError:
                    continue
                if data:
                    self.record(self._pipes[reader], data)
                else:  # the task closed the descriptor
                    del self._pipes[reader]
                    self._poll.unregister(reader)

    def _poll_for(self, *more: int) -> select.poll:
        poll = select.poll()
        for descriptor in (*self._pipes, *more):
            poll.register(descriptor, select.POLLIN)
        return poll

    def _empty(self, waiting: int) -> None:
        while True:
            ready = self._poll_for(waiting).poll()
            if any(descriptor == waiting for descriptor, _ in ready):
                return
            with self.lock:
                self.drain()


class FileCapture(Capture):
    """The descriptors are files: for systems that cannot ask a pipe whether something is in it."""

    def redirect(self) -> None:
        self._files: list[tuple[BinaryIO, str]] = []
        for stream in self.streams:
            descriptor, name = tempfile.mkstemp()
            os.close(descriptor)
            writer = os.open(name, os.O_WRONLY | os.O_APPEND)
            os.dup2(writer, stream.fileno())
            os.close(writer)
            self._files.append((open(name, "rb", buffering=0), stream.name))  # noqa: SIM115, PTH123

    def drain(self) -> None:
        for file, name in self._files:
            while data := file.read(1 << 16):
                self.record(name, data)


def capture_for(streams: tuple[Stream, Stream], sink: Sink) -> Capture:
    """Returns the capture that this system can do best."""
    return PipeCapture(streams, sink) if hasattr(select, "poll") else FileCapture(streams, sink)
