"""What a cluster's scheduler says of its workers -> who has not been heard of for too long, in time to do something.

Dask itself waits for minutes before it believes that a worker is gone whose connection stands: a machine that hangs, a
cable that was pulled, a process that was stopped.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_NOTICE = 15.0  # seconds of silence after which it is said


class Asked(Protocol):
    """What the watch needs of a cluster. Each call may take as long as the scheduler is silent, or raise."""

    def heartbeats(self) -> Mapping[str, float]:
        """When each worker was last heard of, by the scheduler's clock."""

    def running(self) -> Mapping[str, list[str]]:
        """The names of the tasks that each worker runs."""

    def give_up(self, worker: str) -> None:
        """Have the scheduler forget a worker: what it ran goes to others."""


@dataclass(frozen=True)
class News:
    """``text`` is for the user. With ``ends``, there is nobody left who could run anything."""

    text: str
    ends: bool = False


class Watch:
    """Asks in a thread of its own. ``limit`` are seconds of silence after which a worker is given up."""

    def __init__(self, cluster: Asked, limit: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._limit = limit
        self._notice = min(_NOTICE, limit / 4)
        self._clock = clock
        self._answered = clock()
        self._heard: dict[str, tuple[float, float]] = {}  # worker -> its heartbeat, and when it came here
        self._running: dict[str, list[str]] = {}
        self._said: set[str] = set()
        self._lost_one = False
        self._alone_since: float | None = None
        self._end = threading.Event()

    def start(self) -> None:
        """Ask from now on, until `stop`."""
        threading.Thread(target=self._ask, daemon=True, name="watch").start()

    def stop(self) -> None:
        """Ask no more."""
        self._end.set()

    def _ask(self) -> None:
        while not self._end.wait(self._notice / 5):
            with contextlib.suppress(Exception):
                self.look()

    def look(self) -> None:
        """Ask once."""
        beats, running = self._cluster.heartbeats(), self._cluster.running()
        now = self._clock()
        if now - self._answered > self._notice:  # the scheduler was silent: what it heard meanwhile is not known
            self._heard.clear()
        for worker, beat in beats.items():
            if self._heard.get(worker, (None, 0.0))[0] != beat:
                self._heard[worker] = (beat, now)
                self._said.discard(worker)
        for gone in self._heard.keys() - beats.keys():
            del self._heard[gone]
        self._running = {worker: names for worker, names in running.items() if names}
        self._answered = now
        self._alone_since = None if beats else self._alone_since or now

    def news(self) -> list[News]:
        """Return what has to be said now, each thing once; give up who was silent for too long."""
        now = self._clock()
        if now - self._answered > self._notice:
            return self._of_scheduler(now - self._answered)
        self._said.discard("scheduler")
        found = []
        for worker, names in list(self._running.items()):
            silent = now - self._heard.get(worker, (0.0, now))[1]
            tasks = ", ".join(f"'{name}'" for name in sorted(names))
            if silent > self._limit:
                self._running.pop(worker, None)
                self._lost_one = True
                self._cluster.give_up(worker)
                found.append(News(f"worker {worker} did not answer for {silent:.0f} s and is given up, with {tasks}"))
            elif silent > self._notice and worker not in self._said:
                self._said.add(worker)
                found.append(
                    News(
                        f"worker {worker}, which runs {tasks}, does not answer for {silent:.0f} s; it is given up "
                        f"after {self._limit:g} s (--worker-timeout)"
                    )
                )
        return found + self._of_loneliness(now)

    def _of_scheduler(self, silent: float) -> list[News]:
        if silent > self._limit:
            return [News(f"the Dask scheduler did not answer for {silent:.0f} s", ends=True)]
        if "scheduler" in self._said:
            return []
        self._said.add("scheduler")
        text = f"the Dask scheduler does not answer for {silent:.0f} s; the build ends after {self._limit:g} s"
        return [News(f"{text} (--worker-timeout)")]

    def _of_loneliness(self, now: float) -> list[News]:
        alone = 0.0 if self._alone_since is None else now - self._alone_since
        if alone > self._limit and self._lost_one:
            return [News(f"no Dask worker is left, and none came for {alone:.0f} s", ends=True)]
        if alone <= self._notice:
            self._said.discard("alone")
        elif "alone" not in self._said:
            self._said.add("alone")
            return [News("no Dask worker is there; tasks wait for one")]
        return []


class DaskCluster:
    """`Asked`, through a client of Dask. ``futures`` maps the names of tasks to what was submitted for them."""

    def __init__(self, client: Any, futures: Mapping[str, Any]) -> None:
        self._client = client
        self._futures = futures

    def heartbeats(self) -> Mapping[str, float]:
        told = self._client.sync(self._client.scheduler.identity)
        return {worker: facts["last_seen"] for worker, facts in told["workers"].items()}

    def running(self) -> Mapping[str, list[str]]:
        names = {future.key: name for name, future in list(self._futures.items())}
        told = self._client.processing()
        return {worker: [names[key] for key in keys if key in names] for worker, keys in told.items()}

    def give_up(self, worker: str) -> None:
        def tell() -> None:
            with contextlib.suppress(Exception):
                self._client.sync(
                    self._client.scheduler.unregister, address=worker, stimulus_id=f"silent-{time.time()}"
                )

        threading.Thread(target=tell, daemon=True).start()
