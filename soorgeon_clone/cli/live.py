"""Lines at the end of a terminal that are drawn anew while they change; what is printed meanwhile stands above them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Sequence

from soorgeon_clone.cli import say
from soorgeon_clone.cli.table import cut
from soorgeon_clone.visible import one_line

_PAUSE = 0.125  # seconds between two drawings


class Live:
    """Draws what ``lines`` returns, from when it is made until it is stopped.

    A terminal that cannot move its cursor gets what is printed alone.
    """

    def __init__(self, lines: Callable[[], Sequence[str]]) -> None:
        self._lines = lines
        self._drawn = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._draw_again, daemon=True)
        if os.environ.get("TERM") not in ("dumb", "unknown"):
            self._thread.start()

    def print(self, *parts: str) -> None:
        """Print parts as one text above the lines."""
        with self._lock:
            self._draw(())
            say.echo(*parts, err=True)
            self._draw(self._seen())

    def stop(self) -> None:
        """Take the lines away."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            self._draw(())

    def _draw_again(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                self._draw(self._seen())
            self._ended.wait(_PAUSE)

    def _seen(self) -> Sequence[str]:
        """Return the lines as far as the terminal has room for them: what is cut does not wrap."""
        if not self._thread.is_alive():
            return ()
        size = shutil.get_terminal_size()
        return [cut(one_line(line), size.columns - 1) for line in list(self._lines())[-max(size.lines - 1, 1) :]]

    def _draw(self, lines: Sequence[str]) -> None:
        if lines or self._drawn:
            say.redraw(lines, self._drawn)
        self._drawn = len(lines)
