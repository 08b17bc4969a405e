"""A TCP proxy on loopback that counts HTTP requests and, when told to, refuses, cuts, stalls or delays."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from types import TracebackType

_REQUEST = re.compile(rb"^([A-Z]+) (\S+) HTTP/1\.1\r\n")


class Proxy:
    """Forwards connections to ``port``. The attributes may be changed while it runs.

    ``refuse``: so many connections are closed at once. ``cut``: so many connections are reset after ``after`` bytes
    went ``up`` (to the server) or ``down``. ``delay`` seconds pass before each request is forwarded.
    """

    def __init__(self, port: int) -> None:
        self.target = port
        self.refuse = 0
        self.cut = 0
        self.after = 0
        self.direction = "down"
        self.delay = 0.0
        self.requests: list[tuple[str, str]] = []
        self.waiting = 0
        self.most_waiting = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._listener.close()

    def count(self, method: str, part: str = "") -> int:
        """How many requests of a method were for a path that contains ``part``."""
        return sum(one == method and part in path for one, path in self.requests)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _take(self, name: str) -> bool:
        with self._lock:
            left = getattr(self, name)
            if left:
                setattr(self, name, left - 1)
            return bool(left)

    def _serve(self, client: socket.socket) -> None:
        if self._take("refuse"):
            _reset(client)
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            _reset(client)
            return
        threading.Thread(target=self._pump, args=(server, client, "down"), daemon=True).start()
        self._pump(client, server, "up")

    def _pump(self, source: socket.socket, target: socket.socket, direction: str) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if direction == "up" and (request := _REQUEST.match(data)):
                    self._note(request[1].decode(), request[2].decode())
                passed += len(data)
                if self.cut and self.direction == direction and passed > self.after and self._take("cut"):
                    target.sendall(data[: max(0, len(data) - (passed - self.after))])
                    _reset(source)
                    _reset(target)
                    return
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _note(self, method: str, path: str) -> None:
        with self._lock:
            self.requests.append((method, path))
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
        time.sleep(self.delay)
        with self._lock:
            self.waiting -= 1


def _reset(connection: socket.socket) -> None:
    """Close at once. A thread that reads keeps a connection open that is only closed, so it is shut down before."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
