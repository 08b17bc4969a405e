"""A result of now or of an earlier run -> the same without what the notebook's surroundings say is no finding."""

from __future__ import annotations

import os
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
    from soorgeon_clone.lint.surroundings import surroundings_of

    surroundings = surroundings_of(os.path.dirname(path or ""))  # noqa: PTH120
    kept = tuple(
        one
        for one in result.diagnostics
        if not one.finding.subject or cast("LiveRule", rule_of(one.code)).confirm(one.finding, modules, surroundings)
    )
    return replace(result, diagnostics=kept)
