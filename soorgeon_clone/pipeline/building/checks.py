"""What certainly goes wrong, or has no effect, with the tasks of a build -> said before anything runs."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.pipeline.building import download_task
from soorgeon_clone.pipeline.building.hooks import OF_PIPELINE, OF_TASK
from soorgeon_clone.pipeline.declared import foreach
from soorgeon_clone.pipeline.declared.elements import ITEM, KEY
from soorgeon_clone.pipeline.declared.model import Client, Task
from soorgeon_clone.pipeline.execution import convert
from soorgeon_clone.pipeline.sources.local_modules import LocalModules
from soorgeon_clone.pipeline.sources.model import Signature, SourceFacts
from soorgeon_clone.pipeline.sources.no_code import NO_CODE
from soorgeon_clone.pipeline.sources.source_facts import function_facts
from soorgeon_clone.pipeline.status.project import Project

_MOST = 10
_HOOKS = ("on_render", "on_finish", "on_failure", "serializer", "unserializer")


def check(project: Project, names: Iterable[str]) -> list[str]:
    """Return what has no effect. Raises UserError for what cannot go well, with all of it."""
    tasks = [project.tasks[name] for name in names]
    wrong = [f"{_place(task)}: {problem}" for task in tasks for problem in _problems(project, task)]
    wrong += _of_hooks(project, tasks)
    if wrong:
        more = [f"and {len(wrong) - _MOST} more"] if len(wrong) > _MOST else []
        raise UserError("\n".join(["nothing was run:", *wrong[:_MOST], *more]), exit_code=2)
    return [f"{_place(task)}: {text}" for task in tasks for text in _without_effect(project, task)]


def _place(task: Task) -> str:
    return f"task '{task.name}' ({task.spec.source.path or task.spec.source.text})"


def _params(task: Task) -> list[str]:
    return [name for name in foreach.given(task) if name != "resources_"] + _told(task)


def _told(task: Task) -> list[str]:
    """What a task of ``foreach`` is told besides, as far as its function takes it; none of it needs to be used."""
    if task.spec.each is None:
        return []
    signature, known = task.facts.signature, foreach.given(task)
    names = (KEY, ITEM) if signature is None or signature.anything else signature.names
    return [name for name in (KEY, ITEM) if name in names and name not in known]


def _problems(project: Project, task: Task) -> Iterator[str]:
    if task.spec.source.kind == "function":
        if task.facts.problem is not None:
            yield task.facts.problem
        elif task.facts.signature is not None:
            yield from _of_function(task, task.facts.signature)
        return
    # a notebook that cannot be read blocks no other task, unless the user wants to know before
    checked = task.spec.source.kind in ("sql", "shell") or task.spec.static_analysis == "strict"
    if task.facts.problem is not None and checked:
        yield task.facts.problem
        return
    if task.spec.source.kind in ("sql", "shell") and task.spec.static_analysis != "disable":
        given = {*task.spec.params, *_told(task)}
        for name, _, line in task.facts.undefined:
            if name not in given:
                yield f"line {line}: {{{{{name}}}}} has no value: give it one in 'params'"
    if task.spec.source.kind == "link":
        for product in task.products:
            if not (project.root / product.path).exists():
                yield f"there is no {product}: the product of a {task.spec.source.text} is a file that is there"
    if task.spec.source.kind == "download" and (problem := download_task.check(task.spec.source.text)) is not None:
        yield problem
    if task.spec.source.kind in ("shell", "sql", "split", *NO_CODE):
        return
    for product in task.notebooks:
        if (problem := convert.no_format(Path(product.path), task.spec.exporter_of(product))) is not None:
            yield problem
    if task.kernel is not None or task.facts.language is not None:
        yield from _of_kernel(task)
        return
    if task.spec.static_analysis == "strict":
        yield from _of_strict(task)
    if task.spec.static_analysis != "disable":
        given = {*task.spec.params, *_told(task)}
        for name, cell, line in task.facts.undefined:
            if name not in given:
                yield f"cell {cell}, line {line}: the name '{name}' is nowhere defined"


def _of_kernel(task: Task) -> Iterator[str]:
    """What is missing for a notebook that another kernel than that of this Python runs."""
    from soorgeon_clone.pipeline.execution.kernel import require_kernel

    if task.kernel is None:
        yield f"it is written in {task.facts.language}: name its Jupyter kernel with 'kernelspec_name'"
        return
    try:
        require_kernel(task.kernel)
    except UserError as error:
        yield str(error)


def _of_hooks(project: Project, tasks: Iterable[Task]) -> Iterator[str]:
    """The functions that pipeline.yaml names for what happens around tasks, and that there are not."""
    hooks = [("pipeline.yaml", kind, getattr(project.spec, kind, None)) for kind in _HOOKS]
    hooks += [(_place(task), kind, getattr(task.spec, kind)) for task in tasks for kind in _HOOKS]
    named = [(place, kind, hook.dotted_path) for place, kind, hook in hooks if hook is not None]
    named += [(client.place, "client", client.value) for task in tasks for client in _clients(task)]
    local, known = LocalModules(project.root), dict[str, SourceFacts]()
    for place, kind, dotted in dict.fromkeys(named):
        if dotted not in known:
            known[dotted] = _facts_of(dotted, local, project.root)
        if known[dotted].problem is not None:
            yield f"{place}: {kind}: {known[dotted].problem}"
    for place, kind, hook in hooks:
        if hook is None or not kind.startswith("on_") or (signature := known[hook.dotted_path].signature) is None:
            continue
        offered = OF_PIPELINE if place == "pipeline.yaml" else OF_TASK
        for name in signature.required:
            if name not in (*offered, *hook.args):
                yield f"{place}: {kind}: {hook.dotted_path} asks for '{name}', and there is only {', '.join(offered)}"


def _clients(task: Task) -> Iterator[Client]:
    """Yield the clients of a task that are functions, and no URLs or values of the environment."""
    database = task.spec.database
    for client in (task.spec.file_client, database.client if database is not None else None):
        if client is not None and isinstance(client.value, str) and "://" not in client.value:
            yield client


def _facts_of(dotted: str, local: LocalModules, root: Path) -> SourceFacts:
    """Return what is known of a function without anything being imported: what it asks for, or why there is none."""
    module = dotted.replace("::", ".").rpartition(".")[0]
    path = local.find(module)
    if path is not None:
        return function_facts(dotted.replace("::", "."), Path(path)) if path.endswith(".py") else SourceFacts()
    try:
        found = importlib.util.find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        found = True  # who knows
    return SourceFacts(problem=None if found else f"there is no module {module} in {root}")


def _of_function(task: Task, signature: Signature) -> Iterator[str]:
    """What does not fit between what a function takes and what it is given."""
    given = [*_params(task)]
    if task.spec.serializer is None:
        given.insert(0, "product")
    if task.is_told_upstream:
        given[:0] = task.upstream if task.spec.spread else ["upstream"]
    if not signature.anything:
        for name in given:
            if name not in signature.names:
                what = "is given" if name in ("product", "upstream") else "is given the param"
                yield (
                    f"the function takes no '{name}', and {what} '{name}'"
                    if what != "is given"
                    else (f"the function takes no '{name}': add it to its parameters")
                )
    for name in signature.required:
        if name not in given:
            hint = " (it names no upstream task)" if name == "upstream" else ""
            yield f"the function needs '{name}', and pipeline.yaml does not give it{hint}"


def _of_strict(task: Task) -> Iterator[str]:
    """With ``static_analysis: strict``, the params are those that the cell ``parameters`` declares."""
    declared, given = set(task.facts.declared), set(task.spec.params)
    if task.spec.each is not None:
        declared, given = declared - {KEY, ITEM}, given - {KEY, ITEM}
    for name in sorted(declared ^ given):
        what = "declares no" if name in given else "declares"
        end = "but pipeline.yaml gives it" if name in given else "but pipeline.yaml does not give it"
        yield (
            f"the cell tagged 'parameters' {what} '{name}', {end}: make both agree, or leave out "
            "'static_analysis: strict'"
        )


def _without_effect(project: Project, task: Task) -> Iterator[str]:
    """Wildcards that match nothing, and params that a script does not use."""
    yield from (f"upstream '{name}' stands for no task" for name, tasks in task.groups.items() if not tasks)
    code = task.facts.code
    if task.spec.source.kind in ("function", *NO_CODE) or code is None or code.reflective:
        return
    used = {name.partition(".")[0] for name in code.effects.uses}
    unused = [name for name in _params(task) if name not in used and not (task.spec.each and name in (KEY, ITEM))]
    if not unused:
        return
    try:
        text = read_bytes(project.root / str(task.spec.source.path)).decode("utf-8", "replace")
    except OSError:
        return
    for name in unused:
        # a magic may use it: "!cat {name}"; what stands once is its declaration
        if len(re.findall(rf"\b{re.escape(name)}\b", text)) <= (name in task.facts.declared):
            yield f"the param '{name}' is not used"
