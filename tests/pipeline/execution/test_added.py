"""What refactor adds to a task shows nothing, but for errors."""

from __future__ import annotations

from typing import Any

from soorgeon_clone.notebook.tags import DEFINITIONS, IMPORTS, LOAD, SETTINGS
from soorgeon_clone.pipeline.execution.cells import silence_added


def cell(*tags: str) -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": "loud\n"}, {"output_type": "error", "ename": "E"}]
    return {"cell_type": "code", "source": "x", "metadata": {"tags": list(tags)}, "outputs": outputs}


def test_only_errors_stay() -> None:
    cells = [cell(), cell(IMPORTS), cell(SETTINGS), cell(DEFINITIONS), cell(LOAD), cell("mine"), cell("parameters")]
    silence_added({"cells": [*cells, {"cell_type": "markdown", "source": "a", "metadata": {}}]})
    assert [len(one["outputs"]) for one in cells] == [2, 1, 1, 1, 1, 2, 2]
