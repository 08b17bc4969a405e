"""The extension of Jupyter's server: its contents manager -> one that opens tasks with what they are given.

What it adds is not saved. A script is changed on disk only where the notebook was changed: not another byte.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.jupyter.opened import injected_for, with_cells, without_cells
from soorgeon_clone.notebook.edited import edited

_SCRIPTS = (".py",)
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter's server which module to load."""
    return [{"module": __name__}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Put ours in the place of the server's contents manager; it is derived from that one."""
    app.contents_manager_class = with_tasks(app.contents_manager_class)
    app.contents_manager = app.contents_manager_class(parent=app, log=app.log)
    app.session_manager.contents_manager = app.contents_manager
    app.web_app.settings["contents_manager"] = app.contents_manager


def with_tasks(base: Any) -> Any:
    """Return a class derived from a contents manager's: one whose methods wait where those of the other do."""
    return _waiting(base) if asyncio.iscoroutinefunction(base.get) else _direct(base)


def _direct(base: Any) -> Any:
    # the class is the one that Jupyter was set up with: mypy cannot know it
    class Tasks(base):  # type: ignore[misc]
        def get(self, path: str, *args: Any, **options: Any) -> Any:
            model = super().get(path, *args, **options)
            return _opened(self, path, model) if _is_read(model) else model

        def save(self, model: Any, path: str = "") -> Any:
            if model.get("type") != "notebook" or not model.get("content"):
                return super().save(model, path)
            saved = super().save(_to_save(self, model, path), path)
            return {**saved, "type": "notebook"}

    return Tasks


def _waiting(base: Any) -> Any:
    class AsyncTasks(base):  # type: ignore[misc]  # as above
        async def get(self, path: str, *args: Any, **options: Any) -> Any:
            model = await super().get(path, *args, **options)
            return await asyncio.to_thread(_opened, self, path, model) if _is_read(model) else model

        async def save(self, model: Any, path: str = "") -> Any:
            if model.get("type") != "notebook" or not model.get("content"):
                return await super().save(model, path)
            to_save = await asyncio.to_thread(_to_save, self, model, path)
            return {**await super().save(to_save, path), "type": "notebook"}

    return AsyncTasks


def _is_read(model: Any) -> bool:
    return model.get("type") == "notebook" and bool(model.get("content"))


def _opened(manager: Any, path: str, model: Any) -> Any:
    place = _place(manager, path)
    injected = injected_for(place, manager.log) if place is not None else None
    if injected is not None:
        model["content"] = with_cells(model["content"], injected)
        if place is not None and place.suffix in _SCRIPTS:
            # A script without a header would have Jupyter ask for a kernel. What it is told here is not saved.
            model["content"]["metadata"].setdefault("kernelspec", _KERNEL)
    return model


def _to_save(manager: Any, model: Any, path: str) -> Any:
    """Return what is to be saved: the notebook without our cells; of a task's script, its text."""
    content = without_cells(model["content"])
    place = _place(manager, path)
    paired = path.strip("/") in getattr(manager, "paired_notebooks", {})
    if place is None or place.suffix not in _SCRIPTS or paired or injected_for(place, manager.log) is None:
        return {**model, "content": content}
    try:
        text = edited(read_bytes(place).decode("utf-8"), place.suffix, content)
    except (OSError, ValueError) as error:
        manager.log.warning("soorgeon-clone: %s is saved as Jupytext writes it: %s", place.name, error)
        return {**model, "content": content}
    return {"type": "file", "format": "text", "content": text}


def _place(manager: Any, path: str) -> Path | None:
    """Return the file of a path of Jupyter's; None where the manager keeps notebooks elsewhere."""
    of_path = getattr(manager, "_get_os_path", None)
    return Path(of_path(path.strip("/"))) if of_path is not None else None
