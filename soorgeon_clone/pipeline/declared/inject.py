"""A task's source and its parameters -> the notebook that runs: the source with a cell ``injected-parameters``."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.tags import INJECTED, PARAMETERS
from soorgeon_clone.pipeline.declared import foreach
from soorgeon_clone.pipeline.declared.elements import ITEM
from soorgeon_clone.pipeline.declared.model import Product, Task
from soorgeon_clone.pipeline.declared.values import Computed, Lookup, changed, holds, literal
from soorgeon_clone.pipeline.sources.languages import LANGUAGES, Written


def parameters(task: Task, tasks: Mapping[str, Task], *, root: Path | None = None) -> dict[str, Any]:
    """The values that a task gets: ``upstream``, ``product`` and its params. Paths are relative to the folder in
    which it runs; with a ``root`` they are whole, for a task that changes its folder."""
    path = path_in(task.spec.folder) if root is None else lambda product: str(root / product)
    found = {
        "upstream": upstream_paths(task, tasks, path),
        "product": paths(task.products, path),
        **foreach.given(task),
    }
    if held := foreach.held_by(task, tasks):
        found[ITEM] = path(f"{held[1].told}/{held[2]}")
    return found


def path_in(folder: str | None) -> Callable[[str], str]:
    """What makes a path from the root one from a folder in it."""
    return str if folder is None else lambda path: os.path.relpath(path, folder)


def upstream_paths(task: Task, tasks: Mapping[str, Task], path: Callable[[str], str] = str) -> dict[str, Any] | None:
    """``{"load": {"nb": path, "df": path}}``; tasks that a wildcard stands for are below the wildcard."""
    if not task.is_told_upstream:
        return None
    others = {name for names in task.groups.values() for name in names} | set(task.after)
    found = {name: paths(tasks[name].products, path) for name in task.upstream if name not in others}
    for pattern, names in task.groups.items():
        found[pattern] = {name: paths(tasks[name].products, path) for name in names}
    return found


def paths(products: Sequence[Product], path: Callable[[str], str] = str) -> Any:
    """A path, or a mapping of keys to paths where the products have keys; relations as they are."""
    found = {product.key: path(product.told) if product.relation is None else product.relation for product in products}
    return found[None] if list(found) == [None] else found


def cell_text(values: Mapping[str, Any], task: Task) -> str:
    """The source of the injected cell, which assigns each value; it looks those up that are in the environment."""
    if task.facts.language is not None:
        return _in_another_language(values, task, task.facts.language)
    lines = ["# Parameters", *(["import os"] if holds(values, Lookup) else [])]
    # What is called ``os`` comes last: the others need the module.
    for name, value in sorted(values.items(), key=lambda pair: pair[0] == "os"):
        text = literal(value)
        try:
            if not _is_plain(value):
                ast.literal_eval(literal(changed(value, lambda part: None if _is_code(part) else part)))
        except (ValueError, SyntaxError):
            raise UserError(
                f"{task.spec.file}, line {task.spec.line}, task '{task.name}': "
                f"the parameter '{name}' is {type(value).__name__}, which cannot be written into a notebook",
                hint="A script can have texts, numbers, booleans, lists and mappings as parameters.",
                exit_code=2,
            ) from None
        lines.append(f"{name} = {text}")
    return "\n".join(lines)


def _in_another_language(values: Mapping[str, Any], task: Task, name: str) -> str:
    language = LANGUAGES.get(name)
    if language is None:
        raise UserError(
            f"{task.spec.file}, line {task.spec.line}, task '{task.name}': values cannot be written in {name}",
            hint=f"Known besides Python are: {', '.join(LANGUAGES)}.",
            exit_code=2,
        )

    def written(value: Any) -> Any:
        return Written(language.looked_up(value.parts)) if isinstance(value, Lookup) else value

    return "\n".join(
        [f"{language.comment} Parameters", *(language.assign(one, changed(values[one], written)) for one in values)]
    )


def _is_code(value: Any) -> bool:
    return isinstance(value, (Lookup, Computed))


def _is_plain(value: Any) -> bool:
    """Whether the literal of a value is certainly one."""
    if type(value) is dict:
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    return type(value) in (str, int, bool, type(None))


def inject(cells: Sequence[Cell], text: str) -> tuple[Cell, ...]:
    """The cells with the injected one right after the cell tagged ``parameters`` (else at the top), and no other."""
    kept = [cell for cell in cells if INJECTED not in cell.tags]
    position = next((index + 1 for index, cell in enumerate(kept) if PARAMETERS in cell.tags), 0)
    injected = Cell(0, "code", text, tags=frozenset({INJECTED}))
    return tuple(
        replace(cell, index=index) for index, cell in enumerate([*kept[:position], injected, *kept[position:]])
    )
