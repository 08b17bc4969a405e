"""Small notebooks as the text of .ipynb files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from soorgeon_clone.lint.model import Limits
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.notebook.read import parse


def code(source: str, count: int | None = None, *outputs: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    lines = source.splitlines(keepends=True)
    cell = {"cell_type": "code", "execution_count": count, "metadata": {}, "outputs": list(outputs), "source": lines}
    return cell | more


def text(source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": source.splitlines(keepends=True)}


def ipynb(*cells: Mapping[str, Any] | str, **more: Any) -> bytes:
    """Return the file. A text is a code cell that did not run."""
    made = [code(cell) if isinstance(cell, str) else dict(cell) for cell in cells]
    data = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4} | more
    return (json.dumps(data, indent=1) + "\n").encode()


def subject_of(*cells: str) -> Subject:
    return Subject(parse(ipynb(*cells), None), Limits())
