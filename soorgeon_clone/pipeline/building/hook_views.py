"""What hooks see: tasks, the pipeline, the report of a build. As in Ploomber, as far as hooks in use go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.building.model import Report
from soorgeon_clone.pipeline.declared import inject
from soorgeon_clone.pipeline.declared.model import DAG, Task
from soorgeon_clone.pipeline.declared.values import resolved
from soorgeon_clone.pipeline.sources.relations import Relation


class HookTask:
    """A task: ``name``, ``product`` (a path, or paths by key), ``upstream`` (tasks by name), ``params``, ``source``.

    As a text it is its product, as in Ploomber.
    """

    client = None

    def __init__(self, task: Task, dag: HookDag) -> None:
        self.name = task.name
        self.source = task.spec.source.path or task.spec.source.text
        self.product = as_paths(inject.paths(task.products))
        self._dag = dag
        self._upstream = task.upstream
        self._paths = as_paths(inject.upstream_paths(task, dag.declared)) if task.is_told_upstream else None
        self._params = dict(task.spec.params)

    @property
    def upstream(self) -> Mapping[str, HookTask]:
        """The tasks before it."""
        return {name: self._dag[name] for name in self._upstream}

    @property
    def params(self) -> Mapping[str, Any]:
        """The task's params, with ``product`` and, where it has any, the paths of ``upstream``."""
        upstream = {} if self._paths is None else {"upstream": self._paths}
        return {**resolved(self._params), "product": self.product, **upstream}

    def __str__(self) -> str:
        return str(self.product)

    def __repr__(self) -> str:
        return f"task {self.name!r} -> {self.product}"


class HookDag(Mapping[str, HookTask]):
    """The tasks by name, each after its upstream."""

    def __init__(self, dag: DAG) -> None:
        self.name = dag.root.name
        self.declared = dag.tasks
        self._tasks = {name: HookTask(task, self) for name, task in dag.tasks.items()}
        self.declared = {}

    def __getitem__(self, name: str) -> HookTask:
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)


class HookReport:
    """What a build did: ``report["name"]`` is a column, ``report.rows`` are mappings; it prints as a table."""

    def __init__(self, report: Report) -> None:
        total = sum(run.seconds for run in report.runs if run.ran)
        self.rows = [
            {
                "name": run.name,
                "Ran?": run.ran,
                "Elapsed (s)": run.seconds,
                "Percentage": 100 * run.seconds / total if total and run.ran else 0.0,
                "result": run.result,
            }
            for run in report.runs
        ]

    _columns = ("name", "Ran?", "Elapsed (s)", "Percentage", "result")

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns."""
        return {column: [row[column] for row in self.rows] for column in self._columns}

    def __getitem__(self, column: str) -> list[Any]:
        return self.to_dict()[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __str__(self) -> str:
        texts = [[f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values()]
                 for row in self.rows]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(self._columns, *texts, strict=True)]
        lines = [self._columns, ["-" * width for width in widths], *texts]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)

    __repr__ = __str__


def as_paths(value: Any) -> Any:
    """The same with every text as a Path, but for relations."""
    if isinstance(value, Mapping):
        return {key: as_paths(one) for key, one in value.items()}
    return Path(value) if isinstance(value, str) and not isinstance(value, Relation) else value
