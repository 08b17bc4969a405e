"""Plan + layout -> the text of every file of the project: pure, so the same plan gives the same bytes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soorgeon_clone.analysis.knowledge.effects import pickler_of
from soorgeon_clone.notebook import write as notebook_text
from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.pipeline.declared import spec
from soorgeon_clone.refactor import nested
from soorgeon_clone.refactor.clashes import is_used
from soorgeon_clone.refactor.exported_name import EXPORTED, defined_names, imported_from
from soorgeon_clone.refactor.frames import frames_module
from soorgeon_clone.refactor.layout import Layout
from soorgeon_clone.refactor.model import Plan, Task
from soorgeon_clone.refactor.ploomber import is_refused
from soorgeon_clone.refactor.script import injected_params, task_cells
from soorgeon_clone.refactor.unlisted import unlisted_module
from soorgeon_clone.visible import one_line

_METADATA = {
    "jupytext": {"text_representation": {"extension": ".py", "format_name": "percent", "format_version": "1.3"}},
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
}
_IPYNB_METADATA = {"kernelspec": _METADATA["kernelspec"], "language_info": {"name": "python"}}


@dataclass(frozen=True)
class Project:
    """``files`` are ours as a whole; of each of ``shared`` only a block is, the rest belongs to a person."""

    notebook: str
    files: Mapping[str, str]
    shared: Mapping[str, str]


def project(
    plan: Plan, layout: Layout, requirements: Sequence[str], runner: str = "soorgeon-clone", made_from: str = ""
) -> Project:
    """Return all files by their path in the project, with forward slashes.

    ``runner`` is what pip installs to build it, ``made_from`` the name of the notebook's file, if that is known.
    """
    cells = {task.name: task_cells(task, layout) for task in plan.tasks}
    if layout.exported_module != EXPORTED:
        defined = defined_names(plan.exported)
        cells = {name: imported_from(ours, defined, layout.exported_module) for name, ours in cells.items()}
    files = {layout.source(task.name): _task_text(cells[task.name], layout) for task in plan.tasks}
    files |= own_modules(plan, layout)
    files["pipeline.yaml"] = spec.dump_tasks([_declaration(task, cells[task.name], layout) for task in plan.tasks])
    shared = {
        "requirements.txt": "\n".join(requirements),
        "README.md": _readme(plan, layout, runner, made_from or plan.notebook),
        ".gitignore": "\n".join(_ignored(layout)),
    }
    sources = [cell.source for task in plan.tasks for cell in task.cells if cell.kind == "code"]
    shared = {path: text for path, text in shared.items() if not any(is_used(path, source) for source in sources)}
    return Project(plan.notebook, files, shared)


def own_modules(plan: Plan, layout: Layout) -> dict[str, str]:
    """Return the modules that stand beside pipeline.yaml, by their path."""
    modules = {layout.exported_module: plan.exported.rstrip("\n") + "\n"}
    if layout.choices.df_format:
        modules[layout.frames_module] = frames_module(
            layout.choices.df_format, layout.choices.serializer, layout.choices.df_above
        )
    modules[layout.nested_module] = nested.TEXT
    modules |= {module: pickler_of(library) for library, module in layout.picklers.items()}
    found = {f"{name}.py": modules[name] for name in layout.own_modules}
    if name := layout.unlisted_module:
        ours = ("pipeline.yaml", layout.tasks_folder, layout.products, f"{name}.py", *found)
        caches = () if layout.choices.local_modules else ("__pycache__",)
        found[f"{name}.py"] = unlisted_module(one_line(plan.notebook), (*ours, *caches), _ignored(layout))
    return found


def products(task: Task, layout: Layout) -> dict[str, str]:
    """Return the task's products by key, its executed notebook first."""
    files = [file for bundle in task.saves for file in layout.product(task.name, bundle).all]
    return {"nb": layout.notebooks[task.name], **{file.key: file.path for file in files}}


def _task_text(cells: Sequence[Cell], layout: Layout) -> str:
    if layout.choices.file_format == "ipynb":
        return notebook_text.to_ipynb(cells, _IPYNB_METADATA)
    return notebook_text.to_script(cells, _METADATA)


def _declaration(task: Task, cells: Sequence[Cell], layout: Layout) -> dict[str, Any]:
    params = injected_params(task) or None
    entry = spec.declare(source=layout.source(task.name), product=products(task, layout), params=params)
    return {**entry, "static_analysis": "disable"} if is_refused(cells) else entry


def _ignored(layout: Layout) -> list[str]:
    """Return the line for .gitignore by which products stay out of version control."""
    prefix = layout.products.replace("\\", "/").strip("/")
    if prefix not in ("", ".") and not prefix.startswith("..") and not layout.products.startswith("/"):
        return [f"{prefix}/"]
    return []


def _readme(plan: Plan, layout: Layout, runner: str, made_from: str) -> str:
    rows = [
        f"| [{task.name}]({layout.source(task.name)}) | {', '.join(task.upstream)} | "
        f"{', '.join(part.name for bundle in task.saves for part in bundle.parts)} |"
        for task in plan.tasks
    ]
    notebook = one_line(made_from).replace("`", "'")  # a name of a file may hold anything
    one = len(plan.tasks) == 1
    tasks, them = ("It is one task", "it") if one else ("Each section of the notebook is a task", "them")
    return "\n".join(
        [
            "## Pipeline",
            "",
            f"Made from `{notebook}` by `soorgeon-clone refactor`. {tasks} in `{layout.tasks_folder}/`; "
            f"`pipeline.yaml` lists {them}.",
            "",
            "| Task | Needs | Saves |",
            "| --- | --- | --- |",
            *rows,
            "",
            "```sh",
            f"pip install -r requirements.txt {shlex.quote(runner)}",
            "soorgeon-clone build   # run what is not up to date; `ploomber build` does as well",
            "soorgeon-clone status  # what is up to date, and why not",
            "soorgeon-clone plot    # draw the pipeline",
            "```",
            "",
            f"The executed notebooks and what one task hands to the next are in `{layout.products}/`.",
        ]
    )
