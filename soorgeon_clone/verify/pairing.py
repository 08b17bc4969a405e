"""Cells of the notebook and cells of its tasks -> pairs, by what stands in them.

Tasks hold the notebook's cells in its order; definitions may have moved to exported.py, so that a cell is shorter, or
gone, and cells of ours were added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from soorgeon_clone.verify.capture import is_ours

_FROM_EXPORTED = re.compile(r"from exported(_\w+)? import")


def pair(notebook: Mapping[int, str], task: Sequence[Mapping[str, Any]]) -> dict[int, int]:
    """Return index of a notebook's cell -> number of the task's cell.

    ``notebook`` are the code cells of the task's sections.
    """
    pairs: dict[int, int] = {}
    waiting = list(notebook)
    for number, cell in enumerate(task):
        if cell["cell_type"] != "code" or is_ours(cell) or not text(cell).strip():
            continue
        for position, index in enumerate(waiting):
            if _is_part(text(cell), notebook[index]):
                pairs[index] = number
                del waiting[: position + 1]
                break
    return pairs


def text(cell: Mapping[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _is_part(part: str, whole: str) -> bool:
    """Tell whether the lines of ``part`` stand in ``whole`` in this order, but for imports from exported.py."""
    lines = iter(_lines(whole))
    return all(any(line == other for other in lines) for line in _lines(part) if not _FROM_EXPORTED.search(line))


def _lines(source: str) -> list[str]:
    return [line.rstrip() for line in source.split("\n") if line.strip()]
