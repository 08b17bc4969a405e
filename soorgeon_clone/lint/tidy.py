"""A notebook file -> the file with its code formatted and outputs taken out, nothing else changed by a byte.

The formatter is ruff's, as it is and with the project's own settings: it knows notebooks, and leaves magics alone. It
would lay out the file anew as well, so only the text of cells is taken from what it gives; of these, only what means
the same as before (see `same`).
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files import regular
from soorgeon_clone.lint import json_text
from soorgeon_clone.lint.document import CannotEdit
from soorgeon_clone.lint.same import difference
from soorgeon_clone.lint.sources import with_sources
from soorgeon_clone.notebook.ipython import CellSyntaxError, to_python
from soorgeon_clone.notebook.model import Notebook, Place, PythonCode
from soorgeon_clone.notebook.read import parse
from soorgeon_clone.notebook.size import heaviest, is_heavy

_MOST_SECONDS = 60


@dataclass(frozen=True)
class Tidied:
    """The file as it is now. ``invalid`` says which cells are no Python, ``left`` why others are as they were."""

    data: bytes
    invalid: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def formatted(data: bytes, path: Path | None, *, imports: bool = True) -> Tidied:
    """Return the file with its code formatted, and with ``imports`` sorted. Raises UserError."""
    notebook = parse(data, path)
    name = path if path is not None else Path("standard input")
    cells = [cell for cell in notebook.cells if cell.kind == "code"]
    if is_heavy(cell.source for cell in cells):  # ruff takes its time, and gigabytes
        raise UserError(
            f"{Place(str(name), heaviest(notebook.cells).index)}: the notebook has too much code to be formatted",
            hint="Keep data in a file beside it, or leave the code as it is with --no-format.",
            exit_code=2,
        )
    invalid, valid = [], []
    for cell in cells:
        try:
            valid.append((cell.index, to_python(cell.source)))
        except CellSyntaxError as error:
            invalid.append(f"{Place(str(name), cell.index)} is left as it is: {error}")
    left: dict[int, str] = {}
    folder = name.absolute().parent
    new = _tidied(notebook, dict(valid), name, folder, imports, left)
    if imports and left:  # what cannot be sorted can still be laid out
        new |= _tidied(notebook, {index: code for index, code in valid if index in left}, name, folder, False, {})
    try:
        done, lost = with_sources(data.decode("utf-8"), notebook, new)
    except (CannotEdit, UnicodeDecodeError) as error:
        raise UserError(f"{name} cannot be formatted: {error}", exit_code=2) from None
    left |= dict.fromkeys(lost, "the format of the file cannot hold its new text as one cell")
    messages = (f"{Place(str(name), index)} is left as it is: {left[index]}" for index in sorted(left))
    return Tidied(done.encode("utf-8"), tuple(invalid), tuple(messages))


def _tidied(
    notebook: Notebook, codes: Mapping[int, PythonCode], name: Path, folder: Path, imports: bool, left: dict[int, str]
) -> dict[int, str]:
    """Return the new sources of cells that change; ``left`` gets those that may not, with the reason."""
    plain = {index for index, code in codes.items() if not code.magics}
    try:
        after = _through_ruff(notebook, codes.keys(), folder, imports)
    except UserError:
        if len(plain) == len(codes):
            raise
        after = _through_ruff(notebook, plain, folder, imports)  # it does not know all of IPython's syntax
        left.update(dict.fromkeys(codes.keys() - plain, "the formatter cannot read its magics"))
    shows_docs = any("__doc__" in cell.source for cell in notebook.cells)
    new = {}
    for index in sorted(codes):
        before, source = notebook.cells[index].source, after.cells[index].source
        if before == source:
            continue
        if reason := difference(before, source, folder, shows_docs=shows_docs):
            left[index] = reason
        else:
            new[index] = source
    return new


def _through_ruff(notebook: Notebook, wanted: Collection[int], folder: Path, imports: bool) -> Notebook:
    text = _code_alone(notebook, wanted)
    name = folder / f"{notebook.name}.ipynb"
    if imports:
        text = _ruff(["check", "--select", "I", "--fix", "--exit-zero", "--quiet", "--no-cache"], text, name)
    found = parse(_ruff(["format", "--no-cache"], text, name), name)
    if len(found.cells) != len(notebook.cells):
        raise UserError(f"{name} cannot be formatted: ruff gave back another number of cells", exit_code=2)
    return found


def _code_alone(notebook: Notebook, wanted: Collection[int]) -> bytes:
    """Return the notebook as ruff gets it: without outputs and names, where it stumbles over halves of characters.

    Code cells that are not ``wanted`` are none to it.
    """
    results: dict[str, object] = {"outputs": [], "execution_count": None}
    cells = [
        {
            "cell_type": "code" if cell.index in wanted else "raw",
            # It leaves cells alone that VS Code takes for another language.
            "metadata": {key: value for key, value in cell.metadata.items() if key == "vscode"},
            "source": cell.source,
            **(results if cell.index in wanted else {}),
        }
        for cell in notebook.cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).encode()


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
    raise UserError(
        "ruff, which formats the code, is not installed",
        hint="Install it: pip install 'soorgeon-clone[clean]', or leave the code as it is with --no-format",
        exit_code=2,
    )


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
