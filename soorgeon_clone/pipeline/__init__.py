"""pipeline.yaml -> spec -> DAG -> status -> run. ``Pipeline`` is the Python interface (see `api`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from soorgeon_clone.pipeline.api import Pipeline

__all__ = ["Pipeline"]


def __getattr__(name: str) -> Any:
    """Import the interface when it is asked for: the modules of this room do not need it."""
    if name == "Pipeline":
        from soorgeon_clone.pipeline.api import Pipeline

        return Pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
