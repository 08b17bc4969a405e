"""Executed notebook -> its .html, .md, ... forms, where a task declares them; the door to nbconvert."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.model import Task

_EXPORTERS = {".html": "html", ".md": "markdown", ".rst": "rst", ".tex": "latex", ".pdf": "webpdf", ".py": "python"}


def make_notebooks(task: Task, folder: Path) -> None:
    """Write every form of the executed notebook, which lies as .ipynb beside the first one."""
    first = folder / task.notebooks[0].path
    executed = first.with_suffix(".ipynb")
    wanted = {folder / product.path for product in task.notebooks}
    for path in sorted(wanted - {executed}):
        if path.suffix == ".ipynb":
            path.write_bytes(executed.read_bytes())
        else:
            _export(task, executed, path)
    if executed not in wanted:
        executed.unlink()


def _export(task: Task, executed: Path, target: Path) -> None:
    name = task.spec.exporter or _EXPORTERS.get(target.suffix.lower())
    if name is None:
        raise UserError(
            f"task '{task.name}': a notebook cannot be written as {target.suffix or 'a file without suffix'}",
            hint="Use .ipynb, .html or .md, or name an exporter of nbconvert in 'nbconvert_exporter_name'.",
        )
    try:
        import nbconvert
    except ImportError:
        raise UserError(
            f"task '{task.name}': {target.name} needs the package nbconvert",
            hint="pip install 'soorgeon-clone[html]', or declare an .ipynb product.",
        ) from None
    try:
        exporter: Any = nbconvert.get_exporter(name)(**_options(task))
        output, resources = exporter.from_filename(str(executed))
    except Exception as error:
        raise UserError(f"task '{task.name}': nbconvert ({name}) failed: {type(error).__name__}: {error}") from error
    target.write_bytes(output if isinstance(output, bytes) else output.encode("utf-8"))
    for extra, data in (resources.get("outputs") or {}).items():
        path = target.parent / extra
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _options(task: Task) -> dict[str, Any]:
    return dict(task.spec.exporter_options)
