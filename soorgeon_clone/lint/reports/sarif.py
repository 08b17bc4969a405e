"""For code scanning: SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/).

Lines are those of the file, as the format wants them; the cell and its line are a logical location and stand in the
message.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from soorgeon_clone import __version__
from soorgeon_clone.lint.locate import Lines
from soorgeon_clone.lint.manual import manual_of
from soorgeon_clone.lint.model import Diagnostic, FileResult
from soorgeon_clone.lint.registry import all_rules
from soorgeon_clone.lint.reports.gitlab import fingerprint
from soorgeon_clone.lint.reports.grouped import where

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(results: Sequence[FileResult], style: Any) -> str:
    """Return the report."""
    codes = list(all_rules())
    taken: set[str] = set()
    found = []
    for result in results:
        lines = Lines.read(result.file) if result.diagnostics else None
        for one in result.diagnostics:
            assert lines is not None
            found.append(_result(one, lines, codes.index(one.code), fingerprint(one, taken)))
    troubles = [
        {"level": "error", "message": {"text": result.trouble}, "locations": [{"physicalLocation": _file(result.file)}]}
        for result in results
        if result.trouble
    ]
    invocation: dict[str, Any] = {"executionSuccessful": not troubles}
    if troubles:
        invocation["toolExecutionNotifications"] = troubles
    driver = {"name": "soorgeon-clone", "semanticVersion": __version__, "rules": [_rule(code) for code in codes]}
    run = {"tool": {"driver": driver}, "invocations": [invocation], "columnKind": "unicodeCodePoints", "results": found}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _rule(code: str) -> dict[str, Any]:
    rule = all_rules()[code]
    manual = manual_of(rule)
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": manual.what},
        "fullDescription": {"text": manual.why},
        "help": {"text": f"{manual.what}\n\n{manual.why}", "markdown": manual.markdown},
        "defaultConfiguration": {"level": _LEVELS[rule.severity], "enabled": rule.default},
    }


def _result(one: Diagnostic, lines: Lines, index: int, digest: str) -> dict[str, Any]:
    found = one.finding
    region: dict[str, Any] = {"startLine": lines.of(found.cell, found.row)}
    if found.end_row is not None and found.row is not None:
        region["endLine"] = max(lines.of(found.cell, found.end_row), region["startLine"])
    if one.lines:
        region["snippet"] = {"text": one.lines[0]}
    location: dict[str, Any] = {"physicalLocation": {**_file(one.file), "region": region}}
    if found.cell is not None:
        location["logicalLocations"] = [{"name": where(one), "kind": "element"}]
    message = f"{where(one)}: {found.message}" + (f" {found.hint}" if found.hint else "")
    return {
        "ruleId": one.code,
        "ruleIndex": index,
        "level": _LEVELS[one.severity],
        "message": {"text": message},
        "locations": [location],
        "partialFingerprints": {"soorgeonClone/v1": digest},
    }


def _file(name: str) -> dict[str, Any]:
    return {"artifactLocation": {"uri": quote(os.fsencode(PurePath(name).as_posix()))}}
