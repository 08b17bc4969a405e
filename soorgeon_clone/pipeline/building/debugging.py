"""A task, run in this process and this terminal: where it fails the debugger opens. It leaves no product behind."""

from __future__ import annotations

import os
import sys

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.attempt import LocalAttempt
from soorgeon_clone.pipeline.building.function_task import call_for
from soorgeon_clone.pipeline.execution.cells import is_run, text
from soorgeon_clone.pipeline.execution.debugging import debug_call, debug_cells
from soorgeon_clone.pipeline.sources.no_code import NO_CODE
from soorgeon_clone.pipeline.status.project import Project


def debug(project: Project, name: str) -> bool:
    """Return whether the task came to its end. Its upstream must have run. Raises UserError."""
    task = project.tasks[name]
    if task.facts.problem is not None:
        raise UserError(task.facts.problem)
    if task.spec.source.kind == "shell":
        raise UserError(
            f"task '{name}' is a shell script, which has no debugger", hint="Add 'set -x' to it.", exit_code=2
        )
    if task.spec.over is not None:
        raise UserError(f"task '{name}' takes apart what '{task.spec.over.task}' made: debug that one", exit_code=2)
    if task.spec.source.kind == "sql":
        raise UserError(
            f"task '{name}' is SQL, which has no debugger",
            hint=f"'soorgeon-clone task {name} --source' shows the statements.",
            exit_code=2,
        )
    if task.spec.source.kind in NO_CODE:
        raise UserError(f"task '{name}' has no code to debug", exit_code=2)
    if task.facts.language is not None:
        raise UserError(f"task '{name}' is written in {task.facts.language}, which has no debugger here", exit_code=2)
    attempt = LocalAttempt(project, task, project.judge(task), memory_limit=None)
    attempt.stage.prepare()
    try:
        attempt.stage.begin()
        os.chdir(project.root)
        if str(project.root) not in sys.path:
            sys.path.insert(0, str(project.root))
        if task.spec.source.kind == "function":
            return debug_call(call_for(task, attempt.values))
        return debug_cells([text(cell) for cell in attempt.notebook()["cells"] if is_run(cell)])
    finally:
        attempt.stage.discard()
