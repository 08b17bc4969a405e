"""The hooks of the whole pipeline, called when a build begins and ends -> what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from soorgeon_clone.pipeline.building.failure import text_of_hook
from soorgeon_clone.pipeline.building.hooks import dag_call
from soorgeon_clone.pipeline.building.model import EARLY_STOP, Options, Report
from soorgeon_clone.pipeline.declared.model import Hook
from soorgeon_clone.pipeline.execution.model import Executor, Job
from soorgeon_clone.pipeline.status.project import Project


@dataclass
class PipelineHooks:
    """``executor`` gives what they run in. ``stopped``: one of them asked for the end of the build; ``problem`` says
    what one failed with."""

    project: Project
    options: Options
    executor: Callable[[], Executor]
    stopped: bool = False
    problem: str | None = None

    def begin(self, report: Report) -> None:
        """Call on_render."""
        self._call("on_render", self.project.spec.on_render, report)

    def end(self, report: Report) -> None:
        """Call on_finish, or on_failure where something failed; neither after a build that was stopped."""
        spec = self.project.spec
        if self.problem:
            return
        if report.failed:
            text = "\n\n".join(run.error or "" for run in report.failed)
            self._call("on_failure", spec.on_failure, report, {"build": text})
        elif not report.stopped and not self.stopped:
            self._call("on_finish", spec.on_finish, report)
            if self.problem:
                problem, self.problem = self.problem, None
                self._call("on_failure", spec.on_failure, report, {"on_finish": problem})
                self.problem = "\n".join(text for text in (problem, self.problem) if text)

    def _call(self, kind: str, hook: Hook | None, report: Report, traceback: Mapping[str, str] | None = None) -> None:
        if hook is None:
            return
        executor = self.executor()
        executor.start(
            Job(
                name=f" {kind}",
                source=None,
                output=None,
                function=dag_call(hook, self.project.dag, report=report, traceback=traceback),
                cwd=self.project.root,
                tells=True,
                log_level=self.options.log_level,
            )
        )
        (outcome,) = executor.wait()
        if outcome.error is not None and outcome.error.ename == EARLY_STOP:
            self.stopped = True
        elif outcome.status != "ok":
            self.problem = text_of_hook(kind, hook, outcome)
