"""A task -> the cells that let it run in Jupyter, and where they belong among those of its source.

Jupyter starts in the notebook's folder, tasks run in the project's: the first of the cells goes there, and it comes
before all code. Values come after the cell tagged ``parameters``, which would undo them. Where that is the first code
cell, both are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from soorgeon_clone.notebook.tags import INJECTED, PARAMETERS
from soorgeon_clone.pipeline.declared.dag import descendants
from soorgeon_clone.pipeline.declared.inject import cell_text, parameters, path_in, paths
from soorgeon_clone.pipeline.declared.model import DAG, Task
from soorgeon_clone.pipeline.declared.values import literal

IN_FILE = f"# Added by `soorgeon-clone nb --inject`; `soorgeon-clone nb --remove` takes it away. Tag: {INJECTED}"
WHILE_OPEN = "# Added by soorgeon-clone while the task is open in Jupyter: it is not saved, and changes here are lost."


@dataclass(frozen=True)
class Injected:
    """The code that goes to the project's folder, and the code that gives the task its values."""

    folder: str
    values: str
    notice: str


def in_file(dag: DAG, task: Task) -> Injected:
    """What `nb --inject` writes into a source. Raises UserError for a value that cannot be written."""
    return Injected(_folder_text(task), values_text(dag, task), IN_FILE)


def while_open(dag: DAG, task: Task) -> Injected:
    """What Jupyter shows while a task is open. If its code says what it needs, a change of that counts at once.

    Raises UserError for a value that cannot be written.
    """
    root = literal(str(dag.root.resolve()))
    folder = f"import os\nimport sys\n\nos.chdir({root})\nsys.path.insert(0, {root})\n{_product_folders(task)}"
    folder += _own_folder(task)
    follows = task.spec.upstream is None and not task.groups
    values = _following_text(dag, task) if follows else values_text(dag, task)
    return Injected(folder, values, WHILE_OPEN)


def values_text(dag: DAG, task: Task) -> str:
    """The assignments of upstream, product and params."""
    return _without_comment(cell_text(parameters(task, dag.tasks), task))


def places(cells: Iterable[tuple[bool, Sequence[str]]], injected: Injected) -> list[tuple[int, str]] | None:
    """Before which cells which text belongs, for cells of which is known whether they are code and their tags.

    None where there is no cell with parameters.
    """
    code = [(index, tags) for index, (is_code, tags) in enumerate(cells) if is_code]
    at = next((index for index, tags in code if PARAMETERS in tags), None)
    if at is None:
        return None
    if code[0][0] == at:
        return [(at + 1, f"{injected.notice}\n{injected.folder}\n{injected.values}")]
    return [
        (code[0][0], f"{injected.notice}\n{injected.folder.rstrip()}"),
        (at + 1, f"{injected.notice}\n{injected.values}"),
    ]


def _folder_text(task: Task) -> str:
    """A second run of this cell finds the folder wherever the code between has gone."""
    source = literal(str(task.spec.source.path))
    return f"""\
import os
import sys
from pathlib import Path

if "_project_folder" not in globals():
    _here = Path(globals().get("__file__", "here")).resolve()
    _project_folder = next((str(one) for one in _here.parents if (one / {source}).exists()), os.getcwd())
os.chdir(_project_folder)
if _project_folder not in sys.path:
    sys.path.insert(0, _project_folder)
{_product_folders(task)}{_own_folder(task)}"""


def _own_folder(task: Task) -> str:
    """The line that goes where the task runs, if that is not the folder of pipeline.yaml."""
    return f"os.chdir({literal(task.spec.folder)})\n" if task.spec.folder is not None else ""


def _product_folders(task: Task) -> str:
    """The lines that make the folders of products, as a build does."""
    products = (one.path for one in task.products if one.relation is None)
    folders = dict.fromkeys(str(PurePosixPath(path).parent) for path in products)
    return "".join(f"os.makedirs({literal(one)}, exist_ok=True)\n" for one in folders if one != ".")


def _following_text(dag: DAG, task: Task) -> str:
    """The values with all that ``upstream`` may name, so that it can be changed in the cell before."""
    after = descendants(dag, [task.name])
    values, path = parameters(task, dag.tasks), path_in(task.spec.folder)
    del values["upstream"]
    known = [
        f"    {literal(name)}: {literal(paths(one.products, path))},"
        for name, one in dag.tasks.items()
        if name not in after
    ]
    if not known:
        return values_text(dag, task)
    lines = ["_products = {", *known, "}", "upstream = {_name: _products[_name] for _name in upstream or ()} or None"]
    return "\n".join([*lines, _without_comment(cell_text(values, task))])


def _without_comment(text: str) -> str:
    return text.partition("\n")[2]
