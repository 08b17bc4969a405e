"""Tasks, and how long they take -> which is ready now that others are done: longest way to the end first."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping

from soorgeon_clone.pipeline.declared.model import Task


class Frontier:
    """The tasks of a build that wait for others, and those that wait no longer: `next` gives them away.

    ``ranks`` says how long it takes from the start of each task to the end of the build; a task goes before those of
    a smaller rank. It is true while a task is ready.
    """

    def __init__(self, tasks: Mapping[str, Task], names: list[str], ranks: Mapping[str, float]) -> None:
        self._freed: set[str] = set()
        self._lost: set[str] = set()
        self.go_on(tasks, names, ranks)

    def go_on(
        self, tasks: Mapping[str, Task], names: list[str], ranks: Mapping[str, float], begun: Collection[str] = ()
    ) -> None:
        """Go on with these tasks; those that have ``begun`` are not given away again."""
        among = set(names)
        self._tasks, self._ranks = tasks, ranks
        self._position = {name: index for index, name in enumerate(names)}
        self._waiting = {  # how many of a task's upstream are not done
            name: sum(one in among and one not in self._freed for one in tasks[name].upstream) for name in names
        }
        self._ready = [self._entry(name) for name in names if not self._waiting[name] and name not in begun]
        heapq.heapify(self._ready)

    def __bool__(self) -> bool:
        return bool(self._ready)

    def next(self) -> str:
        """Take the task away that comes first. Raises IndexError where none is ready."""
        return heapq.heappop(self._ready)[2]

    def put_back(self, names: Iterable[str]) -> None:
        """Have tasks ready again that were given away."""
        for name in names:
            heapq.heappush(self._ready, self._entry(name))

    def free(self, task: Task) -> None:
        """Have nothing wait for this task any more; a second time changes nothing."""
        if task.name in self._freed:
            return
        self._freed.add(task.name)
        for name in task.downstream:
            if name in self._waiting:
                self._waiting[name] -= 1
                if not self._waiting[name]:
                    self.put_back([name])

    def lose(self, names: Iterable[str]) -> Iterator[str]:
        """Give up these tasks and all that needs them: each one of the build, once."""
        stack = list(reversed(tuple(names)))
        while stack:
            name = stack.pop()
            if name not in self._lost:
                self._lost.add(name)
                stack += reversed(self._tasks[name].downstream)
                if name in self._waiting:
                    yield name

    def _entry(self, name: str) -> tuple[float, int, str]:
        return -self._ranks[name], self._position[name], name


def ranks(tasks: Mapping[str, Task], durations: Mapping[str, float]) -> dict[str, float]:
    """How long it takes from the start of a task to the end of the last one that needs it; in seconds, like the
    ``durations`` of earlier runs. A task that never ran takes as long as others do."""
    usual = sorted(durations.values())[len(durations) // 2] if durations else 1.0
    found: dict[str, float] = {}
    for name in reversed(list(tasks)):
        after = max((found[other] for other in tasks[name].downstream), default=0.0)
        found[name] = durations.get(name, usual) + after
    return found
