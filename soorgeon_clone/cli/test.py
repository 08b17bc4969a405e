"""``soorgeon-clone test NB [OUT]``: runs a notebook from top to bottom, and explains a failure with its cell."""

from __future__ import annotations

import difflib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soorgeon_clone.cli import say
from soorgeon_clone.cli.completing import files
from soorgeon_clone.visible import one_line, shortened, visible

if TYPE_CHECKING:
    from soorgeon_clone.notebook.model import Notebook
    from soorgeon_clone.pipeline.execution.model import CellError, Isolation, OnProgress
    from soorgeon_clone.pipeline.execution.straight import StraightRun

_SHOWN = 12  # lines of a failed cell around the one that failed
# Python ends what it says of syntax with a file and a line, which are those of a cell by number here
_OF_A_FILE = re.compile(r" \(\S+\.py, line \d+\)$")


@click.command()
@click.argument("notebook", metavar="NOTEBOOK", shell_complete=files)
@click.argument("out", metavar="[OUT]", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Stop after so many seconds.")
@click.option("--cwd", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Run in this folder.")
@click.option(
    "--isolation",
    type=click.Choice(["auto", "fork", "spawn", "kernel"]),
    default="auto",
    show_default=True,
    help="What kind of process runs it; kernel is a real Jupyter kernel.",
)
def command(notebook: str, out: Path | None, timeout: float | None, cwd: Path | None, isolation: Isolation) -> None:
    """Run NOTEBOOK from top to bottom, as "Restart and run all" does, in its own folder.

    The executed copy is written to OUT if it is given; NOTEBOOK stays as it is. Exit code 0: it ran; 1: a cell failed.
    """
    from soorgeon_clone.cli.progress import Ticker
    from soorgeon_clone.notebook.read import read

    path = None if notebook == "-" else Path(notebook)
    subject = read(notebook if path is None else path)
    with Ticker() as ticker:
        if ticker.terminal:
            ticker.tell(f"Running {one_line(notebook)}")
        result = run_notebook(subject, cwd=cwd, timeout=timeout, isolation=isolation, on_progress=ticker.progressed)
    if out is not None:
        _write(result, out)
    if result.error is None and result.status == "ok":
        cells = sum(cell.kind == "code" for cell in subject.cells)
        kept = f" See {one_line(str(out))}." if out else ""
        say.echo(f"{one_line(notebook)} runs from top to bottom ({cells} code cells).{kept}")
        return
    say.echo(explain(subject, result, one_line(notebook)), err=True)
    if result.error is not None and result.error.traceback:
        say.echo(visible(shortened("\n".join(result.error.traceback)), colours=True), err=True)
    sys.exit(1)


def run_notebook(
    notebook: Notebook,
    *,
    cwd: Path | None = None,
    timeout: float | None = None,
    isolation: Isolation = "auto",
    on_progress: OnProgress | None = None,
) -> StraightRun:
    """Run a notebook in its folder (or in ``cwd``)."""
    from soorgeon_clone.notebook.write import to_data
    from soorgeon_clone.pipeline.execution.straight import run_straight

    folder = cwd or (notebook.path.parent if notebook.path is not None else Path())
    data = to_data(notebook.cells, notebook.metadata)
    return run_straight(data, folder.absolute(), timeout=timeout, isolation=isolation, on_progress=on_progress)


def run_bytes(data: bytes, path: Path | None) -> StraightRun:
    """Run the notebook in ``data`` as if it stood at ``path``."""
    from soorgeon_clone.notebook.read import parse

    return run_notebook(parse(data, path))


def _write(result: StraightRun, out: Path) -> None:
    from soorgeon_clone.files.named import write_named

    text = json.dumps(result.notebook, indent=1, ensure_ascii=False) + "\n"
    write_named(out, text.encode("utf-8", "backslashreplace"))


def explain(notebook: Notebook, result: StraightRun, name: str) -> str:
    """Return what went wrong, where, and what to do about it."""
    error = result.error
    if error is None:
        reasons = {"timeout": "took too long", "memory": "took too much memory", "input": "asks for input"}
        return f"{name}: the run {reasons.get(result.status, result.status)}"
    if error.cell_index is None:
        return f"{name}: {error.ename}: {shortened(error.evalue)}"
    where = f"{name}, cell {error.cell_index + 1}" + (f", line {error.line}" if error.line else "")
    said = _OF_A_FILE.sub("", shortened(error.evalue))
    message = [f"{where}: {error.ename}: {said}".rstrip()]
    cell = notebook.cells[error.cell_index] if error.cell_index < len(notebook.cells) else None
    if cell is not None:
        message += _excerpt(cell.source, error.line)
    if advice := _advice(notebook, error):
        message.append(advice)
    return "\n".join(message)


def _excerpt(source: str, line: int | None) -> list[str]:
    rows = source.split("\n")
    middle = line or len(rows)
    first = max(1, middle - _SHOWN // 2)
    last = min(len(rows), first + _SHOWN)
    return [f"{'>' if number == line else ' '}{number:>4} | {rows[number - 1]}" for number in range(first, last + 1)]


def _advice(notebook: Notebook, error: CellError) -> str:
    kind, text = error.ename, shortened(error.evalue)
    if kind == "ModuleNotFoundError" and (found := re.search(r"No module named '([\w.]+)'", text)):
        return _missing_module(found.group(1))
    if kind == "ImportError" and (found := re.search(r"cannot import name '(\w+)' from '([\w.]+)'", text)):
        return _removed(found.group(2), found.group(1))
    if kind == "AttributeError" and (found := re.search(r"module '([\w.]+)' has no attribute '(\w+)'", text)):
        return _removed(found.group(1), found.group(2))
    if kind == "AttributeError" and (found := re.search(r"'(\w+)' object has no attribute '(\w+)'", text)):
        return f"A {found.group(1)} of the installed version has no {found.group(2)}: was it removed, or is it a slip?"
    if kind == "FileNotFoundError":
        folder = notebook.path.parent if notebook.path is not None else Path()
        found_path = re.search(r"'([^']+)'", text)
        return _missing_file(found_path.group(1), folder) if found_path else "Is the file there?"
    if kind == "StdinNotImplementedError":
        return "Nobody is there to answer when a notebook runs by itself: set the value in a cell."
    if kind == "NameError" and (name := re.search(r"name '(\w+)' is not defined", text)):
        return _missing_name(notebook, name.group(1), error.cell_index or 0)
    return ""


def _missing_module(module: str) -> str:
    from soorgeon_clone.distributions.of_module import usual

    return f"The module {module} is not installed here. Usually: pip install {usual(module)}"


def _removed(module: str, name: str) -> str:
    from soorgeon_clone.distributions.of_module import release, usual

    if module.partition(".")[0] in sys.stdlib_module_names:
        return (
            f"Python {sys.version_info[0]}.{sys.version_info[1]} has no {module}.{name}: "
            "it was removed or renamed, came later, or is a slip."
        )
    package = usual(module)
    found = release(package)
    what = f"the installed {package}" if found is None else f"{package} {found.version}"
    return f"{what} has no {module}.{name}: it was removed or renamed, or came later. Pin the version it was made for."


def _missing_file(name: str, folder: Path) -> str:
    known = [str(one.relative_to(folder)) for one in folder.glob("*") if one.is_file()]
    for parent in ("data", "..", "inputs", "input"):
        known += [f"{parent}/{one.name}" for one in (folder / parent).glob("*") if one.is_file()][:200]
    near = [one for one in known if Path(one).name == Path(name).name]
    near = near or difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{name} is looked for in {folder.absolute()} and not there.{hint}"


def _missing_name(notebook: Notebook, name: str, cell: int) -> str:
    from soorgeon_clone.lint.names import names_of
    from soorgeon_clone.lint.script import script_of

    script = script_of(notebook)
    binders = [script.cells[b.cell].index for b in names_of(script).bindings.get(name, ())]
    later = [index for index in binders if index > cell]
    if later:
        return f"{name} is defined only later, in cell {later[0] + 1}: `soorgeon-clone lint --fix` can reorder cells."
    if not binders:
        return f"No cell defines {name}: it may have stood in a cell that was deleted."
    return ""
