"""A result of now or of an earlier run -> the same without what the notebook's surroundings say is no finding."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from soorgeon_clone.lint.registry import rule_of

if TYPE_CHECKING:
    from soorgeon_clone.lint.model import Diagnostic, FileResult
    from soorgeon_clone.lint.rule import LiveRule
    from soorgeon_clone.lint.surroundings import Surroundings


def confirmed(result: FileResult, path: Path | None) -> FileResult:
    """Return a result without findings that what is around clears (a module is there after all), and with fixes only as
    safe as they are for modules of the user's own."""
    found = result.diagnostics
    subjects: dict[str, dict[str, None]] = {}
    for one in found:
        if one.finding.subject:
            subjects.setdefault(one.code, {})[one.finding.subject] = None
    if not subjects and not any(one.finding.fix and one.finding.fix.imports for one in found):
        return result
    from soorgeon_clone.lint.surroundings import surroundings_of

    surroundings = surroundings_of(os.path.abspath(os.path.dirname(path or "")))  # noqa: PTH100, PTH120
    kept = (
        one
        for one in found
        if not one.finding.subject
        or cast("LiveRule", rule_of(one.code)).confirm(one.finding, tuple(subjects[one.code]), surroundings)
    )
    return replace(result, diagnostics=tuple(_with_safe_fix(one, surroundings) for one in kept))


def _with_safe_fix(one: Diagnostic, surroundings: Surroundings) -> Diagnostic:
    fix = one.finding.fix
    if fix is None or not fix.safe or not any(not top or surroundings.is_beside(top) for top in fix.imports):
        return one
    return one._replace(finding=one.finding._replace(fix=fix._replace(safe=False)))
