"""A notebook that does not run to its end -> the message that says why, with the cell, and what to do."""

from __future__ import annotations

import re

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.read import place
from soorgeon_clone.refactor.requirements import distribution_of, requirements
from soorgeon_clone.verify.runs import Straight

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def refuse_what_cannot_run(notebook: Notebook, run: Straight, timeout: float | None) -> None:
    """Raise UserError if the notebook's own run did not end well: then there is nothing to compare with."""
    if run.status == "ok":
        return
    error = run.error
    cell = notebook.cells[error.cell_index] if error is not None and error.cell_index is not None else None
    where = str(place(notebook, cell, error.line if error is not None and cell is not None else None))
    name, value = (error.ename, _ANSI.sub("", error.evalue)) if error is not None else ("", "")
    if run.status == "timeout":
        raise UserError(
            f"{place(notebook, cell)}: the notebook did not come to its end within {timeout:g} s; it was in this cell",
            hint="Does this cell ever end? --timeout SECONDS gives it more time.",
        )
    if run.status == "input":
        raise UserError(
            f"{where}: the cell asks for input, and nobody is there to answer",
            hint="Give the value in the code (a variable, a file, os.environ) instead of input().",
        )
    if run.status == "memory":
        raise UserError(f"{where}: the notebook needs more memory than there is: {value}")
    if name == "OutsideWrite" or (run.outside and "OutsideWrite" in "".join(error.traceback if error else ())):
        raise UserError(
            f"{where}: the notebook writes outside of its folder, to {run.outside[-1] if run.outside else value}",
            hint="Nothing was written there: it runs in a copy of its folder. --in-place runs it where it stands and "
            "lets it write.",
        )
    if name == "ModuleNotFoundError" and (module := re.search(r"No module named '([\w.]+)'", value)):
        lines = requirements((module[1],))
        wanted = (distribution_of(lines[0]) if lines else None) or module[1]
        raise UserError(
            f"{where}: the notebook needs the module {module[1]}, which is not installed",
            hint=f"Install it, for example with: pip install {wanted}",
        )
    if run.status == "killed":
        raise UserError(f"{where}: the notebook's process ended in this cell: {value}")
    raise UserError(
        f"{where}: the notebook itself fails here: {name}: {_first_line(value)}",
        hint="A pipeline can only be compared with a notebook that runs from top to bottom. Correct the cell first.",
    )


def notes_about(notebook: Notebook, run: Straight) -> tuple[str, ...]:
    """Return what a reader should know about a run that did end well."""
    notes = []
    for index, outputs in run.outputs.items():
        texts = [str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", "")) for output in outputs]
        if any("the limit of a cell is" in text[-200:] for text in texts):
            notes.append(
                f"{place(notebook, notebook.cells[index])}: its output is very long; only the beginning is compared."
            )
    if run.outside:
        notes.append(
            f"The notebook tries to write outside of its folder ({', '.join(run.outside[:3])}) and goes on without; "
            "--in-place lets it."
        )
    return tuple(notes)


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0][:300]
