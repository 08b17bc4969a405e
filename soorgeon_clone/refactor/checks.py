"""Notebook -> an error where it cannot run as it is: no Python, a comment of ours that says nothing, a name unbound."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from soorgeon_clone.analysis.analyse import python_of
from soorgeon_clone.analysis.model import NotebookFacts
from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular
from soorgeon_clone.notebook.ipython import TRANSFORMS, CellSyntaxError, to_python_each
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.read import place
from soorgeon_clone.notebook.tags import MAY_FAIL, is_run


def has_syntax_of_its_own(notebook: Notebook) -> bool:
    """Tell whether a cell that is not Python may be made Python by a transformer that one above has registered."""
    cells = [cell for cell in notebook.cells if is_run(cell.kind, cell.tags)]
    if not any(TRANSFORMS in cell.source for cell in cells):
        return False
    codes = to_python_each([cell.source for cell in cells])
    odd = [number for number, code in enumerate(codes) if isinstance(code, CellSyntaxError)]
    return bool(odd) and any(TRANSFORMS in cell.source for cell in cells[: odd[0]])


def check_syntax(notebook: Notebook) -> None:
    cells = [cell for cell in notebook.cells if is_run(cell.kind, cell.tags)]
    for cell, code in zip(cells, to_python_each([cell.source for cell in cells]), strict=True):
        if isinstance(code, CellSyntaxError) and MAY_FAIL not in cell.tags:
            raise UserError(f"{place(notebook, cell, code.row)}: {code.message}", hint=_what_to_do(notebook)) from code


def _what_to_do(notebook: Notebook) -> str:
    """Return what may help where a cell is no Python of the running version."""
    info = notebook.metadata.get("language_info")
    found = re.match(r"(\d+)\.(\d+)", str(info.get("version"))) if isinstance(info, Mapping) else None
    version = (int(found.group(1)), int(found.group(2))) if found else sys.version_info[:2]
    if version[0] < 3:
        return "The notebook was made with Python 2: rewrite it for Python 3 first (2to3 does most of it)."
    if version > sys.version_info[:2]:
        ours = ".".join(map(str, sys.version_info[:2]))
        return (
            f"The notebook was made with Python {version[0]}.{version[1]}; this is Python {ours}, which may not know "
            "its syntax: install soorgeon-clone there, or correct the cell."
        )
    return "The notebook cannot run as it is: correct the cell, then refactor again."


def check_comments(notebook: Notebook) -> None:
    from soorgeon_clone.analysis.knowledge.effect_comments import MARK, comments_in, parse_said

    for cell in notebook.cells:
        for row, text in comments_in(cell.source) if cell.kind == "code" and MARK in cell.source else ():
            try:
                parse_said(text)
            except ValueError as error:
                raise UserError(
                    f"{place(notebook, cell, row)}: # {MARK} {text}: {error}",
                    hint=f"Such a comment reads `# {MARK} pure`, or `# {MARK} changes df, writes out.csv`.",
                ) from error


def refuse_undefined(notebook: Notebook, facts: NotebookFacts) -> None:
    from soorgeon_clone.analysis.undefined import undefined_names

    unbound = [s for s in facts.statements if s.unbound]
    if not unbound or any(s.opaque or "modules" in s.sets for s in facts.statements):
        return  # builtins.LIMIT = 3 defines a name out of sight
    if any(TRANSFORMS in cell.source for cell in notebook.cells):
        return  # what it reads may be another text when it runs
    cells = [cell for cell in notebook.cells if cell.kind == "code"]
    try:
        undefined = undefined_names([code.text for _, code in sorted(python_of([cells]).items())])
    except RecursionError:  # pyflakes goes as deep as the code is nested
        return
    for statement in unbound:
        for name, row in statement.unbound.items():
            if name in undefined:
                cell = next(c for c in cells if c.index == statement.cell)
                startup = _startup_file(name)
                raise UserError(
                    f"{place(notebook, cell, row)}: `{name}` is used but nothing has defined it",
                    hint=f"It may come from {startup}, which only your own kernels run: copy what defines it into the "
                    "first cell, and the pipeline runs wherever it is taken."
                    if startup is not None
                    else "The notebook cannot run from top to bottom as it is. "
                    "Define the name in an earlier cell, or go on all the same with --force.",
                )


def _startup_file(name: str) -> Path | None:
    """Return the startup file of the user's IPython profile that names a variable, if one does."""
    home = Path(os.environ.get("IPYTHONDIR") or Path.home() / ".ipython")
    word = re.compile(rf"\b{re.escape(name)}\b")
    for path in sorted((home / "profile_default" / "startup").glob("*py")):
        try:
            if path.suffix in (".py", ".ipy") and word.search(regular.read_text(path)):
                return path
        except (OSError, ValueError):
            continue
    return None
