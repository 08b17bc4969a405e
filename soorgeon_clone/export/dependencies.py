"""A project's folder -> what installs its libraries in an image, or in a fresh environment: lock files first.

A lock names all versions; requirements.txt may; so the first of these files counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from soorgeon_clone.files import regular
from soorgeon_clone.files.project import sets_up
from soorgeon_clone.pyproject import read_toml

_MOST_BYTES = 1_000_000
EXPORTED = "/tmp/requirements.txt"


@dataclass(frozen=True)
class Dependencies:
    """``source`` is the file that says what is needed. ``prepare`` are commands, which read ``files``; then pip is told
    ``wanted``. ``image`` has conda, where it is conda's. ``package``: the project is one that pip installs."""

    source: str | None = None
    files: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
    wanted: str = ""
    image: str | None = None
    package: bool = False
    paths: tuple[str, ...] = ()


NO_DEPENDENCIES = Dependencies()


def pip(name: str) -> Dependencies:
    """What pip reads."""
    return Dependencies(name, (name,), wanted=f"-r {name}")


def _uv(name: str) -> Dependencies:
    exported = f"uv export --quiet --frozen --no-emit-project --no-dev --output-file {EXPORTED}"
    prepare = ("pip install --no-cache-dir uv", exported)
    return Dependencies(name, ("pyproject.toml", name), prepare, f"-r {EXPORTED}")


def _poetry(name: str) -> Dependencies:
    prepare = (
        "pip install --no-cache-dir poetry poetry-plugin-export",
        f"poetry export --without-hashes --output {EXPORTED}",
    )
    return Dependencies(name, ("pyproject.toml", name), prepare, f"-r {EXPORTED}")


def _conda(name: str) -> Dependencies:
    prepare = (f"conda env update --name base --file {name}",)
    return Dependencies(name, (name,), prepare, image="condaforge/miniforge3")


# The first that is there counts.
_SOURCES: tuple[tuple[str, Callable[[str], Dependencies]], ...] = (
    ("requirements.lock.txt", pip),
    ("uv.lock", _uv),
    ("poetry.lock", _poetry),
    ("requirements.txt", pip),
    ("environment.lock.yml", _conda),
    ("environment.yml", _conda),
    ("environment.yaml", _conda),
)


def dependencies(root: Path) -> Dependencies:
    """What a project declares. Raises UserError for a pyproject.toml that is none."""
    found = next((read(name) for name, read in _SOURCES if regular.is_regular(root / name)), NO_DEPENDENCIES)
    return replace(found, package=_is_package(root), paths=tuple(_paths(root)))


def _is_package(root: Path) -> bool:
    """Whether pip can install the project: it says how it is built, and has a name; or it has a setup.py."""
    file = root / "pyproject.toml"
    told = read_toml(file) if regular.is_regular(file) else {}
    poetry = told.get("tool", {}).get("poetry", {})
    return ("build-system" in told and ("name" in told.get("project", {}) or "name" in poetry)) or sets_up(root)


def _paths(root: Path) -> Iterator[str]:
    """Where modules of the project are found that are not beside pipeline.yaml: in what PYTHONPATH names of it, and in
    the folder ``lib``, as with Soopervisor."""
    named = [Path(entry) for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    found = [Path(os.path.realpath(path)) for path in (*named, root / "lib")]
    top = Path(os.path.realpath(root))
    for path in dict.fromkeys(found):
        if path == top or not path.is_relative_to(top):
            continue
        inner = path.relative_to(top).as_posix()
        if inner.isprintable() and ":" not in inner and any(map(any, (path.glob("*.py"), path.glob("*/__init__.py")))):
            yield inner


def own_ignores(root: Path) -> tuple[str, ...]:
    """The lines of the project's own .dockerignore, without comments."""
    try:
        text = regular.read_bytes(root / ".dockerignore", limit=_MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ()
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))
