"""Products -> where the user's file client takes them (``clients: {File: module.function}``), in a process of its own.

The function returns an object with ``upload(path)``: a client of Ploomber's, or any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from soorgeon_clone.errors import UserError


def upload(dotted: str, args: Mapping[str, Any], paths: Sequence[str]) -> None:
    """Have all paths taken there. Raises UserError for what is no client of files."""
    import importlib

    module, _, name = dotted.rpartition(".")
    client = getattr(importlib.import_module(module), name)(**args)
    if not callable(getattr(client, "upload", None)):
        raise UserError(
            f"{dotted} returned {type(client).__name__}, which has no method 'upload'",
            hint="For a folder or a bucket that machines share, say 'store: URL' in pipeline.yaml instead.",
        )
    for path in paths:
        client.upload(path)
