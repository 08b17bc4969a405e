"""Declared tasks whose source is missing -> sources to start from; what exists is never touched."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.atomic import write_text
from soorgeon_clone.files.confine import written
from soorgeon_clone.files.problems import told
from soorgeon_clone.files.regular import is_regular, read_bytes
from soorgeon_clone.notebook import write
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.tags import PARAMETERS
from soorgeon_clone.pipeline.declared.model import Spec, TaskSpec
from soorgeon_clone.pipeline.declared.values import Computed, Lookup, holds

_UPSTREAM_HINT = "# The tasks whose products this task reads, for example ['load']; build puts their paths here."
_PRODUCT_HINT = "# Left alone: build puts the paths of this task's products here, as pipeline.yaml declares them."


@dataclass(frozen=True)
class Created:
    """A source that was made for a task. ``added``: a function at the end of a module that was there."""

    task: str
    path: Path
    added: bool = False


def create_missing(spec: Spec) -> list[Created]:
    """Write the sources that tasks declare and that do not exist.

    Raises `confine.Outside` before anything is written, if one of them would be outside of the project.
    """
    tasks = [task for task in spec.tasks if task.over is None]  # a split is ours
    for task in tasks:
        if not os.path.exists(path := _place(spec, task)):  # noqa: PTH110  (pathlib raises for names that are too long)
            written(spec.root, path)
    found = []
    for task in tasks:
        created = _function(spec, task) if task.source.kind == "function" else _notebook(spec, task)
        if created is not None:
            found.append(created)
    return found


def _place(spec: Spec, task: TaskSpec) -> Path:
    """Return the file that a task's source stands in, or is to be."""
    if task.source.kind != "function":
        return spec.root / str(task.source.path)
    base = spec.root.joinpath(*task.source.text.split(".")[:-1])
    return base / "__init__.py" if is_regular(base / "__init__.py") else base.with_suffix(".py")


def _notebook(spec: Spec, task: TaskSpec) -> Created | None:
    path = _place(spec, task)
    if os.path.exists(path):  # noqa: PTH110
        return None
    cells = _cells(task)
    if path.suffix == ".py":
        text = write.to_script(cells, {})
    elif path.suffix == ".sql":
        text = _script(task)
    elif path.suffix == ".ipynb":
        text = write.to_ipynb(cells, {"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    else:
        raise UserError(
            f"{task.file}, line {task.line}: scaffold writes .py, .ipynb and .sql sources, not {path.suffix}",
            exit_code=2,
        )
    _write(spec, path, text, new=True)
    return Created(task.name, path)


def _script(task: TaskSpec) -> str:
    """A query; of a task whose product is a relation, one that makes it."""
    relation = next((one.relation for one in task.products or () if one.relation is not None), None)
    query = "SELECT 1 AS x\n{# FROM {{upstream['name of a task']}} #}\n"
    if relation is None:
        return f"-- What this task dumps.\n{query}"
    kind = relation.kind.upper()
    return (
        f"-- What this task makes.\nDROP {kind} IF EXISTS {{{{product}}}};\n\nCREATE {kind} {{{{product}}}} AS\n{query}"
    )


_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def _cells(task: TaskSpec) -> list[Cell]:
    title = task.name.replace("-", " ").replace("_", " ").strip().capitalize() or "Task"
    upstream = list(task.upstream) if task.upstream else None
    extract = task.upstream is None
    parameters = [
        *([_UPSTREAM_HINT] if extract else []),
        f"upstream = {upstream!r}",
        *([_PRODUCT_HINT] if task.products is not None else []),
        f"product = {_extracted_product(task)}",
        *(f"{name} = {_default(value)}" for name, value in task.params.items() if name != "resources_"),
    ]
    return [
        Cell(0, "markdown", f"# {title}"),
        Cell(1, "code", "\n".join(parameters), tags=frozenset({PARAMETERS})),
        Cell(2, "code", ""),
    ]


def _default(value: object) -> str:
    """What stands in the source for a param until it is given its value. What is looked up or computed stays away."""
    return f"None  # {value!r}" if holds(value, Lookup) or holds(value, Computed) else repr(value)


def _extracted_product(task: TaskSpec) -> str:
    if task.products is not None:
        return "None"
    return repr({"nb": f"output/{task.name}.ipynb"})


def _function(spec: Spec, task: TaskSpec) -> Created | None:
    name, path = task.source.text.rpartition(".")[2], _place(spec, task)
    arguments = [] if task.serializer else ["product"]
    if task.upstream or task.upstream is None:
        arguments.append("upstream=None")
    arguments += [one for one in task.params if one != "resources_"]
    arguments.sort(key=lambda one: "=" in one)
    # what the user is to write; until then a build says so
    body = '    """What it does."""\n    raise NotImplementedError\n'
    text = f"def {name}({', '.join(arguments)}):\n{body}"
    if not os.path.exists(path):  # noqa: PTH110
        _write(spec, path, text, new=True)
        return Created(task.name, path)
    existing, tree = _module(path)
    defined = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    defined |= {one.name for one in tree.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    defined |= {alias.asname or alias.name for node in ast.walk(tree) for alias in getattr(node, "names", ())
                if isinstance(alias, ast.alias)}  # fmt: skip
    if name in defined:
        return None
    gap = "" if existing.endswith("\n\n\n") or not existing else "\n\n" if existing.endswith("\n") else "\n\n\n"
    _write(spec, path, existing + gap + text)
    return Created(task.name, path, added=True)


def _module(path: Path) -> tuple[str, ast.Module]:
    try:
        text = read_bytes(path).decode("utf-8")
        return text, ast.parse(text)
    except SyntaxError as error:
        raise UserError(f"{path}, line {error.lineno}: {error.msg}", exit_code=2) from None
    except (OSError, ValueError, RecursionError) as error:  # not UTF-8, a NUL in it, nested too deeply
        raise UserError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", exit_code=2) from None


def _write(spec: Spec, path: Path, text: str, *, new: bool = False) -> None:
    with told(path):
        write_text(spec.root, path, text, new=new)
