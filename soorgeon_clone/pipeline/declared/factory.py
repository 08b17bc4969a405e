"""What a function named by ``location`` returns (a DAG of Ploomber's, a mapping) -> what pipeline.yaml would say.

Nothing here imports Ploomber: its objects say themselves what they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError

_HOOKS = ("on_render", "on_finish", "on_failure")
_OF_NOTEBOOKS = ("nbconvert_exporter_name", "nbconvert_export_kwargs", "executor_params")
_RESERVED = ("upstream", "product", "client")


def declared(found: Any, root: Path, where: str) -> dict[str, Any]:
    """Return the mapping. Raises UserError for what is none, or cannot be written down."""
    if isinstance(found, list):
        found = {"tasks": found}
    is_dag = callable(getattr(found, "render", None)) and hasattr(found, "executor")  # also a Mapping, of its tasks
    if is_dag:
        found = _of_dag(found, root, where)
    elif not isinstance(found, Mapping):
        raise UserError(
            f"{where} returned {type(found).__name__}: expected a DAG of Ploomber's, or a mapping with what "
            "pipeline.yaml would say",
            exit_code=2,
        )
    if "location" in found:
        raise UserError(f"{where} returned a mapping with 'location': expected one with 'tasks'", exit_code=2)
    try:
        return dict(json.loads(json.dumps(found, default=_plain)))
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: what it returned cannot be written into a pipeline.yaml: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if callable(getattr(value, "item", None)):  # a number of numpy's
        return value.item()
    raise TypeError(f"it holds {type(value).__name__}")


def _of_dag(dag: Any, root: Path, where: str) -> dict[str, Any]:
    try:
        dag.render(show_progress=False)  # only then are products known
    except Exception as error:
        raise UserError(f"{where}: its DAG cannot be rendered: {type(error).__name__}: {error}", exit_code=1) from error
    top: dict[str, Any] = {"meta": {"extract_upstream": False}, **_hooks(dag, where)}
    executor = type(dag.executor).__name__.lower()
    if executor == "parallel" and getattr(dag.executor, "processes", None):
        top["executor"] = {"dotted_path": "ploomber.executors.Parallel", "processes": dag.executor.processes}
    elif executor in ("serial", "parallel"):
        top["executor"] = executor
    clients = {getattr(key, "__name__", str(key)): key for key in getattr(dag, "clients", None) or ()}
    if "File" in clients:
        top["clients"] = {"File": _file_client(dag.clients[clients["File"]], where)}
    top["tasks"] = [_task(dag[name], root, where) for name in dag]
    return top


def _task(task: Any, root: Path, where: str) -> dict[str, Any]:
    kind = type(task).__name__
    product = _product(task.product)
    entry: dict[str, Any] = {"name": str(task.name), "class": kind, "product": product}
    where = f"{where}, task '{task.name}'"
    if kind != "Link" and kind != "Input":
        entry["source"] = _source(task, kind, root, where)
    own = next((one for one in map(_own_client, _parts(task.product)) if one is not None), None)
    if own is not None:
        entry["product_client"] = _file_client(own, where)
    if task.upstream:
        entry["upstream"] = sorted(str(name) for name in task.upstream)
    given = task.params.to_dict() if hasattr(task.params, "to_dict") else dict(task.params)
    params = {name: value for name, value in given.items() if name not in _RESERVED}
    if params:
        entry["params"] = params
    entry |= _hooks(task, where)
    for key, attribute in (("serializer", "_serializer"), ("unserializer", "_unserializer")):
        if getattr(task, attribute, None) is not None:
            entry[key] = _dotted(getattr(task, attribute), where)
    if kind in ("NotebookRunner", "ScriptRunner"):
        entry["static_analysis"] = getattr(task, "static_analysis", None) or "regular"
        kernel = getattr(task.source, "_kernelspec_name", None)
        if kernel:
            entry["kernelspec_name"] = kernel
    if getattr(task, "local_execution", False):
        entry["local_execution"] = True
    for key in _OF_NOTEBOOKS if kind == "NotebookRunner" else ():
        if getattr(task, key, None):
            entry[key] = getattr(task, key)
    if kind == "NotebookRunner" and isinstance(product, dict):
        entry["nb_product_key"] = getattr(task, "nb_product_key", "nb")
    if kind in ("SQLScript", "SQLDump", "SQLUpload"):
        entry["client"] = _client(task.client, where)
    if kind in ("SQLDump", "SQLUpload"):
        entry["chunksize"] = getattr(task, "chunksize", None)
    if kind == "SQLUpload" and getattr(task, "to_sql_kwargs", None):
        entry["to_sql_kwargs"] = task.to_sql_kwargs
    return entry


def _several(product: Any) -> Any:
    found = getattr(product, "products", None)
    return getattr(found, "products", found)


def _parts(product: Any) -> list[Any]:
    several = _several(product)
    return list(several.values()) if isinstance(several, Mapping) else [product]


def _own_client(product: Any) -> Any:
    """The client that a file was given, not that of all files."""
    return None if hasattr(product, "schema") else getattr(product, "_client", None)


def _product(product: Any) -> Any:
    several = _several(product)
    if isinstance(several, Mapping):
        return {str(key): _product(one) for key, one in several.items()}
    if hasattr(product, "schema") and hasattr(product, "kind"):
        return [one for one in (product.schema, product.name, product.kind) if one is not None]
    return str(product)


def _source(task: Any, kind: str, root: Path, where: str) -> str:
    source = task.source
    if kind == "PythonCallable":
        return _dotted(source.primitive, where)
    if kind == "DownloadFromURL":
        return str(source)
    found = getattr(source, "_path", None) or getattr(source, "loc", None)
    if found is None:
        raise UserError(f"{where}: its source is a text in the program: put it into a file", exit_code=2)
    path = Path(str(found)).absolute()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _hooks(one: Any, where: str) -> dict[str, Any]:
    found = {}
    for name in _HOOKS:
        hook = getattr(one, name, None)
        if hook is not None:
            found[name] = _dotted(getattr(hook, "callable", None) or hook, where)
    return found


def _dotted(function: Any, where: str) -> str:
    """The dotted path of a function that tasks, in processes of their own, can import."""
    if isinstance(function, str):
        return function
    said = getattr(getattr(function, "_spec", None), "dotted_path", None)
    if isinstance(said, str):
        return said
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not module or module == "__main__" or not name or "<" in name:
        raise UserError(
            f"{where}: {name or function!r} cannot be imported by a task",
            hint="Write it at the top of a module: tasks run in processes of their own.",
            exit_code=2,
        )
    return f"{module}.{name}"


def _file_client(client: Any, where: str) -> Any:
    """A client for files as its class and what it was made with, where it keeps all of that."""
    import inspect

    made = type(client)
    arguments = {}
    for name, parameter in inspect.signature(made).parameters.items():
        if not hasattr(client, f"_{name}"):
            raise UserError(
                f"{where}: its client for files cannot be written down: {made.__name__}",
                hint="Leave it out, and share products by 'store: URL'; or write a pipeline.yaml, whose 'clients' name "
                "a function that returns it.",
                exit_code=2,
            )
        if (value := getattr(client, f"_{name}")) is not parameter.default:
            arguments[name] = value
    return {"dotted_path": f"{made.__module__}.{made.__qualname__}", **arguments}


def _client(client: Any, where: str) -> Any:
    uri = getattr(client, "_uri", None)
    if isinstance(uri, str):
        return uri
    url = getattr(client, "_url_obj", None)
    if url is not None and hasattr(url, "render_as_string"):
        return url.render_as_string(hide_password=False)
    connect: Callable[..., Any] | None = getattr(client, "connect_fn", None)
    if connect is not None:
        module, name = connect.__module__, connect.__name__
        return {"dotted_path": f"{module.removeprefix('_')}.{name}", **client.connect_kwargs}
    raise UserError(f"{where}: its client cannot be written down: {type(client).__name__}", exit_code=2)
