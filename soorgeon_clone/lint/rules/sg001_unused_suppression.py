"""SG001: suppressions that silence nothing."""

from __future__ import annotations

from collections.abc import Iterable

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class UnusedSuppression:
    """A ``# noqa`` comment, a tag or a notebook-level comment silences nothing.

    Why:
        What it was written for is gone; left in place, it would hide the next mistake. Only suppressions that name
        our rules are judged, and only when these rules are on.

    Bad:
        x = 1  # noqa: SG201

    Good:
        x = 1
    """

    code = "SG001"
    name = "unused-suppression"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterable[Finding]:
        return ()  # `soorgeon_clone.lint.check` knows which suppressions were used
