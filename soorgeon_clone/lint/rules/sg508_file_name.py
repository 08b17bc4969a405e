"""SG508: file names that do not travel."""

from __future__ import annotations

import re
from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject

_RESERVED = r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)$"
_COPY = r"(?i)[-_ ]copy[-_ ]?\d*$|\(\d+\)$|^copy of |^kopie von "


class FileName:
    """The file's name says nothing, is that of a copy, or does not work on every system.

    Why:
        ``Untitled3.ipynb`` is not found again; spaces and special characters need quotes in every command and break
        links; some names and characters do not exist on Windows.

    Bad:
        Untitled3.ipynb, model-Copy1.ipynb, sales report (final).ipynb

    Good:
        sales-report.ipynb
    """

    code = "SG508"
    name = "file-name"
    severity: Severity = "info"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        path = subject.notebook.path
        if path is None:
            return
        name = path.stem
        if re.match(r"(?i)untitled\d*$", name):
            problem = "says nothing"
        elif re.search(_COPY, name):
            problem = "is that of a copy"
        elif re.match(_RESERVED, name):
            problem = "cannot exist on Windows"
        elif strange := re.search(r"[^\w.-]", name, re.ASCII):
            problem = f"holds {strange.group()!r}, which needs quotes or does not exist elsewhere"
        else:
            return
        yield Finding(f"the file name {path.name!r} {problem}", hint="Letters, digits, - and _ work everywhere.")
