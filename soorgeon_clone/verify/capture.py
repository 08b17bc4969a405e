"""Plan -> cells that take portraits (`portrait`) in the processes of the notebook and of the tasks.

They bear a tag of ours, so the shell runs them outside of the user's view: no count, no In, no Out, no `_`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soorgeon_clone.notebook.tags import SAVE, is_reserved
from soorgeon_clone.refactor.model import Load, Part, Plan, Task

TAG = "soorgeon-verify"


@dataclass(frozen=True)
class Guarded:
    """The copy that code may write to, what it is a copy of, and the file that notes attempts to write elsewhere."""

    folder: Path
    original: Path
    record: Path


def arrivals(task: Task) -> tuple[Part, ...]:
    """Return the parts that a task loads."""
    loads = [step for step in task.steps if isinstance(step, Load)]
    return tuple(part for load in loads for part in load.bundle.parts if part.name in load.names)


def departures(task: Task) -> tuple[Part, ...]:
    """Return the parts that a task saves."""
    return tuple(part for bundle in task.saves for part in bundle.parts)


def alive(plan: Plan) -> list[tuple[Part, ...]]:
    """Return, by task, the parts that were saved by it or before, and that it or a later task saves or loads."""
    found: list[tuple[Part, ...]] = []
    for number, task in enumerate(plan.tasks):
        before = {part.name: part for one in plan.tasks[: number + 1] for part in departures(one)}
        later = {part.name for one in plan.tasks[number + 1 :] for part in arrivals(one)}
        own = {part.name for part in departures(task)}
        found.append(tuple(part for name, part in before.items() if name in later | own))
    return found


def straight_source(
    data: Mapping[str, Any],
    boundaries: Mapping[int, tuple[int, Sequence[Part]]],
    folder: Path,
    guarded: Guarded | None,
) -> dict[str, Any]:
    """Return the notebook with a cell after each section that writes ``folder/<number of the section>``.

    ``boundaries`` maps the index of a section's last cell to its number and the parts to take portraits of.
    """
    cells: list[dict[str, Any]] = [_guard_cell(guarded)] if guarded else []
    for index, cell in enumerate(data["cells"]):
        cells.append(_as_jupyter_runs_it(cell))
        if index in boundaries:
            number, parts = boundaries[index]
            cells.append(_cell(_taking(folder / str(number), parts)))
    return {**data, "cells": cells}


def task_source(data: Mapping[str, Any], task: Task, folder: Path, guarded: Guarded | None) -> dict[str, Any]:
    """Return a task's notebook with cells that write ``folder/<task>.in`` before and ``.out`` after its own cells."""
    cells = [dict(cell) for cell in data["cells"]]
    own = [number for number, cell in enumerate(cells) if cell["cell_type"] == "code" and not is_ours(cell)]
    first = own[0] if own else next((n for n, c in enumerate(cells) if SAVE in tags(c)), len(cells))
    last = own[-1] + 1 if own else first
    cells.insert(last, _cell(_taking(folder / f"{task.name}.out", departures(task))))
    cells.insert(first, _cell(_taking(folder / f"{task.name}.in", arrivals(task))))
    return {**data, "cells": [*([_guard_cell(guarded)] if guarded else []), *cells]}


def is_ours(cell: Mapping[str, Any]) -> bool:
    """Tell whether a cell was added by `refactor`, by the runner or here."""
    return any(map(is_reserved, tags(cell)))


def tags(cell: Mapping[str, Any]) -> list[str]:
    found = cell.get("metadata", {}).get("tags") or []
    return [tag for tag in found if isinstance(tag, str)]


def _as_jupyter_runs_it(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell of the notebook without tags that mean something to the runner only."""
    kept = [tag for tag in tags(cell) if not is_reserved(tag)]
    return {**cell, "metadata": {**cell.get("metadata", {}), "tags": kept}}


def _taking(path: Path, parts: Sequence[Part]) -> str:
    wanted = [(part.name, part.save, list(part.imports)) for part in parts]
    call = f"take({str(path)!r}, {wanted!r})"
    return _if_installed(f"__import__('soorgeon_clone.verify.portrait', fromlist=['take']).{call}")


def _guard_cell(guarded: Guarded) -> dict[str, Any]:
    places = ", ".join(repr(str(path)) for path in (guarded.folder, guarded.original, guarded.record))
    return _cell(_if_installed(f"__import__('soorgeon_clone.verify.guard', fromlist=['install']).install({places})"))


def _if_installed(statement: str) -> str:
    """A kernel may be one of another environment: then outputs are compared, and no variables."""
    return f"try:\n    {statement}\nexcept ImportError:\n    pass"


def _cell(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "metadata": {"tags": [TAG]},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }
