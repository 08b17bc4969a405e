"""Python functions -> a pipeline: the names of a function's parameters are the functions that it needs.

from soorgeon_clone import task
from soorgeon_clone.pipeline import Pipeline


@task(product="output/data.pkl")
def load(): ...


def clean(load, n=3): ...


Pipeline([load, clean], params={"clean": {"n": 5}}).build()

As in ``ploomber.micro``. What a function returns is written as the ending of its product says (.csv, .parquet, .json,
.txt), else pickled, unless ``task`` names another serializer; a function with a parameter ``product`` gets the path and
writes it itself. Functions stand in a module of the project: tasks run in processes of their own, which import it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.function_task import imported_for_a_task
from soorgeon_clone.pipeline.declared.model import Hook, Product, Source, Spec, TaskSpec

_SAVE = "soorgeon_clone.pipeline.serializers.save_by_ending"
_LOAD = "soorgeon_clone.pipeline.serializers.load_by_ending"
_PRODUCT = "product"  # a parameter of this name gets the path, and the function writes it itself
_MARK = "__soorgeon_clone_task__"

Function = Callable[..., Any]


def task(
    function: Function | None = None,
    *,
    product: str | None = None,
    name: str | None = None,
    serializer: str | None = None,
    unserializer: str | None = None,
) -> Any:
    """Say of a function where its product goes (default: ``output/<name>.pkl``), what its task is called, and by which
    functions (``module.function``) its product is written, and its upstream read. The function stays as it is."""

    def decorate(one: Function) -> Function:
        declared = {"product": product, "name": name, "serializer": serializer, "unserializer": unserializer}
        setattr(one, _MARK, {key: value for key, value in declared.items() if value is not None})
        return one

    return decorate if function is None else decorate(function)


def spec_of(functions: Sequence[Function], params: Mapping[str, Mapping[str, Any]] | None = None) -> Spec:
    """Return what pipeline.yaml would say of these functions; ``params`` are values of parameters by task.

    Raises UserError for a function that tasks could not import, and for a parameter that nobody gives.
    """
    if not functions:
        raise UserError("a pipeline needs at least one function", exit_code=2)
    if (module := imported_for_a_task()) is not None:
        raise UserError(
            f"{module} makes a pipeline while it is imported, which each of its tasks does",
            hint="Put what makes and builds the pipeline under `if __name__ == '__main__':`.",
            exit_code=2,
        )
    root = Path.cwd().resolve()
    names = {_name(one) for one in functions}
    given = dict(params or {})
    unknown = sorted(set(given) - names)
    if unknown:
        raise UserError(f"there is no task '{unknown[0]}' to give params to", exit_code=2)
    tasks = tuple(_task(one, names, dict(given.get(_name(one), {})), root) for one in functions)
    return Spec(path=root / "pipeline.yaml", root=root, tasks=tasks)


def _name(function: Function) -> str:
    return str(getattr(function, _MARK, {}).get("name") or function.__name__)


def _task(function: Function, names: set[str], params: dict[str, Any], root: Path) -> TaskSpec:
    declared, name = getattr(function, _MARK, {}), _name(function)
    upstream, wanted = [], inspect.signature(function).parameters
    writes = _PRODUCT in wanted and _PRODUCT not in names and _PRODUCT not in params
    for one in wanted.values():
        if one.name == _PRODUCT and writes:
            continue
        if one.name in names and one.name not in params:
            upstream.append(one.name)
        elif (
            one.name not in params
            and one.default is one.empty
            and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        ):
            raise UserError(
                f"task '{name}': its parameter '{one.name}' is no task, and has no value",
                hint=f"Give it one: Pipeline([...], params={{'{name}': {{'{one.name}': ...}}}}).",
                exit_code=2,
            )
    return TaskSpec(
        name=name,
        source=Source("function", f"{_module(function, root)}.{function.__name__}"),
        products=(Product(None, declared.get("product") or f"output/{name}.pkl"),),
        upstream=tuple(upstream),
        params=params,
        serializer=None if writes else Hook(declared.get("serializer", _SAVE)),
        unserializer=Hook(declared.get("unserializer", _LOAD)),
        spread=True,
        file=f"{function.__module__}",
        line=function.__code__.co_firstlineno,
    )


def _module(function: Function, root: Path) -> str:
    """The module by which a task's process, which runs in ``root``, can import the function."""
    module = sys.modules.get(function.__module__)
    file = getattr(module, "__file__", None)
    path = Path(file).resolve() if file else None
    if (
        path is None
        or root not in path.parents
        or getattr(module, function.__name__, function) is not function
        or (not function.__qualname__.isidentifier())
    ):
        raise UserError(
            f"the function {function.__qualname__} of {function.__module__} cannot be imported by a task",
            hint=f"Write it at the top of a module in {root}: tasks run in processes of their own.",
            exit_code=2,
        )
    return ".".join(path.relative_to(root).with_suffix("").parts)
