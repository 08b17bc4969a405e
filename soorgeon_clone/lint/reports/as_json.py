"""For programs: ``{"diagnostics": [...], "trouble": [...], "skipped": [...]}`` (see `record.as_mapping`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from soorgeon_clone.lint.model import FileResult
from soorgeon_clone.lint.record import as_mapping


def render(results: Sequence[FileResult], style: Any) -> str:
    """Return the report."""
    report = {
        "diagnostics": [as_mapping(one) for result in results for one in result.diagnostics],
        "trouble": [{"file": one.file, "message": one.trouble} for one in results if one.trouble],
        "skipped": [{"file": one.file, "message": one.note} for one in results if one.note],
    }
    return json.dumps(report, indent=1)
