"""SG202: a name that nothing defines."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject


class UndefinedName:
    """A name is used that no cell defines (or that was deleted above).

    Why:
        The code ends in a NameError when it runs. Names of IPython (``display``, ``Out``, ``_``), of magics' results
        and of platforms are known; below ``exec``, ``%run`` or a star import nothing is said.

    Bad:
        maen = df.mean()
        print(mean)

    Good:
        mean = df.mean()
        print(mean)
    """

    code = "SG202"
    name = "undefined-name"
    severity: Severity = "error"
    default = True
    aliases = ("F821",)

    def check(self, subject: Subject) -> Iterator[Finding]:
        for missing in subject.missing:
            if missing.kind == "nowhere":
                known = subject.names.bindings.get(missing.name)
                message = f"`{missing.name}` is not defined" + (" at this point" if known else "")
                yield subject.at_row(missing.row, missing.offset, message, length=len(missing.name))
