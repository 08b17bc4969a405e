"""Task -> the cells of its notebook, as a careful colleague would have written it, in need of nothing of ours."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.tags import (
    DEFINITIONS,
    IMPORTS,
    LOAD,
    OTHER_PARAMETERS,
    PARAMETERS,
    PATHS,
    READS_FILES,
    SAVE,
    SETTINGS,
    WRITES_FILES,
    is_reserved,
)
from soorgeon_clone.pipeline.assumptions.comments import text_of
from soorgeon_clone.refactor.crossing import Words, load_lines, quoted, save_lines
from soorgeon_clone.refactor.exported_name import EXPORTED
from soorgeon_clone.refactor.imports import arrange
from soorgeon_clone.refactor.layout import Layout
from soorgeon_clone.refactor.model import Load, Replay, Step, Task
from soorgeon_clone.refactor.naming import Names, imports_of, names_of, place_import

# Of a number: Python refuses to write, and to read, one of more than 4,300 digits.
_MOST_BITS = 10_000

_INJECTED = ("upstream", "product")
_OF_SAVED = "apart"  # what is taken for granted of what is saved
_REPLAY_TAGS = {"import": IMPORTS, "setting": SETTINGS, "definition": DEFINITIONS}


def task_cells(task: Task, layout: Layout) -> tuple[Cell, ...]:
    """Return the cells: heading, imports, parameters, what the task needs, its own cells, what it saves."""
    names = names_of(task)
    stashed = {name: names.pick(name) for name in _INJECTED}
    words = Words(names, stashed["product"], stashed["upstream"], project=_project_name(task, layout, names))
    heading, own = _split_heading([_clean(cell) for cell in task.cells])
    early, steps = _early_imports(task.steps)
    needed = [cell for kind, group in groupby(steps, _kind) for cell in _step_cells(kind, list(group), layout, words)]
    paths = _paths_code(task, layout, words)
    search = _search_path_code(task, layout, words)
    first = set(words.imports)  # what is asked for before the task's own cells run
    saving = _save_code(task, layout, words)
    there = imports_of(own) if not words.begins else set()  # what is kept from the start asks for them then
    ours = [item.statement for usual, item in words.imports.items() if usual in first or item.statement not in there]
    imports = arrange([*(step.source for step in early), *ours], layout.own_modules)
    done = imports_of(_code(IMPORTS, imports))
    needed = [cell for cell in needed if IMPORTS not in cell.tags or not imports_of([cell]) <= done]
    search, imports = _with_search_path(search, imports)
    granted = _assumption_lines(task, words)
    if granted and needed and LOAD in needed[-1].tags:
        last = needed.pop()
        granted = [last.source, *granted]
    cells = [
        *heading,
        *_code(SETTINGS, _unlisted_code(layout)),
        *_code(SETTINGS, search),
        *_code(IMPORTS, imports),
        *_parameters_cells(task),
        *_code(PATHS, paths),
        *_code(SETTINGS, "\n".join(f"{name} = {begin}" for begin, name in words.begins.items())),
        *needed,
        *_code(LOAD, "\n".join(granted)),
        *_code(OTHER_PARAMETERS, _other_params_code(task)),
        *own,
        *_code(SAVE, saving),
    ]
    return tuple(replace(cell, index=index) for index, cell in enumerate(cells))


def _unlisted_code(layout: Layout) -> str:
    """Return what keeps the pipeline's own files out of what the notebook lists."""
    if not (name := layout.unlisted_module):
        return ""
    return f"# Who lists this folder does not see what the pipeline is made of.\nimport {name}\n\ndel {name}"


def injected_params(task: Task) -> dict[str, object]:
    """Return the params that pipeline.yaml can hold, those whose value JSON keeps; the others stay assignments."""
    values = {}
    for name, source in task.params.items():
        if name in _INJECTED:
            continue
        try:
            value = ast.literal_eval(source)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if _is_plain(value):
            values[name] = value
    return values


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, float):
        return abs(value) != float("inf") and value == value
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None or (isinstance(value, int) and value.bit_length() <= _MOST_BITS)


def _parameters_cells(task: Task) -> list[Cell]:
    """Return the cell of upstream and product; its tags tell the runner what the products do not."""
    cells = _code(PARAMETERS, _parameters_code(task))
    tags = {tag for tag, is_so in ((WRITES_FILES, task.writes_files), (READS_FILES, task.reads_files)) if is_so}
    return [replace(cell, tags=cell.tags | tags) for cell in cells]


def _parameters_code(task: Task) -> str:
    upstream = list(task.upstream) or None
    params = [f"{name} = {task.params[name]}" for name in injected_params(task)]
    return "\n".join([f"upstream = {upstream}", "product = None", *params])


def _paths_code(task: Task, layout: Layout, words: Words) -> str:
    """Return what must happen first after the runner has told the paths: keep them out of the notebook's way."""
    folder = _folder(task, layout)
    loads = any(isinstance(step, Load) for step in task.steps)
    own = [
        f"{ours} = {name}"
        for name, ours, needed in (("upstream", words.upstream, loads), ("product", words.product, bool(task.saves)))
        if needed and name != ours
    ]
    blocks = ["# The notebook has names of its own that are called like these.", *own] if own else []
    if unbound := [name for name in _INJECTED if name in task.unbound and name not in task.params]:
        blocks.append("# The notebook asks whether it has names like these.")
        blocks.append(f"del {', '.join(unbound)}")
    if words.project:
        why = (
            "File names mean what they mean in the notebook" if folder else "Products stay here when the folder changes"
        )
        blocks.append(f"# {why}, however often this runs.")
        here = f"{words.use('from pathlib import Path')}.cwd()"
        blocks.append(f"{words.project} = {words.builtin('globals')}().get({quoted(words.project)}, {here})")
        if folder:
            blocks.append(f"{words.use('import os')}.chdir({words.project} / {quoted(folder)})")
    return "\n".join(blocks)


def _folder(task: Task, layout: Layout) -> str:
    """Return the way to the folder in which the task runs, "" for the project's."""
    return layout.choices.notebook_folder if task.touches_files else ""


def _project_name(task: Task, layout: Layout, names: Names) -> str:
    """Return what the project's folder is called in a task that leaves it, "" where nobody asks for it."""
    has_files = bool(task.saves) or any(isinstance(step, Load) for step in task.steps)
    return names.pick("project") if _folder(task, layout) or (task.changes_directory and has_files) else ""


def _other_params_code(task: Task) -> str:
    injected = injected_params(task)
    return "\n".join(f"{name} = {source}" for name, source in task.params.items() if name not in injected)


def _search_path_code(task: Task, layout: Layout, words: Words) -> str:
    """Return the code by which modules are found from any folder: ours in the project, the notebook's own beside it."""
    folder = layout.choices.notebook_folder
    leaves = bool(folder) and task.touches_files
    ours = _may_import_ours(task, layout) and (leaves or _loads_elsewhere(task))
    beside = bool(folder) and bool(layout.choices.local_modules)
    if not ours and not beside:
        return ""
    system, search = place_import("import os", words.names), place_import("import sys", words.names)
    where = [f"{system.name}.getcwd()"] * ours + [f"{system.name}.path.abspath({quoted(folder)})"] * beside
    what = " and ".join(["those of the pipeline"] * ours + ["those beside the notebook"] * beside)
    added = f"{search.name}.path[:0] = [{', '.join(where)}]"
    return "\n".join([system.statement, search.statement, "", f"# Modules are found from any folder: {what}.", added])


def _may_import_ours(task: Task, layout: Layout) -> bool:
    """Whether a task names a module of the pipeline, or loads what may be of one."""
    if any(isinstance(step, Load) for step in task.steps):
        return bool(layout.own_modules)
    steps = [step.source for step in task.steps if isinstance(step, Replay)]
    text = "\n".join([*steps, *(cell.source for cell in task.cells if cell.kind == "code")])
    return any(re.search(rf"\b{re.escape(module)}\b", text) for module in (EXPORTED, *layout.own_modules))


def _with_search_path(search: str, imports: str) -> tuple[str, str]:
    """Return the code of the search path and the imports, as one cell where that can be, in which nothing is imported
    twice. ``from __future__`` has to be the first of its cell."""
    if not search or not imports or imports.startswith("from __future__"):
        return search, imports
    ours = set(search.split("\n"))
    rest = "\n".join(line for line in imports.split("\n") if not line or line not in ours).strip("\n")
    return "", f"{search}\n\n{rest}" if rest else search


def _loads_elsewhere(task: Task) -> bool:
    """Tell whether something is loaded, which may need exported.py, after a setting that may be another directory."""
    kinds = [_kind(step) for step in task.steps]
    return task.changes_directory and SETTINGS in kinds and LOAD in kinds[kinds.index(SETTINGS) :]


def _save_code(task: Task, layout: Layout, words: Words) -> str:
    if not task.saves:
        return ""
    # Whoever runs a task makes the folders of its products: our runner, Ploomber, the cell that is added in Jupyter.
    lines = [line for bundle in task.saves for line in save_lines(task.name, bundle, layout, words)]
    lines += [text_of(one) for one in task.assumptions if one.kind == _OF_SAVED]
    return "\n".join(lines)


def _assumption_lines(task: Task, words: Words) -> list[str]:
    """Return the comments that say what the task takes for granted of what it begins with."""
    lines = []
    for one in task.assumptions:
        if one.kind == "binds nothing else":  # nor what we use ourselves
            ours = {*_INJECTED, *(item.name for item in words.imports.values()), *filter(None, [words.project])}
            one = replace(one, names=tuple(sorted({*one.names, *ours})))
        if one.kind != _OF_SAVED:
            lines.append(text_of(one))
    return lines


def _split_heading(cells: Sequence[Cell]) -> tuple[list[Cell], list[Cell]]:
    """Return the Markdown cells down to the last heading before any code, and all cells after those."""
    leading = next((index for index, cell in enumerate(cells) if cell.kind == "code"), len(cells))
    headings = [index for index in range(leading) if cells[index].source.lstrip().startswith(("#", "<h"))]
    end = headings[-1] + 1 if headings else min(leading, 1)
    return list(cells[:end]), list(cells[end:])


def _early_imports(steps: Sequence[Step]) -> tuple[list[Replay], list[Step]]:
    """Return the imports that can stand before the parameters cell, and the other steps.

    An import that binds ``product`` or ``upstream``, or nobody knows what, waits until the runner's values are kept.
    """
    early: list[Replay] = []
    for step in steps:
        if not isinstance(step, Replay) or step.kind != "import":
            break
        if not _may_bind_injected(step):
            early.append(step)
    return early, [step for step in steps if not any(step is taken for taken in early)]


def _may_bind_injected(step: Replay) -> bool:
    names = names_of(Task("", "", (), (step,), (), ()))
    return names.unknown or any(name in names.bound for name in _INJECTED)


def _kind(step: Step) -> str:
    return LOAD if isinstance(step, Load) else _REPLAY_TAGS[step.kind]


def _step_cells(tag: str, steps: list[Step], layout: Layout, words: Words) -> Iterator[Cell]:
    if tag == LOAD:
        lines = [line for load in _merge_loads(steps) for line in load_lines(load, layout, words)]
        yield from _code(tag, "\n".join(lines))
        return
    sources = [step.source.strip("\n") for step in steps if isinstance(step, Replay)]
    if tag == IMPORTS:
        yield from _code(tag, arrange(sources, layout.own_modules))
        return
    separator = "\n\n\n" if tag == DEFINITIONS else "\n"
    for is_cell_magic, group in groupby(sources, lambda source: source.startswith("%%")):
        for source in group if is_cell_magic else [separator.join(group)]:
            yield from _code(tag, source)


def _merge_loads(steps: Iterable[Step]) -> list[Load]:
    """Return the loads with those of one product made into one, so that objects in it stay the same objects."""
    merged: dict[tuple[str, str], Load] = {}
    for step in steps:
        assert isinstance(step, Load)
        before = merged.get((step.task, step.bundle.key))
        names = (*before.names, *step.names) if before else step.names
        merged[step.task, step.bundle.key] = replace(step, names=tuple(dict.fromkeys(names)))
    return list(merged.values())


def _code(tag: str, source: str) -> list[Cell]:
    return [Cell(0, "code", source, tags=frozenset([tag]))] if source else []


def _clean(cell: Cell) -> Cell:
    """Return the cell as a source has it: no results of an earlier run, no tags that mean something to a runner."""
    tags = frozenset(tag for tag in cell.tags if not is_reserved(tag))
    return replace(cell, outputs=(), execution_count=None, tags=tags)
