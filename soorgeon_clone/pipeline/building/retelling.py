"""A task whose text alone changed -> its executed notebook with the new text, and pages made of it; nothing runs."""

from __future__ import annotations

import time
from dataclasses import replace

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building import results
from soorgeon_clone.pipeline.building.attempt import LocalAttempt
from soorgeon_clone.pipeline.building.executed import executed_notebook
from soorgeon_clone.pipeline.building.model import Ended
from soorgeon_clone.pipeline.building.retold import retold
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.execution.model import Job
from soorgeon_clone.pipeline.execution.written import read_executed, write_notebook
from soorgeon_clone.pipeline.state.records import Made
from soorgeon_clone.pipeline.status.model import Verdict
from soorgeon_clone.pipeline.status.project import Project


class Retelling(LocalAttempt):
    """See `side.Attempt`; but it may have ended before a job is needed."""

    def __init__(self, project: Project, task: Task, verdict: Verdict, threads: int | None) -> None:
        super().__init__(project, task, verdict, memory_limit=None, threads=threads)
        self.retries = 0

    def first(self) -> Job | Ended | None:
        """Return the first job, or how it ended; None where the task has to run. Raises UserError or OSError."""
        found = self.told_anew()
        if found is None:
            return None
        self._require_nbconvert()
        self.stage.prepare()
        self._plan_notebooks()
        write_notebook(found, self.stage.new / self._executed)
        self._phases = ["convert" for _ in self._forms]
        return self._next_job() if self._phases else self._publish()

    def told_anew(self) -> dict[str, object] | None:
        """The executed notebook with the new text, if it is here and that can be done without running."""
        path = executed_notebook(self.project, self.task)
        if path is None:
            return None
        try:
            return retold(read_executed(path), self.notebook())
        except (OSError, ValueError, KeyError, TypeError, UserError):
            return None

    def made(self, seconds: float) -> Made:
        """What is recorded is what was, but for the notebook."""
        old = self.project.records.made(self.task.name)
        assert old is not None
        contents = self.project.contents
        products = {
            one.path: (contents.digest(one.path) or "", contents.meaning(one.path) or "") for one in self.task.products
        }
        made = replace(old, products=products, prose=self.task.facts.prose, finished=time.time())
        if self.project.cache is not None and made.fingerprint:
            results.manifest_of(self.project, self.task, made)
        return made
