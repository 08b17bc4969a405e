"""``export:`` in pipeline.yaml, and the command line -> what holds for the export, and the container of each task.

The entry stands at the top of pipeline.yaml and in tasks; in both, a key named like a target holds what is for that
target alone. What is nearer to the task wins: top, top for this target, task, task for this target. Mappings (``env``,
``secrets``, ``volumes``, ``node_selector``) are put together, key by key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.export import names
from soorgeon_clone.export.model import (
    OPERATORS,
    PROGRAM,
    PULL_POLICIES,
    Choices,
    Container,
    Settings,
)
from soorgeon_clone.pipeline.declared.entries import requests_item
from soorgeon_clone.pipeline.declared.model import Requests, Spec, TaskSpec
from soorgeon_clone.pipeline.declared.yaml_tree import Item, check_keys

# A task's `timeout` is for its code. The engine's is longer: it also counts the start of the container, what the store
# fetches and takes, and it must not stop the program before the program has stopped the task and said why.
GRACE_SECONDS = 600

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _text(item: Item) -> str:
    if not isinstance(item.value, str) or not item.value.strip():
        raise item.error("expected a text")
    return item.value


def _texts(item: Item) -> dict[str, str]:
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping")
    for entry in item.value.values():
        if isinstance(entry.value, (dict, list)) or entry.value is None:
            raise entry.error("expected a text")
    return {
        str(key): entry.value if isinstance(entry.value, str) else _scalar(entry.value)
        for key, entry in item.value.items()
    }


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _variables(item: Item) -> dict[str, str]:
    found = _texts(item)
    for name in found:
        if not _VARIABLE.fullmatch(name):
            raise item.value[name].error(f"{name!r} is no name for an environment variable")
    return found


def _paths(item: Item) -> dict[str, str]:
    found = _texts(item)
    for path in found:
        if not path.startswith("/"):
            raise item.value[path].error(f"{path!r} is no absolute path in the container")
    return found


def _count(item: Item) -> int:
    if isinstance(item.value, bool) or not isinstance(item.value, int) or item.value < 0:
        raise item.error("expected a whole number that is not negative")
    return item.value


def _seconds(item: Item) -> int:
    if isinstance(item.value, bool) or not isinstance(item.value, (int, float)) or item.value <= 0:
        raise item.error("expected a number of seconds")
    return math.ceil(item.value)


def _one_of(*allowed: str) -> Callable[[Item], str]:
    def read(item: Item) -> str:
        if item.value not in allowed:
            raise item.error(f"expected one of {', '.join(allowed)}")
        return str(item.value)

    return read


_Readers = Mapping[str, Callable[[Item], Any]]
# What the whole pipeline and one task may say.
_ANYWHERE: _Readers = {
    "image": _text,
    "pull_policy": _one_of(*PULL_POLICIES),
    "env": _variables,
    "secrets": _variables,
    "retries": _count,
    "timeout": _seconds,
    "volumes": _paths,
    "node_selector": _texts,
    "service_account": _text,
}
_TOP: _Readers = {"name": _text, "schedule": _text, "namespace": _text, "resources": requests_item}
_TARGETS: Mapping[str, _Readers] = {
    "airflow": {"operator": _one_of(*OPERATORS), "project": _text, "program": _text},
    "argo": {"parallelism": _count},
    "aws-batch": {
        "queue": _text,
        "platform": _one_of("EC2", "FARGATE"),
        "execution_role": _text,
        "job_role": _text,
    },
}
_MERGED = ("env", "secrets", "volumes", "node_selector")


def settings(target: str, spec: Spec, choices: Choices) -> Settings:
    """What holds for the export as a whole."""
    told = _merged(_layers(target, spec.export, top=True))
    title = choices.name or told.get("name") or spec.root.name or "pipeline"
    name = names.engine_name(title, names.KUBERNETES)
    return Settings(
        name=name,
        title=title,
        target=target,
        store=choices.store or spec.store,
        image=choices.image or told.get("image") or f"{name}:latest",
        schedule=choices.schedule or told.get("schedule"),
        namespace=told.get("namespace"),
        operator=choices.operator or told.get("operator", "kubernetes"),
        project=told.get("project") or spec.root.as_posix(),
        program=told.get("program") or PROGRAM,
        parallelism=told.get("parallelism"),
        queue=told.get("queue"),
        platform=told.get("platform", "EC2"),
        execution_role=told.get("execution_role"),
        job_role=told.get("job_role"),
    )


def containers(target: str, spec: Spec, choices: Choices, whole: Settings) -> Callable[[TaskSpec], Container]:
    """A function that says in which container a task runs; the same object for tasks that say the same."""
    common = _layers(target, spec.export, top=True)
    known: dict[object, Container] = {}
    shared: dict[Container, Container] = {}

    def container(task: TaskSpec) -> Container:
        # Entries of pipeline.yaml live as long as the spec, so their id tells them apart; the tasks of a grid have one.
        key = (id(task.export), task.requests, task.retries, task.timeout, task.memory_limit)
        found = known.get(key)
        if found is None:
            told = _merged((*common, *_layers(target, task.export, top=False)))
            if choices.image:
                told["image"] = choices.image
            found = _container(task, whole, told)
            found = known[key] = shared.setdefault(found, found)
        return found

    return container


def _container(task: TaskSpec, whole: Settings, told: Mapping[str, Any]) -> Container:
    default: Requests = told.get("resources", Requests())
    timeout = told.get("timeout")
    if timeout is None and task.timeout is not None:
        timeout = math.ceil(task.timeout) + GRACE_SECONDS
    return Container(
        image=told.get("image") or whole.image,
        pull_policy=told.get("pull_policy", "IfNotPresent"),
        cpus=task.requests.cpus if task.requests.cpus is not None else default.cpus,
        memory=task.requests.memory or task.memory_limit or default.memory,
        gpus=task.requests.gpus if task.requests.gpus is not None else default.gpus,
        retries=told.get("retries", task.retries),
        timeout=timeout,
        env=_pairs(told, "env"),
        secrets=_pairs(told, "secrets"),
        volumes=_pairs(told, "volumes"),
        node_selector=_pairs(told, "node_selector"),
        service_account=told.get("service_account"),
    )


def _pairs(told: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    return tuple(told.get(key, {}).items())


def _layers(target: str, item: Item | None, *, top: bool) -> tuple[dict[str, Any], ...]:
    """What an entry says, and what its part for this target says; the parts of other targets are checked as well."""
    if item is None:
        return ()
    readers = {**_ANYWHERE, **(_TOP if top else {})}
    check_keys(item, (*readers, *_TARGETS), "export")
    found = [_read(item, readers)]
    for name, own in _TARGETS.items():
        part = item.get(name)
        if part is None:
            continue
        if not isinstance(part.value, dict):
            raise part.error("expected a mapping")
        more = {**readers, **(own if top else {})}
        check_keys(part, more, f"export.{name}")
        told = _read(part, more)
        if name == target:
            found.append(told)
    return tuple(found)


def _read(item: Item, readers: _Readers) -> dict[str, Any]:
    found = {}
    for key, read in readers.items():
        entry = item.get(key)
        if entry is not None:
            found[key] = read(entry)
    return found


def _merged(layers: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            merged[key] = {**merged.get(key, {}), **value} if key in _MERGED else value
    for both in sorted(set(merged.get("env", {})) & set(merged.get("secrets", {}))):
        raise UserError(
            f"pipeline.yaml, export: '{both}' stands in 'env' and in 'secrets'", hint="Keep one.", exit_code=2
        )
    return merged
