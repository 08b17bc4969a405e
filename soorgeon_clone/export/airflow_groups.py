"""Workflow -> the parts of a DAG file that show grids as groups of tasks, and make known that data are new.

A group changes no name: tasks are called the same inside. An asset (a dataset in Airflow 2) stands for what a task
made; other DAGs can be scheduled on it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from soorgeon_clone.errors import UserError
from soorgeon_clone.export.airflow_operators import literal
from soorgeon_clone.export.model import Workflow

# a scheme of our own for products that lie in a folder: what is at an address without one is nobody's to know
_SCHEME = "x-soorgeon-clone"


def imports(flow: Workflow) -> str:
    """Return the imports of DAG and what else of Airflow's own is needed, for Airflow 3 and 2."""
    names = ["DAG", *(["Asset"] if _has_assets(flow) else []), *(["TaskGroup"] if _grids(flow) else [])]
    two = {
        "DAG": "    from airflow import DAG\n",
        "Asset": "    from airflow.datasets import Dataset as Asset\n",
        "TaskGroup": "    from airflow.utils.task_group import TaskGroup\n",
    }
    old = "".join(two[name] for name in names)
    return f"try:\n    from airflow.sdk import {', '.join(names)}\nexcept ImportError:  # Airflow 2\n{old}"


def tables(flow: Workflow) -> Iterator[str]:
    """Yield the tables of groups and assets, where there are any."""
    grids = _grids(flow)
    if grids:
        yield "# Tasks that belong to one grid stand in a group.\nGROUPS = {\n"
        yield from (f"    {literal(name)}: [{', '.join(map(literal, tasks))}],\n" for name, tasks in grids.items())
        yield "}\n"
    if flow.settings.own.get("assets"):
        yield "# What is new when a task is done.\nASSETS = {\n"
        yield from (f"    {literal(step.name)}: {literal(_address(flow, step.task))},\n" for step in flow.steps)
        yield "}\n"


def schedule(flow: Workflow) -> str:
    """Return the schedule as Python: a text of cron's, assets that have to be new, or None."""
    after = flow.settings.own.get("after_assets")
    if after and flow.settings.schedule:
        raise UserError(
            "pipeline.yaml, export: 'schedule' and 'after_assets' are two answers to one question",
            hint="Leave out one of them.",
            exit_code=2,
        )
    if after:
        return f"[{', '.join(f'Asset({literal(address)})' for address in after)}]"
    return literal(flow.settings.schedule) if flow.settings.schedule else "None"


def groups(flow: Workflow) -> str:
    """Return the rows inside the DAG that make the groups."""
    if not _grids(flow):
        return ""
    return (
        "    group_of = {}\n"
        "    for name, members in GROUPS.items():\n"
        "        group_of |= dict.fromkeys(members, TaskGroup(name, prefix_group_id=False))\n"
    )


def arguments(flow: Workflow) -> str:
    """Return the rows that each operator's call has besides its own."""
    rows = ["task_group=group_of.get(task_id),"] if _grids(flow) else []
    rows += ["outlets=[Asset(ASSETS[task_id])],"] if flow.settings.own.get("assets") else []
    return "".join(f"\n            {row}" for row in rows)


def _has_assets(flow: Workflow) -> bool:
    return bool(flow.settings.own.get("assets") or flow.settings.own.get("after_assets"))


def _grids(flow: Workflow) -> Mapping[str, list[str]]:
    """Return the names of steps that one entry of pipeline.yaml declares, by the name of their group."""
    entries: dict[str, list[str]] = {}
    for step in flow.steps:
        entries.setdefault(step.entry, []).append(step.name)
    taken = {step.name for step in flow.steps}
    found: dict[str, list[str]] = {}
    for names in entries.values():
        if len(names) > 1:
            prefix = os.path.commonprefix(names)  # noqa: RUF071 (letter by letter is what is wanted)
            stem = prefix.rstrip("-_.0123456789") or "grid"
            number, name = 1, f"{stem}-grid"
            while name in taken:
                number += 1
                name = f"{stem}-grid-{number}"
            taken.add(name)
            found[name] = names
    return found


def _address(flow: Workflow, task: str) -> str:
    """Return what other DAGs call what a task made: the store's address with the task, or one of our own scheme."""
    store = flow.settings.store
    return f"{store.rstrip('/')}/{task}" if store else f"{_SCHEME}://{flow.settings.name}/{task}"
