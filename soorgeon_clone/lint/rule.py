"""What a rule is: a class with these attributes and methods, in a file of its own in `rules`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject
from soorgeon_clone.lint.surroundings import Surroundings


class Rule(Protocol):
    """A rule is a class in a file of its own in `rules`. Its docstring is the manual.

    The docstring's first line says what the rule finds; the parts ``Why``, ``Bad`` and ``Good`` follow. ``aliases``
    are codes of other linters that silence it in a ``# noqa`` comment. Rules that are not ``default`` must be
    selected.
    """

    code: str
    name: str
    severity: Severity
    default: bool
    aliases: tuple[str, ...]

    def check(self, subject: Subject) -> Iterable[Finding]:
        """Yield what is wrong."""
        ...


class LiveRule(Rule, Protocol):
    """A rule whose findings depend on what is around the notebook, not only on its content.

    `check` yields what may be wrong, and is remembered; `confirm` is asked each time. ``others`` are the subjects of
    all findings of this rule in the notebook.
    """

    def confirm(self, finding: Finding, others: tuple[str, ...], surroundings: Surroundings) -> bool:
        """Tell whether it is wrong indeed."""
        ...
