"""`Cell`s -> the text of a script (percent format) or of an .ipynb file, and nodes for those that execute notebooks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from soorgeon_clone.notebook import formats, percent
from soorgeon_clone.notebook.model import Cell, Notebook

_VALID_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def to_script(cells: Sequence[Cell], metadata: Mapping[str, Any]) -> str:
    """Return a script in the percent format, which opens as a notebook and reads back as the same cells.

    Tags and titles are kept, other cell metadata and outputs are not. Without metadata there is no header.
    """
    return percent.write_script(cells, metadata)


def to_ipynb(cells: Sequence[Cell], metadata: Mapping[str, Any]) -> str:
    """Return the text of an .ipynb file (nbformat 4.5), laid out as Jupyter lays it out."""
    data = to_data(cells, metadata)
    for cell in data["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, separators=(",", ": "))
    try:
        text.encode()
    except UnicodeEncodeError:  # Outputs may hold lone surrogates, which a file can only hold as escapes.
        text = json.dumps(data, indent=1, sort_keys=True, separators=(",", ": "))
    return text + "\n"


def to_data(cells: Sequence[Cell], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return nbformat 4.5 as plain dicts. Cells without a valid id of their own get one that depends on their text."""
    taken: set[str] = set()
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": dict(metadata),
        "cells": [_cell_data(cell, taken) for cell in cells],
    }


def to_node(notebook: Notebook) -> Any:
    """Return the notebook as nbformat's NotebookNode, for what executes or converts it."""
    return formats.make_node(to_data(notebook.cells, notebook.metadata))


def write_node(node: Any, path: Path) -> None:
    """Write a NotebookNode to a file, as Jupyter does."""
    formats.write_node(node, path)


def _cell_data(cell: Cell, taken: set[str]) -> dict[str, Any]:
    metadata = {key: value for key, value in cell.metadata.items() if key != "tags"}
    if cell.tags:
        metadata["tags"] = percent.ordered_tags(cell)
    data: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": _free_id(cell, taken),
        "metadata": metadata,
        "source": cell.source,
    }
    if cell.kind == "code":
        data |= {"execution_count": cell.execution_count, "outputs": [dict(output) for output in cell.outputs]}
    elif cell.attachments:
        data["attachments"] = dict(cell.attachments)
    return data


def _free_id(cell: Cell, taken: set[str]) -> str:
    identity = cell.id if cell.id and _VALID_ID.fullmatch(cell.id) else ""
    attempt = 0
    while not identity or identity in taken:
        text = f"{cell.kind} {attempt} {cell.source}"
        identity = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        attempt += 1
    taken.add(identity)
    return identity
