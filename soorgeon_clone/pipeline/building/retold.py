"""An executed notebook and a source of which only text and comments changed -> the notebook as it would be, not run.

Where something that the notebook shows may depend on the text of its code, there is none: the task has to run.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from soorgeon_clone.notebook.tags import PARAMETERS
from soorgeon_clone.pipeline.execution.cells import blank, hidden_tag, is_run, tags, text
from soorgeon_clone.pipeline.sources.code_facts import normal

# Names in code that may look at its own text or at numbers of lines, and what outputs show of these.
_LOOKS = re.compile(r"\b(getsource\w*|_ih|_i\d*|In|get_ipython|linecache|\w*lineno|currentframe|stack)\b|%\s*hist")
_SHOWS = ("ipykernel_0", "In[")

Cell = dict[str, Any]


def retold(executed: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the notebook ``source`` with the outputs of ``executed``; None where it has to run.

    Texts of cells are in one piece in both.
    """
    notebook = blank(source)
    old, new = _that_matter(executed["cells"]), _that_matter(notebook["cells"])
    if len(old) != len(new):
        return None
    for before, after in zip(old, new, strict=True):
        if not _same_code(before, after) or _LOOKS.search(text(after)):
            return None
    if any(shown in json.dumps(cell.get("outputs", ())) for cell in old for shown in _SHOWS):
        return None
    for before, after in zip(old, new, strict=True):
        after["outputs"] = before.get("outputs", [])
        if "execution" in before.get("metadata", {}):
            after.setdefault("metadata", {})["execution"] = before["metadata"]["execution"]
    _number(notebook["cells"])
    if "widgets" in executed.get("metadata", {}):
        notebook["metadata"]["widgets"] = executed["metadata"]["widgets"]
    if "language_info" not in notebook["metadata"]:  # another language's
        notebook["metadata"]["language_info"] = executed["metadata"].get("language_info", {})
    return notebook


def _that_matter(cells: list[Cell]) -> list[Cell]:
    """The cells that run and hold more than comments."""
    return [cell for cell in cells if cell["cell_type"] == "code" and is_run(cell) and not _is_comment(text(cell))]


def _is_comment(source: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in source.splitlines())


def _same_code(before: Cell, after: Cell) -> bool:
    old, new = text(before), text(after)
    if old == new or (PARAMETERS in tags(before) and PARAMETERS in tags(after)):  # its values are declarations
        return True
    try:
        return normal(ast.parse(old)) == normal(ast.parse(new))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _number(cells: list[Cell]) -> None:
    """Give the cells the execution counts of a run."""
    count = 0
    for cell in cells:
        if cell["cell_type"] != "code" or not is_run(cell) or hidden_tag(cell):
            continue
        count += 1
        cell["execution_count"] = count
        for output in cell.get("outputs", ()):
            if output["output_type"] == "execute_result":
                output["execution_count"] = count
