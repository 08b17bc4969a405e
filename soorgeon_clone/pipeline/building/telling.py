"""What happens in a build -> the listener and the log: each task's start once, its end, what it prints and logs."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from soorgeon_clone.pipeline.building.model import Listener, Options, TaskRun
from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.execution.model import Printed
from soorgeon_clone.pipeline.status.model import Verdict

_log = logging.getLogger(__name__)
_LINE_END = re.compile(r"\r\n?|\n")


class Telling:
    """``durations`` are the seconds that tasks took last time."""

    def __init__(self, listener: Listener, options: Options, durations: Mapping[str, float]) -> None:
        self._listener = listener
        self._options = options
        self._durations = durations
        self._announced: set[str] = set()
        self._begun: dict[str, str] = {}  # by task, a line of its output that has not ended yet

    def started(self, task: Task, verdict: Verdict) -> None:
        """A task begins. Where it begins once more, its worker was lost."""
        if task.name in self._announced:
            self._listener.warned(f"the worker of task '{task.name}' was lost, and another one runs it")
            return
        self._announced.add(task.name)
        self._listener.started(task, verdict.causes, self._durations.get(task.name))
        _log.info("%s started: %s", task.name, "; ".join(map(str, verdict.causes)))

    def ended(self, run: TaskRun) -> None:
        """A task is done."""
        if rest := self._begun.pop(run.name, ""):
            _log.info("%s: %s", run.name, rest)
        self._listener.ended(run)
        _log.info("%s: %s, %.3f s", run.name, run.result, run.seconds)

    def printed(self, printed: Printed, tasks: Mapping[str, Task]) -> None:
        """Pass on what a job said: to the log what it logged, and what a task printed that says ``log_output``."""
        name = printed.name.strip()
        task = tasks.get(name)
        if printed.level is not None:
            logging.getLogger(printed.source).log(printed.level, "%s: %s", name, printed.text)
        elif task is not None and task.spec.log_output and not self._options.verbose:
            *lines, rest = _LINE_END.split(self._begun.pop(name, "") + printed.text)
            if rest:
                self._begun[name] = rest
            for line in lines:
                _log.info("%s: %s", name, line)
        else:
            self._listener.printed(name, printed.text)
