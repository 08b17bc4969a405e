"""SG408: magics that do not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from soorgeon_clone.lint.missing import KNOWN_MAGICS
from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject

# Whatever registers magics: extensions, libraries that do so when they are set up, the notebook itself.
_REGISTERS = (
    r"\b(?:load_ext|reload_ext|alias_magic|register_\w*magics?|register_line_magic|magics_class|extension\s*\(|"
    r"load_ipython_extension|notebook_extension|\.init\s*\(|setup_notebook|define_magic|macro|install_ext|import_magics)"
)


class UnknownMagic:
    """A magic is called that neither IPython has nor anything above could have registered.

    Why:
        The cell ends in ``UsageError: Line magic function not found``. Below ``%load_ext`` and the like, nothing is
        said.

    Bad:
        %matplotlb inline

    Good:
        %matplotlib inline
    """

    code = "SG408"
    name = "unknown-magic"
    severity: Severity = "error"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        import difflib

        for cell in subject.script.cells:
            for magic in cell.magics:
                if magic.kind not in ("line", "cell") or magic.name in KNOWN_MAGICS or not magic.name.isidentifier():
                    continue
                if any(
                    re.search(_REGISTERS, one.cell.source) for one in subject.script.cells if one.index <= cell.index
                ):
                    return
                near = difflib.get_close_matches(magic.name, sorted(KNOWN_MAGICS), n=1, cutoff=0.75)
                sign = "%%" if magic.kind == "cell" else "%"
                hint = f"Did you mean {sign}{near[0]}?" if near else "Load the extension that has it with %load_ext."
                message = f"no magic is called `{sign}{magic.name}`"
                end = 1 + len(sign) + len(magic.name)
                yield Finding(message, cell.index, magic.row, 1, magic.row, end, hint=hint)
