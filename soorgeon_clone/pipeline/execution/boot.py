"""The command lines of the processes that execution starts, and what the first of them is told."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import soorgeon_clone
from soorgeon_clone.pipeline.execution.model import Isolation


@dataclass(frozen=True)
class ServerSettings:
    """What the build tells the server at the start.

    ``environment`` is the build's own. ``avoid`` are packages that a warm parent must not import.
    """

    isolation: Isolation
    modules: tuple[str, ...]
    cwd: Path
    blas_threads: int | None
    environment: dict[str, str]
    avoid: frozenset[str] = frozenset()


def command(module: str, *arguments: str) -> list[str]:
    """Return the command line of a process that calls ``main(*arguments)`` of ``module``."""
    script = Path(__file__).with_name("start.py")
    return [sys.executable, str(script), str(Path(soorgeon_clone.__file__).parents[1]), module, *arguments]


_HERE = __name__.rpartition(".")[0]
SERVER = f"{_HERE}.server"
FRESH = f"{_HERE}.fresh"
KERNEL = f"{_HERE}.kernel"
PORTABLE = f"{_HERE}.portable"
JUPYTER = f"{_HERE}.jupyter"
