"""Executed notebook -> what the project's own code that saves frames says a table does not keep.

That code runs without this package, so it says so as anybody would: by a warning, whose category is known by its name.
"""

from __future__ import annotations

from pathlib import Path

from soorgeon_clone.pipeline.execution.written import read_executed

_CATEGORY = "NotKept: "


def not_kept(path: Path) -> list[str]:
    """Return the messages of these warnings, in order; none where the notebook has become a page."""
    if path.suffix != ".ipynb" or _CATEGORY.encode() not in path.read_bytes():
        return []
    texts = (
        "".join(output.get("text", ""))
        for cell in read_executed(path)["cells"]
        for output in cell.get("outputs", ())
        if output.get("name") == "stderr"
    )
    lines = (line for text in texts for line in text.split("\n"))
    return [line.partition(_CATEGORY)[2] for line in lines if _CATEGORY in line]
