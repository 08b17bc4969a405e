"""SG404: packages that a cell installs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject

_INSTALL = (
    r"(?:^|[;&|]\s*|\bsudo\s+|-m\s+)(?:pip[\d.]*|conda|mamba|micromamba|uv(?:\s+pip)?|apt(?:-get)?|poetry|easy_install|"
    r"brew|npm)\s+(?:-\S+\s+)*(?:install|add)\b"
)
_MAGICS = frozenset({"pip", "conda", "mamba", "micromamba", "uv"})


class InstallInCell:
    """A cell installs packages.

    Why:
        What is installed changes under the notebook's feet, differs from day to day, and needs the network. Packages
        belong in the project's requirements, with versions.

    Bad:
        !pip install seaborn

    Good:
        # requirements.txt: seaborn==0.13.2
        import seaborn as sns
    """

    code = "SG404"
    name = "install-in-cell"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        for cell in subject.script.cells:
            for magic in cell.magics:
                row = magic.row
                if magic.kind == "line" and magic.name in _MAGICS:
                    found = re.match(r"(?:pip\s+)?(?:-\S+\s+)*(?:install|add)\b", magic.line.strip()) is not None
                elif magic.kind == "shell":
                    found = re.search(_INSTALL, magic.line.strip()) is not None
                else:
                    lines = magic.body.split("\n") if magic.kind == "cell" else []
                    hits = [number for number, line in enumerate(lines, 1) if re.search(_INSTALL, line.strip())]
                    found, row = bool(hits) and magic.name in ("bash", "sh", "script"), row + min(hits, default=0)
                if found:
                    message = "installs packages while the notebook runs"
                    hint = "List them in requirements.txt."
                    yield Finding(message, cell=cell.index, row=row, column=1, hint=hint)
