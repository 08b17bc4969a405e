"""A project's status -> the drawing of its pipeline."""

from __future__ import annotations

from dataclasses import replace

from soorgeon_clone.pipeline.declared.model import Task
from soorgeon_clone.pipeline.plot.model import Box, Drawing, State, arrow
from soorgeon_clone.pipeline.state.fingerprint import needs
from soorgeon_clone.pipeline.status.model import TaskStatus
from soorgeon_clone.pipeline.status.project import Project

_MOST_NAMES = 4


def drawing_of(project: Project, *, products: bool = False) -> Drawing:
    """Tasks as boxes in the colour of their state, the keys of the products that cross as labels.

    Below its name stands how long a task took, or the names of its ``products``.
    """
    tasks = project.dag.tasks
    boxes = tuple(_box(status) for status in project.status())
    if products:
        boxes = tuple(replace(box, note=_names(tasks[box.name])) for box in boxes)
    arrows = []
    for task in tasks.values():
        for name in task.upstream:
            other = tasks[name]
            keys = [one.product.key for one in needs(task, tasks) if one.task == name and one.product.key]
            data = [key for key in keys if key not in {product.key for product in other.notebooks}]
            arrows.append(arrow(name, task.name, data))
    return Drawing(boxes, tuple(arrows))


def _names(task: Task) -> str:
    names = [str(one).rpartition("/")[2] if one.relation is None else str(one) for one in task.products]
    return ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")


def state_of(status: TaskStatus) -> State:
    """The state of a task as the drawing's colours know it."""
    if status.up_to_date:
        return "up to date"
    if status.last_run is not None and status.last_run.result in ("failed", "killed"):
        return "failed"
    return "in cache" if status.cached else "stale"


def _box(status: TaskStatus) -> Box:
    last = status.last_run
    note = f"{last.seconds:.2g} s" if last and last.seconds < 10 else f"{last.seconds:.0f} s" if last else ""
    return Box(status.name, state_of(status), note, status.line)
