"""An executor whose jobs take no time: what a build still takes then is the scheduler's."""

from __future__ import annotations

import ast
import time

from soorgeon_clone.pipeline.execution.model import Job, Outcome


class InstantExecutor:
    """Writes the products that the injected cell names, and says that all went well."""

    def __init__(self) -> None:
        self._started: list[Job] = []

    def start(self, job: Job) -> None:
        self._started.append(job)

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        done, self._started = self._started, []
        return [self._run(job) for job in done]

    def cancel(self, name: str) -> None:
        self._started = [job for job in self._started if job.name != name]

    def running(self) -> tuple[str, ...]:
        return tuple(job.name for job in self._started)

    def close(self) -> None:
        self._started = []

    def __enter__(self) -> InstantExecutor:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _run(self, job: Job) -> Outcome:
        assert job.source is not None
        cell = next(one for one in job.source["cells"] if "injected-parameters" in one["metadata"].get("tags", ()))
        line = next(line for line in cell["source"].splitlines() if line.startswith("product = "))
        for path in ast.literal_eval(line.removeprefix("product = ")).values():
            (job.cwd / path).write_text(job.name)
        return Outcome(job.name, "ok", None, time.time(), 0.0, 0, "")
