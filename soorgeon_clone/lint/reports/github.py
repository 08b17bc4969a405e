"""For GitHub Actions: workflow commands that become annotations on the lines of the file.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from soorgeon_clone.lint.locate import Lines
from soorgeon_clone.lint.model import FileResult
from soorgeon_clone.lint.reports.grouped import where
from soorgeon_clone.visible import visible

_LEVELS = {"error": "error", "warning": "warning", "info": "notice"}


def render(results: Sequence[FileResult], style: Any) -> str:
    """Return the report."""
    return "\n".join(line for result in results for line in _commands(result))


def _commands(result: FileResult) -> Iterator[str]:
    if result.trouble:
        yield f"::error file={_property(result.file)},title=soorgeon-clone lint::{_data(result.trouble)}"
    lines = Lines.read(result.file) if result.diagnostics else None
    for one in result.diagnostics:
        assert lines is not None
        found = one.finding
        line = lines.of(found.cell, found.row)
        title = _property(f"{one.code} {one.name}")
        message = f"{where(one)}: {found.message}" + (f"\n{found.hint}" if found.hint else "")
        place = f"file={_property(one.file)},line={line},title={title}"
        yield f"::{_LEVELS[one.severity]} {place}::{_data(message)}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
