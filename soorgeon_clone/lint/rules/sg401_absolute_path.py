"""SG401: paths of one machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject

# Folders that hold people's files. /dev/null, /tmp or a route such as /api/items say nothing about a machine.
_ABSOLUTE = re.compile(
    r"(?:file://)?/(?:home|Users|root|mnt|media|Volumes|data|srv|scratch|work|workspace|projects?|content|kaggle|dbfs)/\S"
    r"|/(?:home|Users)/$"
    r"|[A-Za-z]:[\\/](?![\\/])[^\s:*?\"<>|]"
    r"|\\\\[\w.$-]+\\[\w.$-]"
)
_HOME = re.compile(r"~[\w.-]*[\\/]\S")
_HIDDEN_HOME = re.compile(r"~/\.\w")  # settings and caches belong there


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
        if not any(re.search(r"[\\/]", cell.source) for cell in subject.code_cells):
            return
        inner = {
            id(part) for node in subject.script.nodes if isinstance(node, ast.JoinedStr) for part in node.values[1:]
        }
        for node in subject.script.nodes:
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in inner:
                continue
            text = node.value
            if "\n" in text or len(text) > 300:
                continue
            if _ABSOLUTE.match(text):
                kind = "an absolute path"
            elif _HOME.match(text) and not _HIDDEN_HOME.match(text):
                kind = "a path in a home folder"
            else:
                continue
            yield subject.at(node, f"{text!r} is {kind}", hint="Make it relative to the notebook, or a parameter.")
