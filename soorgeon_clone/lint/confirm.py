"""A result of now or of an earlier run -> the same without what the notebook's surroundings say is no finding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from soorgeon_clone.lint.registry import rule_of

if TYPE_CHECKING:
    from soorgeon_clone.lint.model import FileResult, LiveRule


def confirmed(result: FileResult, path: Path | None) -> FileResult:
    """Return a result without findings about modules that are there after all."""
    modules = tuple({one.finding.subject: None for one in result.diagnostics if one.finding.subject})
    if not modules:
        return result
    from soorgeon_clone.lint.surroundings import Surroundings

    surroundings = Surroundings(path.parent if path is not None else Path())
    kept = tuple(
        one
        for one in result.diagnostics
        if not one.finding.subject or cast("LiveRule", rule_of(one.code)).confirm(one.finding, modules, surroundings)
    )
    return replace(result, diagnostics=kept)
