"""Cells of a task -> whether Ploomber's check before a run would refuse them, though they run.

Ploomber comments magics out and gives the rest to pyflakes, so a name that a magic binds, `display`, a top-level
`await` or `files = !ls` are errors to it. Such a task needs ``static_analysis: disable`` in pipeline.yaml.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from soorgeon_clone.analysis.undefined import undefined_names
from soorgeon_clone.notebook.model import Cell

_LINE = re.compile(r"\s*(?:%[a-zA-Z]|!.)")
_CELL = re.compile(r"\s*(%%[a-zA-Z]+)")
_RUNS_PYTHON = frozenset({"%%capture", "%%timeit", "%%time"})
# Known to IPython, unknown to pyflakes.
_UNKNOWN = frozenset({"display", "get_ipython", "In", "Out", "exit", "quit"})


def is_refused(cells: Sequence[Cell]) -> bool:
    """Return whether ``ploomber build`` would stop at the task."""
    text = "\n".join(line for cell in cells if cell.kind == "code" for line in _without_magics(cell.source))
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    nodes = list(ast.walk(tree))
    if any(isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) for node in nodes):
        return True
    if any(isinstance(node, ast.Name) and node.id in _UNKNOWN for node in nodes):
        return True
    return bool(undefined_names([text]))


def _without_magics(source: str) -> Iterator[str]:
    rest_is_other = False
    for line in source.splitlines():
        magic = _CELL.match(line)
        if rest_is_other or magic or _LINE.match(line):
            yield f"# {line}"
        else:
            yield line
        if magic and magic.group(1) not in _RUNS_PYTHON:
            rest_is_other = True
