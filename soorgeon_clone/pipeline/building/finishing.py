"""A task's hook `on_finish`, called alone in this process, on the products that are there."""

from __future__ import annotations

import os
import sys
import traceback

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building import hooks
from soorgeon_clone.pipeline.declared import inject
from soorgeon_clone.pipeline.execution.worker import resolve
from soorgeon_clone.pipeline.status.project import Project


def finish(project: Project, name: str) -> str | None:
    """Return the traceback if the hook fails. Raises UserError."""
    task = project.tasks[name]
    hook = task.spec.on_finish
    if hook is None:
        raise UserError(
            f"task '{name}' has no on_finish in pipeline.yaml", hint="on_finish: module.function", exit_code=2
        )
    files = [product for product in task.products if product.relation is None]
    missing = [product.path for product in files if not (project.root / product.path).exists()]
    if missing:
        raise UserError(
            f"task '{name}' has not made {', '.join(missing)}", hint=f"Run it first: soorgeon-clone task {name}"
        )
    call = hooks.task_call(
        hook, task, project.dag, inject.parameters(task, project.dag.tasks, root=project.root if task.moves else None)
    )
    os.chdir(project.root)
    sys.path.insert(0, str(project.root))
    try:
        resolve(call.dotted_path)(**call.kwargs)
    except Exception as error:
        ours = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.startswith(str(project.root))]
        lines = [f"on_finish ({hook.dotted_path}) of task '{name}' failed\n", *traceback.format_list(ours)]
        return "".join([*lines, *traceback.format_exception_only(error)])
    return None
