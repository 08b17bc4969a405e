"""Declared tasks whose source is missing -> sources to start from; what exists is never touched."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_text
from soorgeon_clone.notebook import write
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.pipeline.model import Spec, TaskSpec
from soorgeon_clone.pipeline.values import Computed, Lookup, holds

_UPSTREAM_HINT = "# The tasks whose products this task reads, for example ['load']; build puts their paths here."
_PRODUCT_HINT = "# Left alone: build puts the paths of this task's products here, as pipeline.yaml declares them."


@dataclass(frozen=True)
class Created:
    """A source that was made for a task. ``added``: a function at the end of a module that was there."""

    task: str
    path: Path
    added: bool = False


def create_missing(spec: Spec) -> list[Created]:
    """Write the sources that tasks declare and that do not exist."""
    found = []
    for task in spec.tasks:
        created = _function(spec, task) if task.source.kind == "function" else _notebook(spec, task)
        if created is not None:
            found.append(created)
    return found


def _notebook(spec: Spec, task: TaskSpec) -> Created | None:
    path = spec.root / str(task.source.path)
    if path.exists():
        return None
    cells = _cells(task)
    if path.suffix == ".py":
        text = write.to_script(cells, {})
    elif path.suffix == ".ipynb":
        text = write.to_ipynb(cells, {"kernelspec": _KERNEL, "language_info": {"name": "python"}})
    else:
        raise UserError(
            f"{task.file}, line {task.line}: scaffold writes .py and .ipynb sources, not {path.suffix}", exit_code=2
        )
    _write_new(path, text)
    return Created(task.name, path)


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
    texts = [
        ("markdown", f"# {title}", frozenset[str]()),
        ("code", "\n".join(parameters), frozenset({"parameters"})),
        ("code", "", frozenset[str]()),
    ]
    return [Cell(index, kind, text, tags=tags) for index, (kind, text, tags) in enumerate(texts)]  # type: ignore[arg-type]


def _default(value: object) -> str:
    """What stands in the source for a param until it is given its value. What is looked up or computed stays away."""
    return f"None  # {value!r}" if holds(value, Lookup) or holds(value, Computed) else repr(value)


def _extracted_product(task: TaskSpec) -> str:
    if task.products is not None:
        return "None"
    return repr({"nb": f"output/{task.name}.ipynb"})


def _function(spec: Spec, task: TaskSpec) -> Created | None:
    module, _, name = task.source.text.rpartition(".")
    base = spec.root.joinpath(*module.split("."))
    path = base / "__init__.py" if (base / "__init__.py").is_file() else base.with_suffix(".py")
    arguments = [] if task.serializer else ["product"]
    if task.upstream or task.upstream is None:
        arguments.append("upstream=None")
    arguments += [one for one in task.params if one != "resources_"]
    arguments.sort(key=lambda one: "=" in one)
    body = '    """What it does."""\n    raise NotImplementedError\n'
    text = f"def {name}({', '.join(arguments)}):\n{body}"
    if not path.exists():
        _write_new(path, text)
        return Created(task.name, path)
    try:
        existing = read_text(path)
        tree = ast.parse(existing)
    except SyntaxError as error:
        raise UserError(f"{path}, line {error.lineno}: {error.msg}", exit_code=2) from None
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise UserError(f"{path} cannot be read: {error}", exit_code=2) from None
    defined = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    defined |= {one.name for one in tree.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    defined |= {alias.asname or alias.name for node in ast.walk(tree) for alias in getattr(node, "names", ())
                if isinstance(alias, ast.alias)}  # fmt: skip
    if name in defined:
        return None
    gap = "" if existing.endswith("\n\n\n") or not existing else "\n\n" if existing.endswith("\n") else "\n\n\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(gap + text)
    return Created(task.name, path, added=True)


def _write_new(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
