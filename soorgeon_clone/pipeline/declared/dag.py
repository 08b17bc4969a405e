"""Spec and what its sources say -> DAG: every upstream found, every product inside the project, no cycles."""

from __future__ import annotations

import fnmatch
import functools
import heapq
import itertools
import operator
import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.declared import foreach, outside
from soorgeon_clone.pipeline.declared.database_entry import receipt
from soorgeon_clone.pipeline.declared.model import DAG, HIDDEN, Product, Spec, Task, TaskSpec
from soorgeon_clone.pipeline.declared.yaml_tree import nearest
from soorgeon_clone.pipeline.sources.model import SourceFacts

_UNKNOWN_GRID = "Build: a function computes the grid of '{}', and only a build knows all its tasks."


def order(spec: Spec, facts: Mapping[str, SourceFacts]) -> DAG:
    """The tasks of a spec, each after its upstream, else in the order of pipeline.yaml."""
    names = {task.name: task for task in spec.tasks}
    tasks: dict[str, Task] = {}
    arrows = 0
    for task_spec in spec.tasks:
        own = facts[task_spec.name]
        upstream, groups, after = _upstream(spec, task_spec, own, names)
        arrows += len(upstream)
        if arrows > _MOST_ARROWS:
            raise UserError(f"{_place(task_spec)}: the tasks have more than {_MOST_ARROWS:,} upstreams", exit_code=2)
        tasks[task_spec.name] = Task(task_spec, own, _products(spec, task_spec, own), upstream, groups, after)
    _check_products(spec, tasks)
    foreach.check(tasks)
    downstream: dict[str, list[str]] = {}
    for task in tasks.values():
        for name in task.upstream:
            downstream.setdefault(name, []).append(task.name)
    ordered = _sorted(tasks, downstream)
    return DAG(spec, {name: replace(tasks[name], downstream=tuple(downstream.get(name, ()))) for name in ordered})


def ancestors(dag: DAG, names: Iterable[str]) -> set[str]:
    """The tasks that ``names`` need, themselves included."""
    return _reached(names, lambda name: dag.tasks[name].upstream)


def descendants(dag: DAG, names: Iterable[str]) -> set[str]:
    """The tasks that need ``names``, themselves included."""
    return _reached(names, lambda name: dag.tasks[name].downstream)


def beside(dag: DAG) -> dict[str, int]:
    """How many tasks may run at the same time as each task: those that it does not need and that do not need it.

    In a part of the DAG that is too large to compare each with each, it is the number of other tasks in that part.
    """
    found: dict[str, int] = {}
    for part in _parts(dag):
        found.update(_beside(dag, part) if len(part) <= _LARGE_PART else dict.fromkeys(part, len(part) - 1))
    return found


_LARGE_PART = 2000
_SHOWN = 20
# Ten thousand tasks that each need ten thousand others are more than anybody has, and than memory holds.
_MOST_ARROWS = 2_000_000


def _parts(dag: DAG) -> list[list[str]]:
    """The tasks cut into parts where every task of one part needs every task of the part before.

    A task is a part of its own if it needs all before it and all after it need it: each task before has a downstream
    task up to it, each task after an upstream task from it on.
    """
    position = {name: index for index, name in enumerate(dag.tasks)}
    names, tasks = list(dag.tasks), list(dag.tasks.values())
    reach = [min((position[one] for one in task.downstream), default=len(names)) for task in tasks]
    back = [max((position[one] for one in task.upstream), default=-1) for task in tasks]
    highest = [-1, *itertools.accumulate(reach, max)]  # of the tasks before each
    lowest = [len(names), *itertools.accumulate(reversed(back), min)][::-1]  # of each task and those after it
    parts: list[list[str]] = [[]]
    for index, name in enumerate(names):
        if highest[index] <= index <= lowest[index + 1]:
            parts += [[name], []]
        else:
            parts[-1].append(name)
    return [part for part in parts if part]


def _beside(dag: DAG, part: list[str]) -> dict[str, int]:
    bit = {name: 1 << number for number, name in enumerate(part)}
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for name in part:
        upstream = [one for one in dag.tasks[name].upstream if one in bit]
        before[name] = functools.reduce(operator.or_, (before[one] | bit[one] for one in upstream), 0)
    for name in reversed(part):
        downstream = [one for one in dag.tasks[name].downstream if one in bit]
        after[name] = functools.reduce(operator.or_, (after[one] | bit[one] for one in downstream), 0)
    return {name: len(part) - 1 - (before[name] | after[name]).bit_count() for name in part}


def select(dag: DAG, pattern: str) -> list[str]:
    """The tasks that a name or a wildcard means; a UserError where there is none."""
    found = [name for name in dag.tasks if name == pattern] or fnmatch.filter(dag.tasks, pattern)
    if not found:
        raise UserError(f"there is no task '{pattern}'", hint=_near(pattern, dag.tasks), exit_code=2)
    return found


def _reached(names: Iterable[str], step: Any) -> set[str]:
    found: set[str] = set()
    stack = list(names)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(step(name))
    return found


def _place(task: TaskSpec) -> str:
    return f"{task.file}, line {task.line}, task '{task.name}'"


def _near(name: str, names: Iterable[str]) -> str:
    names = list(names)
    near = nearest(name, names)
    return f"Did you mean '{near}'?" if near else f"Tasks: {', '.join(names[:20])}."


def _upstream(
    spec: Spec, task: TaskSpec, facts: SourceFacts, names: Mapping[str, TaskSpec]
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]], tuple[str, ...]]:
    """A task's upstream, the groups in it, and what it comes after besides."""
    after = foreach.waits_for(task, names)
    found: dict[str, None] = {}
    groups: dict[str, tuple[str, ...]] = {}
    declared = facts.upstream if task.upstream is None else task.upstream
    where = _place(task) if task.upstream is not None else f"{task.source.path or task.source.text}"
    for name in declared:
        if name in names:
            matches = [name]
        elif any(character in name for character in "*?["):
            matches = [one for one in fnmatch.filter(names, name) if one != task.name and names[one].over is None]
            groups[name] = tuple(matches)
        else:
            matches = []
        empty = [] if matches or name not in groups else _splits(names, name)
        after += empty
        if not matches and name not in groups:
            raise UserError(
                f"{where}: upstream '{name}' of task '{task.name}' is no task",
                hint=_near(name, names)
                if not spec.unknown_grids
                else _UNKNOWN_GRID.format(next(iter(spec.unknown_grids))),
                exit_code=2,
            )
        found.update(dict.fromkeys(matches))
    found.update(dict.fromkeys(after := [name for name in after if name not in found]))
    return tuple(found), groups, tuple(after)


def _splits(names: Mapping[str, TaskSpec], pattern: str) -> list[str]:
    """The splits of which a wildcard means all elements, of which there are none."""
    return [name for name, one in names.items() if one.over is not None and fnmatch.fnmatch(one.over.each, pattern)]


def _products(spec: Spec, task: TaskSpec, facts: SourceFacts) -> tuple[Product, ...]:
    products = task.products
    if products is None:
        products = _extracted(spec, task, facts)
    if task.source.kind == "link":  # it is only read
        return tuple(Product(one.key, posixpath.normpath(one.path)) for one in products)
    return tuple(one if one.relation is not None else _placed(spec, one, task) for one in products)


def _extracted(spec: Spec, task: TaskSpec, facts: SourceFacts) -> tuple[Product, ...]:
    """The products that a source declares itself (``meta.extract_product``)."""
    base = posixpath.dirname(task.source.path or "") if spec.product_relative_to_source else ""
    value = facts.product
    if isinstance(value, list) and task.source.kind == "sql":
        try:
            return (receipt(None, value, task.name),)
        except ValueError as error:
            raise UserError(f"{task.source.path}: {error}", exit_code=2) from None
    if isinstance(value, str) and value:
        return (Product(None, posixpath.join(base, value)),)
    if isinstance(value, Mapping) and value and all(isinstance(path, str) for path in value.values()):
        return tuple(Product(str(key), posixpath.join(base, path)) for key, path in value.items())
    if facts.problem:
        return ()
    raise UserError(
        f"{task.source.path or task.source.text}: no product declared",
        hint="With 'meta.extract_product: true' the parameters cell holds product = 'path' or {'nb': 'path', ...}.",
        exit_code=2,
    )


def _placed(spec: Spec, product: Product, task: TaskSpec) -> Product:
    """The product with its path relative to the root, normalised. Raises UserError for one that must not be there."""
    found = _inside(spec.root, product.path, task)
    if found is not None:
        return Product(product.key, found)
    package = outside.is_package(spec.root)
    inside = package is not None and _inside(package, os.path.join(spec.root, product.path), task) is not None  # noqa: PTH118
    if not spec.allow_outside and not inside:
        raise _outside(spec.root, product.path, task)
    return outside.product(product.key, product.path, spec.root)


def _inside(root: Path, path: str, task: TaskSpec) -> str | None:
    """The path relative to the root, normalised; None where it leads out of it."""
    if os.path.isabs(path):  # noqa: PTH117 (pathlib is slow, and this runs for every product)
        resolved = posixpath.normpath(path.replace("\\", "/"))
        base = root.as_posix()
        if not resolved.startswith(base + "/"):
            return None
        return resolved[len(base) + 1 :]
    normal = posixpath.normpath(path.replace("\\", "/") if os.sep == "\\" else path)
    if normal == ".." or normal.startswith("../") or normal == ".":
        whole = posixpath.normpath(f"{root.as_posix()}/{normal}")
        return whole[len(root.as_posix()) + 1 :] if whole.startswith(f"{root.as_posix()}/") else None
    if normal.split("/", 1)[0] == HIDDEN:
        raise UserError(f"{_place(task)}: product '{path}' is in {HIDDEN}, which is kept for records", exit_code=2)
    return normal


def _outside(root: Path, path: str, task: TaskSpec) -> UserError:
    return UserError(
        f"{_place(task)}: product '{path}' is outside of the project",
        hint=f"Say 'allow_outside: true' at the top of pipeline.yaml if that is meant, or put it below {root}.",
        exit_code=2,
    )


def _check_products(spec: Spec, tasks: Mapping[str, Task]) -> None:
    makers: dict[str, str] = {}
    relations: dict[tuple[str, str], str] = {}
    for task in tasks.values():
        for product in task.products:
            makes: tuple[dict[Any, str], Any, str] = (makers, product.path, "have one path,")
            if product.relation is not None:
                makes = (
                    relations,
                    (str(product), repr(task.spec.database and task.spec.database.client)),
                    "make one relation,",
                )
            others, place, what = makes
            other = others.get(place)
            if other is not None:
                both = f"two products of task '{other}'" if other == task.name else f"tasks '{other}' and '{task.name}'"
                raise UserError(
                    f"{_place(task.spec)}: {both} {what} {product}",
                    hint="Give each product a place of its own.",
                    exit_code=2,
                )
            others[place] = task.name
    sources = {
        task.spec.source.path: task.name
        for task in tasks.values()
        if task.spec.source.path and task.spec.source.kind != "upload"
    }
    sources[spec.path.name] = ""
    for path, name in makers.items():
        if path in sources:
            raise UserError(f"{_place(tasks[name].spec)}: product '{path}' would overwrite a source", exit_code=2)
        folder = posixpath.dirname(path)
        while folder:
            if folder in makers:
                raise UserError(
                    f"{_place(tasks[name].spec)}: product '{path}' lies in '{folder}', "
                    f"which is itself a product of task '{makers[folder]}'",
                    exit_code=2,
                )
            folder = posixpath.dirname(folder)


def _sorted(tasks: Mapping[str, Task], downstream: Mapping[str, list[str]]) -> list[str]:
    position = {name: index for index, name in enumerate(tasks)}
    waiting = {name: len(task.upstream) for name, task in tasks.items()}
    ready = [position[name] for name, count in waiting.items() if not count]
    heapq.heapify(ready)
    names = list(tasks)
    ordered: list[str] = []
    while ready:
        name = names[heapq.heappop(ready)]
        ordered.append(name)
        for other in downstream.get(name, ()):
            waiting[other] -= 1
            if not waiting[other]:
                heapq.heappush(ready, position[other])
    if len(ordered) < len(tasks):
        path = _cycle({name: tasks[name].upstream for name in tasks if waiting[name]})
        raise UserError(
            f"{tasks[path[0]].spec.file}: tasks wait for each other: {_arrows(path)}",
            hint="An arrow reads 'needs'. Remove one of these upstreams.",
            exit_code=2,
        )
    return ordered


def _arrows(path: list[str]) -> str:
    if len(path) > _SHOWN:
        path = [*path[: _SHOWN - 1], f"... ({len(path) - _SHOWN} more)", path[-1]]
    return " -> ".join(path)


def _cycle(upstream: Mapping[str, tuple[str, ...]]) -> list[str]:
    """A cycle among tasks that all wait, from a task back to itself."""
    name = next(iter(upstream))
    path: dict[str, None] = {}
    while name not in path:
        path[name] = None
        name = next(one for one in upstream[name] if one in upstream)
    names = list(path)
    return [*names[names.index(name) :], name]
