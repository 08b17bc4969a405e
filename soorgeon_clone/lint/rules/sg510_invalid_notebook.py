"""SG510: files that are not valid notebooks."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class InvalidNotebook:
    """The file breaks the notebook format (nbformat 4), although it can be read.

    Why:
        Jupyter, GitHub and other programs may refuse it, or drop what they do not understand.

    Bad:
        {"cell_type": "code", "source": "x"}      # no outputs, no execution_count, no metadata

    Good:
        {"cell_type": "code", "source": "x", "outputs": [], "execution_count": null, "metadata": {}}
    """

    code = "SG510"
    name = "invalid-notebook"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        if subject.raw is None or subject.raw.get("nbformat") != 4:
            return
        from soorgeon_clone.lint.schema import problems

        for cell, message in problems(subject.raw):
            yield Finding(message, cell=cell, hint="Open it in Jupyter and save it again.")
