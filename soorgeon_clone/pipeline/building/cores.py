"""A DAG -> how many cores each of its tasks may use."""

from __future__ import annotations

import functools
import os

from soorgeon_clone.pipeline.declared.dag import beside
from soorgeon_clone.pipeline.declared.model import DAG


def cores() -> int:
    """Return the cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


class Shares:
    """Each task's share of the cores for numerical libraries: all, where no other task may run beside it.

    It depends on the DAG alone and not on what happens to run, because with another number of threads a sum may
    come out different in its last digit.
    """

    def __init__(self, dag: DAG, jobs: int | None) -> None:
        self._dag = dag
        self._jobs = jobs or cores()

    def of(self, name: str) -> int:
        """Return the threads of a task."""
        together = min(self._jobs, 1 + self._beside[name])
        return max(1, cores() // together)

    def least(self) -> int:
        """Return the smallest share of a task."""
        return min(map(self.of, self._dag.tasks))

    @functools.cached_property
    def _beside(self) -> dict[str, int]:
        return beside(self._dag)
