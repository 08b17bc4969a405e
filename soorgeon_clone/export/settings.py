"""``export:`` in pipeline.yaml, and the command line -> what holds for the export, and the container of each task.

The entry stands at the top of pipeline.yaml and in tasks. What is nearer to the task wins: the top, the environment
that was chosen (``environments``), the tasks that a pattern means (``tasks``), the task itself; in each, a key named
like the target wins over what is for all targets. Mappings (``env``, ``secrets``, ...) are put together, key by key.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names, readers
from soorgeon_clone.export.model import PROGRAM, PULL_POLICIES, Choices, Container, Settings
from soorgeon_clone.export.readers import Raw, Readers
from soorgeon_clone.export.target import Target
from soorgeon_clone.pipeline.declared.entries import requests_item
from soorgeon_clone.pipeline.declared.model import Requests, Spec, TaskSpec
from soorgeon_clone.pipeline.declared.yaml_tree import Item, check_keys

# A task's `timeout` is for its code. The engine's is longer: it also counts the start of the container, what the store
# fetches and takes, and it must not stop the program before the program has stopped the task and said why.
GRACE_SECONDS = 600

# What the whole pipeline and one task may say.
_ANYWHERE: Readers = {
    "image": readers.text,
    "requirements": readers.inner_path,
    "pull_policy": readers.one_of(*PULL_POLICIES),
    "env": readers.variables,
    "secrets": readers.variables,
    "retries": readers.count,
    "timeout": readers.seconds,
    "volumes": readers.volumes,
    "node_selector": readers.texts,
    "service_account": readers.text,
}
_TOP: Readers = {
    "name": readers.text,
    "schedule": readers.text,
    "namespace": readers.text,
    "resources": requests_item,
    "project": readers.text,
    "program": readers.text,
    "exclude": readers.lines,
    "include": readers.lines,
}
_ENVIRONMENT: Readers = {"store": readers.text}
_PATTERN: Readers = {"resources": requests_item}

_Layer = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """What pipeline.yaml says for one target. ``common`` holds for all tasks, ``patterns`` for those that they mean."""

    target: str
    kind: Target
    targets: Mapping[str, Target]
    common: tuple[_Layer, ...]
    patterns: tuple[tuple[str, tuple[_Layer, ...]], ...]


def told(target: str, targets: Mapping[str, Target], spec: Spec, environment: str | None) -> Told:
    """Read the top of pipeline.yaml; the parts of other targets and environments are checked as well."""
    found = _Top(targets, target, spec)
    chosen = found.environments.get(environment) if environment is not None else None
    if environment is not None and chosen is None:
        known = ", ".join(found.environments) or "none"
        raise UserError(
            f"{spec.path.name} has no environment '{environment}'",
            hint=f"'export: {{environments: {{{environment}: ...}}}}' declares it. There: {known}.",
            exit_code=2,
        )
    layers, patterns = chosen or ((), ())
    return Told(target, targets[target], targets, (*found.layers, *layers), (*found.patterns, *patterns))


def store_of(told: Told, spec: Spec) -> str | None:
    """The store that pipeline.yaml names."""
    store: str | None = _merged(told.common).get("store", spec.store)
    return store


def settings(told: Told, spec: Spec, choices: Choices) -> Settings:
    """What holds for the export as a whole."""
    merged = _merged(told.common)
    title = choices.name or merged.get("name") or spec.root.name or "pipeline"
    return Settings(
        name=names.engine_name(title, told.kind.TITLES),
        title=title,
        target=told.target,
        store=choices.store or store_of(told, spec),
        image=choices.image or merged.get("image") or f"{names.engine_name(title, names.IMAGE)}:latest",
        schedule=choices.schedule or merged.get("schedule"),
        namespace=merged.get("namespace"),
        project=merged.get("project") or spec.root.as_posix(),
        program=merged.get("program") or PROGRAM,
        exclude=merged.get("exclude", ()),
        include=merged.get("include", ()),
        own={key: merged[key] for key in (*told.kind.KEYS, *told.kind.TASK_KEYS) if key in merged},
    )


def containers(told: Told, spec: Spec, choices: Choices, whole: Settings) -> Callable[[TaskSpec], Container]:
    """A function that says in which container a task runs; the same object for tasks that say the same."""
    known: dict[object, Container] = {}
    shared: dict[Container, Container] = {}
    task_layers = cache(lambda identity: _layers(told.targets, told.target, _entry(entries[identity]), _ANYWHERE))
    entries = {id(task.export): task.export for task in spec.tasks}
    meant = _meant(told.patterns, spec)

    def container(task: TaskSpec) -> Container:
        # Entries of pipeline.yaml live as long as the spec, so their id tells them apart; the tasks of a grid have one.
        numbers = meant(task.name)
        key = (id(task.export), numbers, task.requests, task.retries, task.timeout, task.memory_limit)
        found = known.get(key)
        if found is None:
            own = task_layers(id(task.export)) if task.export is not None else ()
            near = [layer for number in numbers for layer in told.patterns[number][1]]
            merged = _merged((*told.common, *near, *own))
            if choices.image:
                merged["image"] = choices.image
            found = _container(task, whole, told.kind, merged)
            found = known[key] = shared.setdefault(found, found)
        return found

    return container


def _entry(item: Item | None) -> Item:
    assert item is not None
    return item


def _meant(patterns: Iterable[tuple[str, object]], spec: Spec) -> Callable[[str], tuple[int, ...]]:
    """A function that says which patterns mean a task. Raises UserError for one that means none: it is a mistake."""
    texts = [pattern for pattern, _ in patterns]
    for pattern in texts:
        if not any(fnmatch.fnmatchcase(task.name, pattern) for task in spec.tasks):
            raise UserError(
                f"{spec.path.name}, export.tasks: '{pattern}' is the name of no task, and means none",
                hint="Names of tasks with * and ? for any characters, for example 'fit-*'.",
                exit_code=2,
            )
    return lambda name: tuple(n for n, text in enumerate(texts) if fnmatch.fnmatchcase(name, text))


def _container(task: TaskSpec, whole: Settings, kind: Target, merged: Mapping[str, Any]) -> Container:
    default: Requests = merged.get("resources", Requests())
    timeout = merged.get("timeout")
    if timeout is None and task.timeout is not None:
        timeout = math.ceil(task.timeout) + GRACE_SECONDS
    image, requirements = merged.get("image") or whole.image, merged.get("requirements")
    return Container(
        image=image if requirements is None else names.variant(image, requirements),
        requirements=requirements,
        pull_policy=merged.get("pull_policy", "IfNotPresent"),
        cpus=task.requests.cpus if task.requests.cpus is not None else default.cpus,
        memory=task.requests.memory or task.memory_limit or default.memory,
        gpus=task.requests.gpus if task.requests.gpus is not None else default.gpus,
        retries=merged.get("retries", task.retries),
        timeout=timeout,
        env=_pairs(merged, "env"),
        secrets=_pairs(merged, "secrets"),
        volumes=tuple(merged.get("volumes", {}).items()),
        node_selector=_pairs(merged, "node_selector"),
        service_account=merged.get("service_account"),
        own=tuple((key, _hashable(merged[key])) for key in kind.TASK_KEYS if key in merged),
    )


def _pairs(merged: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    return tuple(merged.get(key, {}).items())


def _hashable(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value


class _Top:
    """The entry at the top, read: layers, patterns and environments."""

    def __init__(self, targets: Mapping[str, Target], target: str, spec: Spec) -> None:
        self.layers: tuple[_Layer, ...] = ()
        self.patterns: tuple[tuple[str, tuple[_Layer, ...]], ...] = ()
        self.environments: dict[str, tuple[tuple[_Layer, ...], tuple[tuple[str, tuple[_Layer, ...]], ...]]] = {}
        self._targets, self._target = targets, target
        if spec.export is None:
            return
        keys = {**_ANYWHERE, **_TOP}
        self.layers = _layers(targets, target, spec.export, keys, own=True, also=("tasks", "environments"))
        self.patterns = self._patterns(spec.export)
        environments = spec.export.get("environments")
        if environments is not None:
            for name, entry in readers.mapping(environments).value.items():
                more = {**keys, **_ENVIRONMENT}
                layers = _layers(targets, target, readers.mapping(entry), more, own=True, also=("tasks",))
                self.environments[str(name)] = layers, self._patterns(entry)

    def _patterns(self, item: Item) -> tuple[tuple[str, tuple[_Layer, ...]], ...]:
        entry = item.get("tasks")
        if entry is None:
            return ()
        return tuple(
            (
                str(pattern),
                _layers(self._targets, self._target, readers.mapping(part), {**_ANYWHERE, **_PATTERN}, "export.tasks"),
            )
            for pattern, part in readers.mapping(entry).value.items()
        )


def _layers(
    targets: Mapping[str, Target],
    target: str,
    item: Item,
    keys: Readers,
    place: str = "export",
    *,
    own: bool = False,
    also: tuple[str, ...] = (),
) -> tuple[_Layer, ...]:
    """What an entry says, and what its part for this target says. ``own``: also what targets take at the top alone."""
    check_keys(item, (*keys, *also, *targets), place)
    found = [_read(item, keys)]
    for name, kind in targets.items():
        part = item.get(name)
        if part is None:
            continue
        more = {**keys, **kind.TASK_KEYS, **(kind.KEYS if own else {})}
        check_keys(readers.mapping(part), more, f"{place}.{name}")
        read = _read(part, more)
        if name == target:
            found.append(read)
    return tuple(found)


def _read(item: Item, keys: Readers) -> dict[str, Any]:
    found = {}
    for key, read in keys.items():
        entry = item.get(key)
        if entry is not None:
            found[key] = read(entry)
    return found


def _merged(layers: Iterable[_Layer]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            merged[key] = _both(merged[key], value) if key in merged else value
    for both in sorted(set(merged.get("env", {})) & set(merged.get("secrets", {}))):
        raise UserError(
            f"pipeline.yaml, export: '{both}' stands in 'env' and in 'secrets'", hint="Keep one.", exit_code=2
        )
    return merged


def _both(far: Any, near: Any) -> Any:
    """Mappings are put together, and so are resources; of other values the nearer one stays."""
    if isinstance(near, dict):
        return {**far, **near}
    if isinstance(near, Raw):
        return near.over(far)
    if isinstance(near, Requests):
        told = {key: value for key, value in vars(near).items() if value is not None}
        return replace(far, **told)
    return near
