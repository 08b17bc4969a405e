"""The command lines of the processes that execution starts, and what the first of them is told.

A process begins as a kernel does, with the interpreter's own import path and no script's folder in it; the folder of
this package is there only until the package is imported.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import soorgeon_clone
from soorgeon_clone.pipeline.execution.model import Isolation

_CODE = """\
import sys
path = [each for each in sys.path if each]
sys.path[:] = [*path, sys.argv[2]]
from soorgeon_clone.pipeline.execution import {module}
sys.path[:] = path
{module}.main({argument})
"""


@dataclass(frozen=True)
class Settings:
    """What the build tells the server at the start. ``environment`` is the build's own."""

    isolation: Isolation
    modules: tuple[str, ...]
    cwd: Path
    blas_threads: int | None
    environment: dict[str, str]


def command(kind: str, argument: str) -> list[str]:
    """``kind``: "server" (its argument is a descriptor), "fresh" or "kernel" (a job file)."""
    code = _CODE.format(module=kind, argument="int(sys.argv[1])" if kind == "server" else "sys.argv[1]")
    return [sys.executable, "-c", code, argument, str(Path(soorgeon_clone.__file__).parents[1])]
