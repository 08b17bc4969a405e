"""Isolation -> Executor: the one way in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from soorgeon_clone.pipeline.execution.model import Executor, Isolation, OnProgress


def open_executor(
    isolation: Isolation,
    *,
    modules: Sequence[str],
    cwd: Path,
    blas_threads: int | None,
    on_progress: OnProgress | None = None,
) -> Executor:
    """Returns at once with an executor (a context manager); its warm parent imports ``modules`` meanwhile.

    Open it as early as possible. ``modules`` are installed modules that the tasks import, never local ones.
    ``blas_threads`` is the number of threads of numerical libraries for each task; None leaves it to them.
    """
    raise NotImplementedError
