"""SG406: passwords, keys and tokens."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.credentials import secrets_in
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell

_HINT = "Revoke it, and read it from the environment instead."


class Credential:
    """A cell or its outputs hold what looks like a password, a key or a token.

    Why:
        Notebooks are sent around and kept for ever in version control, outputs included. The patterns are those of
        detect-secrets; texts of high entropy alone are not reported. The value itself is never shown.

    Bad:
        token = "ghp_0123456789abcdefghijABCDEFGHIJ012345"

    Good:
        token = os.environ["GITHUB_TOKEN"]
    """

    code = "SG406"
    name = "exposed-credential"
    severity: Severity = "error"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        for is_code in (True, False):
            cells = [cell for cell in subject.notebook.cells if (cell.kind == "code") == is_code]
            for number, row, kind in secrets_in([cell.source for cell in cells], is_code=is_code):
                yield on_cell(cells[number], f"holds what looks like a credential ({kind})", row=row, hint=_HINT)
        shown = [(cell, text) for cell in subject.code_cells for text in _texts(cell.outputs)]
        found = list(secrets_in([text for _, text in shown], is_code=False))
        for number, kind in {number: kind for number, _, kind in reversed(found)}.items():  # the first of each text
            yield on_cell(shown[number][0], f"its outputs show what looks like a credential ({kind})", hint=_HINT)


_TEXT_KINDS = ("text/plain", "text/html", "text/markdown", "application/json")
_LONGEST = 100_000  # characters of one output that are looked at


def _texts(outputs: tuple[object, ...]) -> Iterator[str]:
    for output in outputs:
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        values = [output.get("text"), *(data.get(kind) for kind in _TEXT_KINDS if isinstance(data, dict))]
        traceback = output.get("traceback")
        if isinstance(traceback, list):
            values.append("\n".join(line for line in traceback if isinstance(line, str)))
        for value in values:
            if isinstance(value, str):
                yield value[:_LONGEST]
