"""The command lines of the processes that execution starts, and what the first of them is told."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import soorgeon_clone
from soorgeon_clone.pipeline.execution.model import Isolation


@dataclass(frozen=True)
class Settings:
    """What the build tells the server at the start.

    ``environment`` is the build's own. ``avoid`` are packages that a warm parent must not import.
    """

    isolation: Isolation
    modules: tuple[str, ...]
    cwd: Path
    blas_threads: int | None
    environment: dict[str, str]
    avoid: frozenset[str] = frozenset()


def command(kind: Literal["server", "fresh", "kernel", "portable"], argument: str) -> list[str]:
    """``argument``: the descriptor of a server's connection, or the path of a job's file or folder."""
    script = Path(__file__).with_name("start.py")
    return [sys.executable, str(script), kind, argument, str(Path(soorgeon_clone.__file__).parents[1])]
