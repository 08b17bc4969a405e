"""SG401: paths of one machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject

# Folders that hold people's files. /dev/null, /tmp or a route such as /api/items say nothing about a machine.
_ABSOLUTE = (
    r"(?:file://)?/(?:home|Users|root|mnt|media|Volumes|data|srv|scratch|work|workspace|projects?|content|kaggle|dbfs)/\S"
    r"|/(?:home|Users)/$"
    r"|[A-Za-z]:[\\/](?![\\/])[^\s:*?\"<>|]"
    r"|\\\\[\w.$-]+\\[\w.$-]"
)
_HOME = r"~[\w.-]*[\\/]\S"
_HIDDEN_HOME = r"~/\.\w"  # settings and caches belong there


class AbsolutePath:
    """A text is a path that exists on one machine only: absolute, or below somebody's home folder.

    Why:
        The notebook fails for everybody else, and after the next move of the folder. Paths of the system
        (``/dev/null``, ``/usr/bin``, ``/tmp``) and settings (``~/.config``) are not reported.

    Bad:
        pd.read_csv("/home/ann/projects/sales/data.csv")

    Good:
        pd.read_csv("data.csv")
    """

    code = "SG401"
    name = "absolute-path"
    severity: Severity = "warning"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        if not any("/" in cell.source or "\\" in cell.source for cell in subject.code_cells):
            return
        inner = {id(part) for node in subject.names.of_kind(ast.JoinedStr) for part in node.values[1:]}
        for node in subject.names.of_kind(ast.Constant):
            if not isinstance(node.value, str) or id(node) in inner:
                continue
            text = node.value
            if "\n" in text or len(text) > 300 or ("/" not in text and "\\" not in text):
                continue
            if re.match(_ABSOLUTE, text):
                kind = "an absolute path"
            elif re.match(_HOME, text) and not re.match(_HIDDEN_HOME, text):
                kind = "a path in a home folder"
            else:
                continue
            yield subject.at(node, f"{text!r} is {kind}", hint="Make it relative to the notebook, or a parameter.")
