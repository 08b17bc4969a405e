"""Pipeline -> one notebook that does what its tasks do: the way back from `refactor`.

Where `refactor` would make the same tasks of the notebook, they are joined as they were, without what was added to
load and save. Otherwise (a person wrote the pipeline, or changed what its tasks take from each other) each task keeps
all its cells, gets its paths in a cell before them, and goes on handing files over.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook import read
from soorgeon_clone.notebook.headings import headings
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.tags import (
    DEFINITIONS,
    IMPORTS,
    INJECTED,
    OTHER_PARAMETERS,
    PARAMETERS,
    SETTINGS,
    is_reserved,
)
from soorgeon_clone.pipeline.declared.inject import inject
from soorgeon_clone.pipeline.declared.injected_cells import values_text
from soorgeon_clone.pipeline.declared.model import DAG, Task
from soorgeon_clone.pipeline.declared.values import literal
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.steps import SAME_BACKEND

_LEVEL = 2
_EXPORTED = re.compile(r"^from exported import [^(\n]*$", re.MULTILINE)
_OURS = re.compile(r"exported|frames(_\d+)?")


@dataclass(frozen=True)
class Joined:
    """The notebook; ``by_files``: its parts hand files over, as the tasks do, and it runs in the project's folder."""

    notebook: Notebook
    by_files: bool


def join(dag: DAG, name: str) -> Joined:
    """Return the tasks of a pipeline as one notebook. Raise UserError for tasks that are no notebooks."""
    sources = {task.name: _cells(dag, task) for task in dag.tasks.values()}
    exported = dag.root / "exported.py"
    shared = exported.read_text(encoding="utf-8") if exported.is_file() else ""
    plain = _notebook(name, list(_as_they_were(dag, sources, shared)))
    if _makes_the_same(plain, dag):
        return Joined(plain, by_files=False)
    return Joined(_notebook(name, list(_by_files(dag, sources))), by_files=True)


def _cells(dag: DAG, task: Task) -> tuple[Cell, ...]:
    path = task.spec.source.path
    if task.spec.over is not None or task.spec.each is not None:
        raise UserError(
            f"task '{task.name}' belongs to a 'foreach', which has no place in one notebook",
            hint="Write a loop over the elements instead, and join then.",
        )
    if path is None or Path(path).suffix not in (".py", ".ipynb"):
        raise UserError(
            f"task '{task.name}' is {task.spec.source.text}, which is no notebook", hint="join takes .py and .ipynb."
        )
    return read.read(dag.root / path).cells


def _notebook(name: str, cells: Sequence[Cell]) -> Notebook:
    """Return cells as a notebook; an id that two tasks have goes."""
    taken: set[str] = set()
    numbered = []
    for index, cell in enumerate(cells):
        identity = cell.id if cell.id not in taken else None
        taken.update([identity] if identity else [])
        numbered.append(replace(cell, index=index, id=identity, outputs=(), execution_count=None))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return Notebook(name, None, tuple(numbered), kernel)


def _makes_the_same(notebook: Notebook, dag: DAG) -> bool:
    """Tell whether `refactor` makes tasks of the notebook that are called, and wait, as those of the pipeline."""
    try:
        plan = make_plan(notebook, level=_LEVEL)
    except UserError:
        return False
    return {task.name: set(task.upstream) for task in plan.tasks} == {
        task.name: set(task.upstream) for task in dag.tasks.values()
    }


def _is_ours(cell: Cell) -> bool:
    return any(is_reserved(tag) for tag in cell.tags)


# -- as they were --------------------------------------------------------------------------------------------------


def _as_they_were(dag: DAG, sources: dict[str, tuple[Cell, ...]], shared: str) -> Iterator[Cell]:
    told = ""
    for number, (name, cells) in enumerate(sources.items()):
        own = "\n".join(cell.source for cell in cells if cell.kind == "code" and not _is_ours(cell))
        if not _has_heading(cells):
            yield Cell(0, "markdown", f"{'#' * _LEVEL} {name}")
        for cell in cells:
            if not number and shared and cell.kind == "code":  # before the first code
                yield Cell(0, "code", shared.strip("\n"))
                told, shared = told + shared, ""
            for kept in _kept(dag.tasks[name], cell, own, told):
                yield kept
                told += f"\n{kept.source}"


def _kept(task: Task, cell: Cell, own: str, told: str) -> Iterator[Cell]:
    """Yield what stays of a cell: of ours, what was not there before."""
    tags = frozenset(tag for tag in cell.tags if not is_reserved(tag))
    if cell.kind != "code" or not _is_ours(cell):
        source = _EXPORTED.sub("pass", cell.source) if cell.kind == "code" else cell.source
        yield replace(cell, source=source, tags=tags)
    elif PARAMETERS in cell.tags and INJECTED not in cell.tags and task.spec.params:
        text = "\n".join(f"{name} = {literal(value)}" for name, value in task.spec.params.items())
        yield replace(cell, source=text, tags=frozenset([PARAMETERS]))
    elif IMPORTS in cell.tags and (text := "\n".join(_new_imports(cell.source, own, told))):
        yield replace(cell, source=text, tags=tags)
    elif OTHER_PARAMETERS in cell.tags or (cell.tags & {SETTINGS, DEFINITIONS} and not _is_told(cell.source, told)):
        yield replace(cell, tags=tags)


def _new_imports(source: str, own: str, told: str) -> Iterator[str]:
    """Yield the imports whose names the task's own cells use, and that no cell before has made."""
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        names = [alias.asname or alias.name.split(".")[0] for alias in node.names]
        used = any(name == "*" or re.search(rf"\b{re.escape(name)}\b", own) for name in names)
        if used and not _OURS.fullmatch(module or "") and ast.unparse(node) not in told:
            yield ast.unparse(node)


def _is_told(source: str, told: str) -> bool:
    """Tell whether all lines of a cell stand in cells before it."""
    before = {line.strip() for line in told.split("\n")}
    return all(line.strip() in before or line in SAME_BACKEND.split("\n") for line in source.split("\n"))


def _has_heading(cells: Sequence[Cell]) -> bool:
    texts = (cell.source for cell in cells if cell.kind == "markdown")
    return any(one.level == _LEVEL for text in texts for one in headings(text))


# -- by files ------------------------------------------------------------------------------------------------------


def _by_files(dag: DAG, sources: dict[str, tuple[Cell, ...]]) -> Iterator[Cell]:
    moves = any("chdir" in cell.source for cells in sources.values() for cell in cells)
    folders = sorted({Path(one.path).parent.as_posix() for task in dag.tasks.values() for one in task.products} - {"."})
    lines = [f"os.makedirs({folder!r}, exist_ok=True)" for folder in folders]  # as a build does before a task
    folder = ["project_folder = os.getcwd()"] if moves else []
    search = ["if os.getcwd() not in sys.path:", "    sys.path.insert(0, os.getcwd())"]
    yield Cell(0, "code", "\n".join(["import os", "import sys", "", *lines, *folder, *search]))
    for name, cells in sources.items():
        if not _has_heading(cells):
            yield Cell(0, "markdown", f"{'#' * _LEVEL} {name}")
        if moves:
            yield Cell(0, "code", "os.chdir(project_folder)")
        text = values_text(dag, dag.tasks[name])
        for cell in inject(cells, text):
            yield replace(cell, tags=frozenset(tag for tag in cell.tags if not is_reserved(tag)))
