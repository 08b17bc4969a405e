"""Where the notebook and the project stand -> how files and modules beside the notebook are found from the project."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path

from soorgeon_clone.refactor.record import RECORD, read_record


def notebook_folder(notebook: Path | None, root: Path) -> str:
    """Return the way from the project to the notebook's folder with forward slashes, "" if they are one."""
    folder = (notebook.parent if notebook is not None else Path()).resolve()
    try:
        relative = os.path.relpath(folder, root.resolve())
    except ValueError:  # another drive, on Windows
        return folder.as_posix()
    return "" if relative == os.curdir else Path(relative).as_posix()


def notebook_file(notebook: Path | None, root: Path) -> str:
    """Return the way from the project to the notebook, "" for standard input."""
    if notebook is None:
        return ""
    folder = notebook_folder(notebook, root)
    return f"{folder}/{notebook.name}" if folder else notebook.name


def local_modules(notebook: Path | None, modules: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``modules`` that are a file or a folder beside the notebook."""
    folder = notebook.parent if notebook is not None else Path()
    tops = sorted({module.split(".")[0] for module in modules} - {""})
    return tuple(top for top in tops if _is_module(folder / top))


def _is_module(path: Path) -> bool:
    return path.with_name(f"{path.name}.py").is_file() or (path.is_dir() and any(path.glob("*.py")))


def taken_modules(root: Path) -> tuple[str, ...]:
    """Return the modules beside pipeline.yaml that are not refactor's own: these keep their names."""
    ours = read_record(root / RECORD).files
    return tuple(sorted(path.stem for path in root.glob("*.py") if path.name not in ours))


def is_module_of_ours(name: str) -> bool:
    """Tell whether the module for definitions may be called so."""
    return re.fullmatch(r"exported(_[a-z0-9_]+)?", name) is not None


def leads_out(prefix: str) -> bool:
    """Tell whether a folder for products is not below the project's."""
    normal = posixpath.normpath(prefix.replace("\\", "/"))
    return normal.startswith("/") or normal.split("/")[0] == ".." or bool(re.match(r"[A-Za-z]:", normal))
