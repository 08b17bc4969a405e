"""Small notebooks and what became of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.execution.model import Executor, Job, Outcome
from soorgeon_clone.pipeline.execution.written import read_executed


def notebook(*cells: str | tuple[str, str]) -> dict[str, Any]:
    """Each cell is its source, or (tag, source)."""
    pairs = [("", cell) if isinstance(cell, str) else cell for cell in cells]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{number}",
                "metadata": {"tags": [tag]} if tag else {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, (tag, source) in enumerate(pairs)
        ],
    }


def run(executor: Executor, folder: Path, *cells: str | tuple[str, str], **options: Any) -> tuple[Outcome, list[Any]]:
    """Runs the cells as one job in ``folder``; returns its outcome and the outputs of its cells."""
    output = folder / "executed.ipynb"
    executor.start(Job("job", notebook(*cells), output, folder, **options))
    (outcome,) = executor.wait(60)
    return outcome, [cell["outputs"] for cell in read_executed(output)["cells"]] if output.exists() else []


def printed(outputs: list[dict[str, Any]]) -> str:
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


def shown(outputs: list[dict[str, Any]], folder: Path) -> list[Any]:
    """Outputs without what differs from run to run.

    A kernel flushes its two streams by the clock; so each stream's text between two other outputs counts as a whole.
    """
    result: list[Any] = []
    streams: dict[str, str] = {}
    for output in [*outputs, None]:
        if output and output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + output["text"]
            continue
        result += [[name, streams[name]] for name in sorted(streams)]
        streams.clear()
        if output:
            result.append(output)
    cleaned: list[Any] = json.loads(
        _steady(json.dumps(result, sort_keys=True, ensure_ascii=False).replace(str(folder), "FOLDER"))
    )
    return cleaned


def _steady(text: str) -> str:
    text = re.sub(r"0x[0-9a-f]{6,}", "ADDRESS", text)
    text = re.sub(r"/[^\s\"]*ipykernel_\d+/\d+\.py|\(\d+\.py", "CELL.py", text)
    text = re.sub(r"(CPU times|Wall time|<dc:date>)[^\\\"]*(\\n)?", "", text)
    return re.sub(r"[\d.]+ ([nμµm]|\\u03bc)?s\b( \\u00b1 [^\"\\]*)?", "TIME", text)
