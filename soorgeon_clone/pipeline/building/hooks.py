"""The user's hooks: functions around a task or a build that may ask for what is going on by the names of parameters."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Mapping
from typing import Any

from soorgeon_clone.pipeline.building.hook_views import HookDag, HookReport, as_paths
from soorgeon_clone.pipeline.building.model import Report
from soorgeon_clone.pipeline.declared.model import DAG, Hook, Task
from soorgeon_clone.pipeline.declared.values import resolved
from soorgeon_clone.pipeline.execution.model import FunctionCall
from soorgeon_clone.pipeline.state.databases import connected

# What parameters of hooks may ask for.
OF_TASK = ("task", "product", "upstream", "params", "client", "traceback")
OF_PIPELINE = ("dag", "report", "traceback")


def task_call(
    hook: Hook, task: Task, dag: DAG, values: Mapping[str, Any], *, traceback: str | None = None
) -> FunctionCall:
    """The call of a task's hook. ``values`` are those that the task itself gets."""
    offered = {
        "task": HookDag(dag)[task.name],
        "client": (task.spec.database, dag.root) if task.spec.database is not None else None,
        "product": as_paths(values["product"]),
        "upstream": as_paths(values["upstream"]),
        "traceback": traceback,
    }
    return FunctionCall(f"{__name__}.run", {"dotted": hook.dotted_path, "args": dict(hook.args), "offered": offered})


def dag_call(
    hook: Hook, dag: DAG, *, report: Report | None = None, traceback: Mapping[str, str] | None = None
) -> FunctionCall:
    """The call of a hook of the whole pipeline. ``traceback`` says what failed: ``build``, ``on_finish``."""
    offered = {"dag": HookDag(dag), "report": HookReport(report or Report((), 0.0)), "traceback": dict(traceback or {})}
    return FunctionCall(f"{__name__}.run", {"dotted": hook.dotted_path, "args": dict(hook.args), "offered": offered})


def run(dotted: str, args: Mapping[str, Any], offered: Mapping[str, Any]) -> None:
    """Call the hook with its arguments from pipeline.yaml and with what its parameters ask for."""
    import importlib

    module, _, name = dotted.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    if "task" in offered:
        offered = {**offered, "params": offered["task"].params}
    wanted = inspect.signature(function).parameters
    with contextlib.ExitStack() as opened:
        if "client" in wanted and offered.get("client") is not None:
            database, root = offered["client"]
            offered = {**offered, "client": opened.enter_context(connected(database.client, root)).original}
        given = {name: value for name, value in offered.items() if name in wanted and name not in args}
        function(**given, **resolved(args))
