"""For GitLab: a code quality report (https://docs.gitlab.com/ci/testing/code_quality/)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from soorgeon_clone.lint.locate import Lines
from soorgeon_clone.lint.model import Diagnostic, FileResult
from soorgeon_clone.lint.reports.grouped import where

_LEVELS = {"error": "critical", "warning": "major", "info": "info"}


def render(results: Sequence[FileResult], style: Any) -> str:
    """Return the report."""
    issues = []
    taken: set[str] = set()
    for result in results:
        lines = Lines.read(result.file) if result.diagnostics else None
        for one in result.diagnostics:
            assert lines is not None
            issues.append(
                {
                    "description": f"{where(one)}: {one.finding.message}",
                    "check_name": one.code,
                    "fingerprint": fingerprint(one, taken),
                    "severity": _LEVELS[one.severity],
                    "location": {
                        "path": PurePath(one.file).as_posix(),
                        "lines": {"begin": lines.of(one.finding.cell, one.finding.row)},
                    },
                }
            )
    return json.dumps(issues, indent=1)


def fingerprint(diagnostic: Diagnostic, taken: set[str]) -> str:
    """Return what stays the same when cells are added above: rule, file, message and the line's text."""
    parts = [diagnostic.code, PurePath(diagnostic.file).as_posix(), diagnostic.finding.message, *diagnostic.lines]
    number = 0
    while True:
        text = "\0".join([*parts, str(number)])
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        if digest not in taken:
            taken.add(digest)
            return digest
        number += 1
