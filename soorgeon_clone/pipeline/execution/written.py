"""Executed notebook -> its file: at once or not at all, and the same bytes for the same content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from soorgeon_clone.files.atomic import put

_HUGE = 2_000_000


def write_notebook(notebook: dict[str, Any], path: Path) -> None:
    """Writes aside, then renames. The format is nbformat's: sorted keys, indent 1, texts as lists of lines."""
    cells = [_split(cell) for cell in notebook["cells"]]
    # a lone surrogate has no UTF-8; as \udXXX it is valid JSON
    data = json.dumps({**notebook, "cells": cells}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_aside(path, data.encode("utf-8", "backslashreplace"))


def write_aside(path: Path, data: bytes) -> None:
    """Writes a file beside ``path`` and renames it when all its bytes are on the disk."""
    put(path, data, synced=True)


def _split(cell: dict[str, Any]) -> dict[str, Any]:
    split = {**cell, "source": _lines(cell.get("source", ""))}
    if "outputs" in cell:
        split["outputs"] = [_split_output(output) for output in cell["outputs"]]
    return split


def _split_output(output: dict[str, Any]) -> dict[str, Any]:
    if output["output_type"] == "stream":
        return {**output, "text": _lines(output["text"])}
    if "data" in output:
        return {**output, "data": {mime: _split_mime(mime, value) for mime, value in output["data"].items()}}
    return output


def _split_mime(mime: str, value: Any) -> Any:
    if mime.startswith("text/") or mime in ("application/javascript", "image/svg+xml"):
        return _lines(value)
    return value


def _lines(value: Any) -> Any:
    """A text as its lines. A huge one stays in one piece, which nbformat allows: millions of lines cost gigabytes."""
    return value.splitlines(keepends=True) if isinstance(value, str) and len(value) < _HUGE else value


def read_executed(path: Path) -> dict[str, Any]:
    """The notebook that ``write_notebook`` wrote, with texts in one piece again."""
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = _joined(cell["source"])
        for output in cell.get("outputs", ()):
            if output["output_type"] == "stream":
                output["text"] = _joined(output["text"])
            elif "data" in output:
                output["data"] = {mime: _joined_mime(mime, value) for mime, value in output["data"].items()}
    return notebook


def _joined_mime(mime: str, value: Any) -> Any:
    return value if mime.endswith("json") else _joined(value)


def _joined(value: Any) -> Any:
    return "".join(value) if isinstance(value, list) else value
