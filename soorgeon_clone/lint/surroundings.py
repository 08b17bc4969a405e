"""What is around a notebook: installed modules, modules beside it, the project's requirements. Never imports them."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular
from soorgeon_clone.files.project import sets_up

# Brought along by a distribution that many requirements name instead.
_BROUGHT = {
    "numpy": {"pandas", "scipy", "scikit-learn", "matplotlib"},
    "IPython": {"jupyter", "ipykernel", "notebook", "jupyterlab"},
}
_MOST_BYTES = 1_000_000  # of a list of requirements; what is larger is none
_REQUIREMENT = r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)"


@dataclass(frozen=True)
class Surroundings:
    """What a notebook in ``folder``, an absolute path, has around it."""

    folder: Path

    def has_module(self, name: str) -> bool:
        """Tell whether a module is installed, or stands beside the notebook or above it, up to the project."""
        return self.is_installed(name) or self.is_beside(name)

    @staticmethod
    def is_installed(name: str) -> bool:
        """Tell whether a module is installed here (or is Python's own)."""
        return _is_installed(name)

    def is_beside(self, name: str) -> bool:
        """Tell whether a module stands beside the notebook or above it, up to the project."""
        return _is_beside(str(self.folder), name)

    @cache  # noqa: B019 - there are as many as folders with notebooks
    def lacks_requirement(self, module: str) -> bool:
        """Tell whether the project has requirements, and the module comes with none of them."""
        from soorgeon_clone.distributions.of_module import installed, normal, usual

        required = _requirements(self.folder)
        if required is None or self.is_beside(module) or module in self.folder.parts:
            return False
        names = {normal(name) for name in (*installed(module), usual(module))}
        return not (names | _BROUGHT.get(module, set())) & required

    def repeated_imports(self) -> frozenset[str]:
        """Return the imports, one name each, that tasks in the folder repeat of a notebook that was cut, or modules
        of theirs, in the form of `imports.whole`."""
        return _repeated_imports(str(self.folder))


@cache
def surroundings_of(folder: str) -> Surroundings:
    """Return what is around the notebooks of a folder, an absolute path."""
    return Surroundings(Path(folder))


@cache
def _is_beside(folder: str, name: str) -> bool:
    return any(os.path.isfile(f"{one}/{name}.py") or os.path.isdir(f"{one}/{name}") for one in _places(folder))  # noqa: PTH112, PTH113


@cache
def _places(folder: str) -> tuple[str, ...]:
    """Return where modules beside a notebook may be: its folder, those above it up to the project's, their ``src``.

    Tasks run in the folder of their pipeline, so that this one counts where there is no project.
    """
    places: list[str] = []
    of_pipeline: tuple[str, ...] = ()
    for one in (Path(folder), *Path(folder).parents):
        places += [str(one), f"{one}/src"]
        if not of_pipeline and (one / "pipeline.yaml").is_file():
            of_pipeline = tuple(places)
        if any((one / mark).exists() for mark in (".git", "pyproject.toml")) or sets_up(one):
            return tuple(places)
    return of_pipeline or (folder, f"{folder}/src")


@cache
def _repeated_imports(folder: str) -> frozenset[str]:
    from soorgeon_clone.notebook.read import parse
    from soorgeon_clone.notebook.tags import IMPORTS

    texts: list[str] = []
    for name in sorted(_names_in(Path(folder))):
        path = Path(folder, name)
        data = _bytes(path) if path.suffix in (".py", ".ipynb") else b""
        if IMPORTS.encode() in data:
            try:
                texts += [cell.source for cell in parse(data, path).cells if IMPORTS in cell.tags]
            except UserError:
                continue
    if not texts:
        return frozenset()
    above = next((one for one in (Path(folder), *Path(folder).parents) if (one / "pipeline.yaml").is_file()), None)
    modules = [above / name for name in _names_in(above) if name.endswith(".py")] if above is not None else []
    texts += [_bytes(path).decode("utf-8", "replace") for path in modules if str(path.parent) != folder]
    return frozenset(one for text in texts for one in _imports_in(text))


def _imports_in(text: str) -> Iterable[str]:
    from soorgeon_clone.lint.imports import whole

    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (whole(node, alias) for alias in node.names)


@cache
def _is_installed(name: str) -> bool:
    if name in sys.stdlib_module_names:
        return True
    try:
        return PathFinder.find_spec(name) is not None
    except (ImportError, ValueError, OSError):
        return False


@cache
def _requirements(folder: Path) -> frozenset[str] | None:
    """Return the names that the nearest requirements of a folder list; None if there are none up to the project."""
    found: set[str] = set()
    names = _names_in(folder)
    lists = [folder / name for name in names if name.startswith("requirements") and name.endswith(".txt")]
    if "requirements" in names:
        lists += [
            folder / "requirements" / name for name in _names_in(folder / "requirements") if name.endswith(".txt")
        ]
    for file in lists:
        found.update(_listed(_lines(file)))
    for name in names & {"environment.yml", "environment.yaml"}:
        found.update(_listed(line.strip().removeprefix("- ") for line in _lines(folder / name)))
    if "pyproject.toml" in names:
        found.update(_declared(folder / "pyproject.toml"))
    if found:
        return frozenset(found)
    if folder.parent == folder or ".git" in names:
        return None
    return _requirements(folder.parent)


def _names_in(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))  # noqa: PTH208 - once for all, which globs are not
    except OSError:
        return set()


def _lines(file: Path) -> list[str]:
    return _bytes(file).decode("utf-8", "replace").splitlines()


def _bytes(file: Path) -> bytes:
    try:
        return regular.read_bytes(file, limit=_MOST_BYTES)
    except OSError:
        return b""


def _listed(lines: Iterable[str]) -> Iterable[str]:
    from soorgeon_clone.distributions.of_module import normal  # loads importlib.metadata, a tenth of a warm run

    for line in lines:
        if (match := re.match(_REQUIREMENT, line)) and not line.rstrip().endswith(":"):
            yield normal(match.group(1))


def _declared(file: Path) -> set[str]:
    """Return the dependencies that a pyproject.toml declares, extras and groups included."""
    from soorgeon_clone.pyproject import read_toml

    try:
        data: Any = read_toml(file)
    except UserError:
        return set()
    project = data.get("project", {}) if isinstance(data.get("project"), dict) else {}
    lists = [project.get("dependencies", [])]
    for table in (project.get("optional-dependencies", {}), data.get("dependency-groups", {})):
        lists += list(table.values()) if isinstance(table, dict) else []
    poetry = data.get("tool", {}).get("poetry", {}) if isinstance(data.get("tool"), dict) else {}
    lists.append(list(poetry.get("dependencies", {})) if isinstance(poetry, dict) else [])
    texts = [item for one in lists if isinstance(one, list) for item in one if isinstance(item, str)]
    return set(_listed(texts)) - {"python"}
