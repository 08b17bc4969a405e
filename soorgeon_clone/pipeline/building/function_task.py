"""A task that is a Python function: how it is called, with paths or with what a serializer makes of them."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.pipeline.building.hook_views import as_paths
from soorgeon_clone.pipeline.declared.elements import ITEM
from soorgeon_clone.pipeline.declared.model import Hook, Task
from soorgeon_clone.pipeline.declared.values import resolved
from soorgeon_clone.pipeline.execution.model import FunctionCall


def call_for(task: Task, values: Mapping[str, Any]) -> FunctionCall:
    """The call that runs the task: `run`, in the task's process."""
    arguments = dict(values)
    if task.spec.each is not None and task.spec.each.element is not None and task.spec.each.element.file is not None:
        arguments[ITEM] = as_paths(arguments[ITEM])
    return FunctionCall(
        f"{__name__}.run",
        {
            "dotted": task.spec.source.text,
            "product": as_paths(arguments.pop("product")),
            "upstream": as_paths(arguments.pop("upstream")),
            "params": arguments,
            "serializer": task.spec.serializer,
            "unserializer": task.spec.unserializer,
            "groups": tuple(task.groups),
            "spread": task.spec.spread,
        },
    )


def run(
    dotted: str,
    product: Any,
    upstream: Any,
    params: Mapping[str, Any],
    serializer: Hook | None,
    unserializer: Hook | None,
    groups: Collection[str] = (),
    spread: bool = False,
) -> None:
    """Call the function. It gets ``product`` unless a serializer writes what it returns, ``upstream`` if it has any, or
    with ``spread`` each upstream by its name. ``groups`` are those of its upstream that stand for several tasks.

    As in Ploomber, a serializer is called once, with all products of the task.
    """
    function = _load(dotted)
    arguments = dict(resolved(params))
    if upstream is not None:
        upstream = _unserialized(upstream, _function(unserializer), groups) if unserializer else upstream
        arguments.update(upstream if spread else {"upstream": upstream})
    if serializer is None:
        function(product=product, **arguments)
        return
    result = function(**arguments)
    if result is None and not spread:
        raise TypeError(f"{dotted} returned None, and there is a serializer that needs a value")
    save = _function(serializer)
    if isinstance(product, Mapping) and _is_ploombers(save):  # which knows several products by a class of its own
        if not isinstance(result, Mapping) or set(result) != set(product):
            raise ValueError(f"{dotted} must return a mapping with the keys {sorted(product)}")
        for key, path in product.items():
            save(result[key], path)
    else:
        save(result, product)


_importing: list[str] = []


def imported_for_a_task() -> str | None:
    """Return the module that is being imported in this process since a task is one of its functions."""
    return _importing[-1] if _importing else None


def _load(dotted: str) -> Any:
    import importlib

    module, _, name = dotted.replace("::", ".").rpartition(".")
    _importing.append(module)
    try:
        return getattr(importlib.import_module(module), name)
    finally:
        _importing.pop()


def _unserialized(upstream: Mapping[str, Any], load: Any, groups: Collection[str]) -> dict[str, Any]:
    def loaded(product: Any) -> Any:
        if isinstance(product, Mapping) and _is_ploombers(load):
            return {key: load(path) for key, path in product.items()}
        return load(product)

    return {
        name: {task: loaded(one) for task, one in product.items()} if name in groups else loaded(product)
        for name, product in upstream.items()
    }


def _function(hook: Hook) -> Any:
    function = _load(hook.dotted_path)
    return functools.partial(function, **resolved(hook.args)) if hook.args else function


def _is_ploombers(function: Any) -> bool:
    """Whether a decorator of Ploomber's made a serializer."""
    code = getattr(getattr(function, "func", function), "__code__", None)
    return code is not None and Path(code.co_filename).parts[-3:-1] == ("ploomber", "io")
