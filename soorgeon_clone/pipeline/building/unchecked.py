"""What tasks take for granted that no run has checked yet: it may be why another one fails."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from soorgeon_clone.pipeline.declared.dag import descendants
from soorgeon_clone.pipeline.state.fingerprint import assumed_by
from soorgeon_clone.pipeline.status.project import Project


class Unchecked:
    """Of one build; nobody asks before a task has failed."""

    def __init__(self, project: Project, names: Iterable[str]) -> None:
        self._project = project
        self._names = names
        self._assuming: dict[str, str] | None = None

    def besides(self, failed: str, done: Collection[str]) -> dict[str, str]:
        """What tasks take for granted, by their names, but for those that are done or need the one that failed: it may
        have failed since they do what it was written without."""
        if self._assuming is None:
            tasks = self._project.tasks
            self._assuming = {name: assumed for name in self._names if (assumed := assumed_by(tasks[name]))}
        if not self._assuming:
            return {}
        left_out = {failed, *descendants(self._project.dag, [failed]), *done}
        return {name: assumed for name, assumed in self._assuming.items() if name not in left_out}
