"""A notebook that Jupyter opens or saves -> the same with the cells that a task is given, or without them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.tags import INJECTED
from soorgeon_clone.pipeline.declared.injected_cells import WHILE_OPEN, Injected, places, while_open


def injected_for(path: Path, log: logging.Logger) -> Injected | None:
    """Return what the task with this source is given; None where no pipeline has it, or has mistakes.

    Whoever opens a file gets it in any case: what is wrong with the pipeline goes to the log.
    """
    from soorgeon_clone.pipeline.declared.entry_point import above
    from soorgeon_clone.pipeline.status.project import Project

    path = path.resolve()
    entry_point = above(path)
    if entry_point is None:
        return None
    try:
        with Project(entry_point) as project:
            for task in project.dag.tasks.values():
                source = task.spec.source
                if source.kind == "script" and source.path and (project.root / source.path).resolve() == path:
                    return while_open(project.dag, task)
    except UserError as error:
        log.warning("soorgeon-clone: %s is opened without what its task is given: %s", path.name, error)
    return None


def with_cells(content: dict[str, Any], injected: Injected) -> dict[str, Any]:
    """Return the notebook (nbformat 4) with the cells, instead of those that it may have from `nb --inject`.

    Without a cell of parameters they stand at its top; what has no cells of its own stays as it is.
    """
    cells = [cell for cell in content["cells"] if INJECTED not in _tags(cell)]
    if not cells:
        return content
    found = places([(cell["cell_type"] == "code", _tags(cell)) for cell in cells], injected)
    if found is None:
        found = [(0, "\n".join([injected.notice, injected.folder, injected.values]))]
    have_ids = any("id" in cell for cell in cells)
    for number, (index, source) in reversed(list(enumerate(found))):
        cells.insert(index, _cell(source.rstrip("\n"), f"{INJECTED}-{number}" if have_ids else None, type(cells[0])))
    content["cells"] = cells
    return content


def without_cells(content: dict[str, Any]) -> dict[str, Any]:
    """Return the notebook without the cells that are there while it is open."""
    cells = [cell for cell in content["cells"] if not (INJECTED in _tags(cell) and _is_of_open(cell))]
    return {**content, "cells": cells}


def _cell(source: str, identity: str | None, kind: type[dict[str, Any]]) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": [INJECTED], "editable": False},
        "outputs": [],
        "source": source,
    }
    return kind(cell if identity is None else {**cell, "id": identity})


def _is_of_open(cell: Mapping[str, Any]) -> bool:
    source = cell.get("source", "")
    return ("".join(source) if isinstance(source, list) else str(source)).startswith(WHILE_OPEN)


def _tags(cell: Mapping[str, Any]) -> list[str]:
    tags = cell.get("metadata", {}).get("tags")
    return tags if isinstance(tags, list) else []
