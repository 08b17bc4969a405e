"""The user's hooks: functions around a task or a build that may ask for what is going on by the names of parameters."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.building.model import Report
from soorgeon_clone.pipeline.declared.model import DAG, Hook, Task
from soorgeon_clone.pipeline.declared.values import resolved
from soorgeon_clone.pipeline.execution.model import FunctionCall


@dataclass(frozen=True)
class HookTask:
    """What a hook sees of a task. ``product`` and ``upstream`` hold paths."""

    name: str
    product: Any
    upstream: Any
    params: Mapping[str, Any]
    source: str


@dataclass(frozen=True)
class HookDag:
    """What a hook of the whole pipeline sees: names of tasks in order, with their products."""

    name: str
    products: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Any:
        return iter(self.products)

    def __len__(self) -> int:
        return len(self.products)


def task_call(hook: Hook, task: Task, values: Mapping[str, Any], *, traceback: str | None = None) -> FunctionCall:
    """The call of a task's hook. ``values`` are those that the task itself gets."""
    params = {name: value for name, value in values.items() if name not in ("upstream", "product")}
    product, upstream = as_paths(values["product"]), as_paths(values["upstream"])
    source = task.spec.source.path or task.spec.source.text
    offered = {
        "task": HookTask(task.name, product, upstream, params, source),
        "client": None,
        "product": product,
        "upstream": upstream,
        "params": params,
        "traceback": traceback,
    }
    return FunctionCall(f"{__name__}.run", {"dotted": hook.dotted_path, "args": dict(hook.args), "offered": offered})


def dag_call(hook: Hook, dag: DAG, *, report: Report | None = None, traceback: str | None = None) -> FunctionCall:
    """The call of a hook of the whole pipeline."""
    products = {name: {one.key or "": Path(one.path) for one in task.products} for name, task in dag.tasks.items()}
    rows = [
        {"name": run.name, "Ran?": run.ran, "Elapsed (s)": run.seconds, "result": run.result}
        for run in (report.runs if report else ())
    ]
    offered = {"dag": HookDag(dag.root.name, products), "report": rows, "traceback": traceback}
    return FunctionCall(f"{__name__}.run", {"dotted": hook.dotted_path, "args": dict(hook.args), "offered": offered})


def run(dotted: str, args: Mapping[str, Any], offered: Mapping[str, Any]) -> None:
    """Call the hook with its arguments from pipeline.yaml and with what its parameters ask for."""
    import importlib

    module, _, name = dotted.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    wanted = inspect.signature(function).parameters
    given = {name: _known(value) for name, value in offered.items() if name in wanted and name not in args}
    function(**given, **resolved(args))


def _known(value: Any) -> Any:
    """What a hook is offered, with what its params look up in the environment."""
    return replace(value, params=resolved(value.params)) if isinstance(value, HookTask) else resolved(value)


def as_paths(value: Any) -> Any:
    """The same with every text as a Path."""
    if isinstance(value, Mapping):
        return {key: as_paths(one) for key, one in value.items()}
    return Path(value) if isinstance(value, str) else value
