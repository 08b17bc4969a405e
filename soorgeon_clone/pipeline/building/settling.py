"""Attempts whose products are made, and take long to have here and read -> what is recorded of them, by threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Ended
from soorgeon_clone.pipeline.building.side import Attempt
from soorgeon_clone.pipeline.state.records import Made

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor


class Settling:
    """By the names of tasks. ``threads`` is how many read at a time; they begin with the first attempt."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None
        self._pending: dict[str, tuple[Attempt, Ended, Future[Made]]] = {}

    def __bool__(self) -> bool:
        return bool(self._pending)

    def __contains__(self, name: object) -> bool:
        return name in self._pending

    def __iter__(self) -> Iterator[str]:
        return iter(self._pending)

    def begin(self, attempt: Attempt, ended: Ended) -> None:
        """Have a thread read what the attempt made."""
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(self._threads)
        future = self._pool.submit(attempt.made, ended.seconds)
        self._pending[attempt.task.name] = (attempt, ended, future)

    def finished(self, *, wait: bool) -> Iterator[tuple[Attempt, Ended, Made | str]]:
        """Those that are read, with what is recorded of them or why they cannot be; ``wait`` for one if none is."""
        names = [name for name, (_, _, future) in self._pending.items() if future.done()]
        if self._pending and wait and not names:
            names = [next(iter(self._pending))]
        for name in names:
            attempt, ended, future = self._pending.pop(name)
            try:
                made: Made | str = future.result()
            except (UserError, OSError) as error:
                made = str(error)
            yield attempt, ended, made

    def close(self) -> None:
        """Read nothing more."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
