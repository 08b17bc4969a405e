"""A notebook file -> the file with its code formatted and outputs taken out, nothing else changed by a byte.

The formatter is ruff's, as it is and with the project's own settings: it knows notebooks, and leaves magics alone. It
would lay out the file's JSON anew as well, so only the text of cells is taken from what it gives.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular
from soorgeon_clone.lint import json_text
from soorgeon_clone.lint.document import CannotEdit, edited
from soorgeon_clone.lint.model import ReplaceRows
from soorgeon_clone.notebook.model import Notebook, Place
from soorgeon_clone.notebook.read import parse
from soorgeon_clone.notebook.size import heaviest, is_heavy

_MOST_SECONDS = 60

FORMATTED = (".ipynb", ".py")


def formatted(data: bytes, path: Path | None, *, imports: bool = True) -> bytes:
    """Return the file with its code formatted, and with ``imports`` sorted. Raises UserError."""
    name = path or Path("notebook.ipynb" if data.lstrip()[:1] == b"{" else "notebook.py")
    if name.suffix not in FORMATTED:
        raise UserError(
            f"{name} cannot be formatted: only {' and '.join(FORMATTED)} files can",
            hint="Leave it out, or make it one of these with jupytext.",
            exit_code=2,
        )
    notebook = parse(data, path)
    if is_heavy(cell.source for cell in notebook.cells if cell.kind == "code"):  # ruff takes its time, and gigabytes
        raise UserError(
            f"{Place(str(name), heaviest(notebook.cells).index)}: the notebook has too much code to be formatted",
            hint="Keep data in a file beside it, or leave the code as it is with --no-format.",
            exit_code=2,
        )
    text = _code_alone(notebook) if name.suffix == ".ipynb" else data
    if imports:
        text = _ruff(["check", "--select", "I", "--fix", "--exit-zero", "--quiet", "--no-cache"], text, name)
    text = _ruff(["format", "--no-cache"], text, name)
    if name.suffix != ".ipynb":
        return text
    try:
        return edited(data.decode("utf-8"), notebook, _differences(notebook, parse(text, path))).encode("utf-8")
    except (CannotEdit, UnicodeDecodeError) as error:
        raise UserError(f"{name} cannot be formatted: {error}", exit_code=2) from None


def _code_alone(notebook: Notebook) -> bytes:
    """Return the notebook as ruff gets it: without outputs and names, where it stumbles over halves of characters."""
    results: dict[str, object] = {"outputs": [], "execution_count": None}
    cells = [
        {
            "cell_type": cell.kind,
            # It leaves cells alone that VS Code takes for another language.
            "metadata": {key: value for key, value in cell.metadata.items() if key == "vscode"},
            "source": cell.source,
            **(results if cell.kind == "code" else {}),
        }
        for cell in notebook.cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


def _differences(old: Notebook, new: Notebook) -> list[ReplaceRows]:
    if len(old.cells) != len(new.cells):
        raise CannotEdit("the formatter gave back another number of cells")
    edits = []
    for before, after in zip(old.cells, new.cells, strict=True):
        if before.source != after.source:
            edits += list(_changed_rows(before.index, before.source.split("\n"), after.source.split("\n")))
    return edits


def _changed_rows(cell: int, old: Sequence[str], new: Sequence[str]) -> list[ReplaceRows]:
    from soorgeon_clone.lint.differences import changes

    return [
        ReplaceRows(cell, first + 1, last, tuple(new[start:stop])) for first, last, start, stop in changes(old, new)
    ]


def _ruff(options: Sequence[str], data: bytes, name: Path) -> bytes:
    command = [_ruff_program(), *options, "--stdin-filename", str(name), "-"]
    _check_settings(name)
    try:
        done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=_MOST_SECONDS)
    except subprocess.TimeoutExpired:
        raise UserError(f"{name} cannot be formatted: ruff took more than {_MOST_SECONDS} s", exit_code=2) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")
        reason = next((line for line in said if line.startswith("error: ")), said[0]).removeprefix("error: ")
        raise UserError(
            f"{name} cannot be formatted: {reason}",
            hint="Mend its syntax first: soorgeon-clone lint says where it is wrong.",
            exit_code=2,
        )
    if data.strip() and not done.stdout.strip():  # a file that ruff did not take for Python
        raise UserError(f"{name} cannot be formatted: ruff gave nothing back", exit_code=2)
    return done.stdout


def _check_settings(name: Path) -> None:
    """Refuse settings that are no files: ruff would wait for a pipe for ever."""
    folder = Path(os.path.abspath(name)).parent  # noqa: PTH100
    for one in (folder, *folder.parents):
        for file in (one / "pyproject.toml", one / "ruff.toml", one / ".ruff.toml"):
            if file.exists() and not file.is_dir() and not regular.is_regular(file):
                raise UserError(f"{file} is a pipe, a socket or a device, not a file", exit_code=2)


@cache
def _ruff_program() -> str:
    """The program that ruff's distribution ships. (``python -m ruff`` would import modules from the working folder.)"""
    name = "ruff.exe" if sys.platform == "win32" else "ruff"
    beside = Path(sysconfig.get_path("scripts"), name)
    if beside.is_file():
        return str(beside)
    from importlib.metadata import PackageNotFoundError, files

    with contextlib.suppress(PackageNotFoundError):
        for file in files("ruff") or ():
            if file.name == name and (found := Path(str(file.locate()))).is_file():
                return str(found)
    raise UserError("ruff, which formats the code, is not installed", hint="pip install ruff", exit_code=2)


def stripped(data: bytes, *, outputs: bool, counts: bool) -> bytes:
    """Return the file without outputs or execution counts; scripts have none. Raises UserError."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return data
    try:
        text = data.decode("utf-8")
        cells = json_text.cells_of(text)
    except (ValueError, IndexError) as error:
        raise UserError(f"the file cannot be edited in place: {error}", exit_code=2) from None
    pieces: list[str] = []
    position = 0
    for cell in cells:
        wanted = {"outputs": "[]"} if outputs else {}
        if counts:
            wanted["execution_count"] = "null"
        for key, span in sorted(cell.values.items(), key=lambda item: item[1].start):
            if key not in wanted:
                continue
            old = text[span.start : span.end]
            new = wanted[key] if json.loads(old) else old
            pieces += [text[position : span.start], new]
            position = span.end
    return ("".join(pieces) + text[position:]).encode("utf-8")
