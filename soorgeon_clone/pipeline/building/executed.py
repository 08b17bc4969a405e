"""A task -> its executed notebook: among its products, or kept aside where these are pages made of it."""

from __future__ import annotations

from pathlib import Path

from soorgeon_clone.files.scratch import is_own_file
from soorgeon_clone.pipeline.building.staging import keep
from soorgeon_clone.pipeline.declared.model import HIDDEN, Task
from soorgeon_clone.pipeline.state.content import file_digest
from soorgeon_clone.pipeline.state.hidden import safe_name
from soorgeon_clone.pipeline.status.project import Project

_FOLDER = "executed"


def executed_notebook(project: Project, task: Task) -> Path | None:
    """Return where the executed notebook of the task's products is: among them, or kept aside for one of its forms."""
    for product in task.notebooks:
        if product.path.endswith(".ipynb"):
            return project.root / product.path
    kept = _kept(project, task)
    digests = _digests(project, task)
    if not is_own_file(kept) or digests is None:
        return None
    known = project.records.recall(f"\0executed:{task.name}", digests)
    return kept if known == file_digest(kept) else None


def keep_executed(project: Project, task: Task, executed: bytes) -> None:
    """Keep the notebook that pages were made of, in case that only its text changes."""
    kept, digests = keep(project.root, _FOLDER, _kept(project, task).name, executed), _digests(project, task)
    if kept is not None and digests is not None:
        project.records.remember(f"\0executed:{task.name}", digests, file_digest(kept))


def _kept(project: Project, task: Task) -> Path:
    return project.root / HIDDEN / _FOLDER / f"{safe_name(task.name)}.ipynb"


def _digests(project: Project, task: Task) -> str | None:
    found = [project.contents.digest(product.path) for product in task.notebooks]
    return None if None in found else " ".join(map(str, found))
