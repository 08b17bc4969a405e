"""SG107: an error among the outputs."""

from __future__ import annotations

from collections.abc import Iterator

from soorgeon_clone.lint.model import Finding, Severity
from soorgeon_clone.lint.subject import Subject, on_cell
from soorgeon_clone.notebook.tags import MAY_FAIL


class ErrorInOutput:
    """A cell's outputs end in an error.

    Why:
        Running the notebook from top to bottom stops at this cell. Cells that are meant to fail carry the tag
        ``raises-exception``, with which Jupyter goes on.

    Bad:
        [3] df["prize"].mean()
        KeyError: 'prize'

    Good:
        [3] df["price"].mean()
        Out[3]: 12.5
    """

    code = "SG107"
    name = "error-in-output"
    severity: Severity = "error"
    default = True
    aliases = ()

    def check(self, subject: Subject) -> Iterator[Finding]:
        for cell in subject.code_cells:
            error = next((output for output in cell.outputs if output.get("output_type") == "error"), None)
            if error is None or MAY_FAIL in cell.tags:
                continue
            name, text = (str(error.get(key) or "") for key in ("ename", "evalue"))
            first_line = text.strip().split("\n")[0][:100]
            what = f"{name}: {first_line}" if first_line else name or "an error"
            hint = "Mend it and run again; tag a cell that is meant to fail with raises-exception."
            yield on_cell(cell, f"its outputs show {what}", hint=hint)
