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

# For scripts that we write: they open in Jupyter with Python's default kernel. Without the format's name, jupytext may
# take a script for another format because of a comment that looks like a magic; jupytext's version would change the
# script at each upgrade.
SCRIPT_METADATA: dict[str, Any] = {
    "jupytext": {"text_representation": {"extension": ".py", "format_name": "percent", "format_version": "1.3"}},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
}

_TEXT_KINDS = frozenset({"application/javascript", "image/svg+xml"})
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
        if "outputs" in cell:
            cell["outputs"] = [_with_lines(output) for output in cell["outputs"]]
        if "attachments" in cell:
            cell["attachments"] = {name: _bundle_with_lines(bundle) for name, bundle in cell["attachments"].items()}
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False, separators=(",", ": "))
    try:
        text.encode()
    except UnicodeEncodeError:  # Outputs may hold lone surrogates, which a file can only hold as escapes.
        text = json.dumps(data, indent=1, sort_keys=True, separators=(",", ": "))
    return text + "\n"


def to_data(cells: Sequence[Cell], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return nbformat 4.5 as plain dicts. Cells without a valid id of their own get one that depends on their text."""
    taken: dict[str, int] = {}
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


def _cell_data(cell: Cell, taken: dict[str, int]) -> dict[str, Any]:
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


def _with_lines(output: Mapping[str, Any]) -> dict[str, Any]:
    """Return an output with its texts as lists of lines, which is how notebooks are stored."""
    if output.get("output_type") == "stream" and isinstance(text := output.get("text"), str):
        return {**output, "text": text.splitlines(keepends=True)}
    if isinstance(data := output.get("data"), Mapping):
        return {**output, "data": _bundle_with_lines(data)}
    return dict(output)


def _bundle_with_lines(bundle: Any) -> Any:
    if not isinstance(bundle, Mapping):
        return bundle
    return {
        kind: value.splitlines(keepends=True)
        if isinstance(value, str) and (kind.startswith("text/") or kind in _TEXT_KINDS)
        else value
        for kind, value in bundle.items()
    }


def _free_id(cell: Cell, taken: dict[str, int]) -> str:
    """Return an id that no other cell has; ``taken`` holds ids, and how many cells of one text came before."""
    identity = cell.id if cell.id and _VALID_ID.fullmatch(cell.id) else ""
    text = f"{cell.kind} {cell.source}"
    while not identity or identity in taken:
        attempt = taken.get(text, 0)
        taken[text] = attempt + 1
        text_of_attempt = f"{cell.kind} {attempt} {cell.source}"
        identity = hashlib.sha256(text_of_attempt.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    taken[identity] = 0
    return identity
