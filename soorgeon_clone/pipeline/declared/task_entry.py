"""One entry of ``tasks`` -> TaskSpec*: several where it has a grid."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from soorgeon_clone.pipeline.declared import database_entry as databases
from soorgeon_clone.pipeline.declared import foreach
from soorgeon_clone.pipeline.declared import grid as grids
from soorgeon_clone.pipeline.declared.computed_entries import Functions
from soorgeon_clone.pipeline.declared.database_entry import Clients
from soorgeon_clone.pipeline.declared.elements import ITEM, KEY
from soorgeon_clone.pipeline.declared.entries import (
    checked_path,
    mapping,
    mapping_item,
    optional_number,
    read_hook,
    requests_item,
    size,
    word,
)
from soorgeon_clone.pipeline.declared.model import Client, Database, Hook, Source, TaskSpec
from soorgeon_clone.pipeline.declared.product_entry import notebook_keys, read_products
from soorgeon_clone.pipeline.declared.source_entry import (
    SQL_KINDS,
    checked_name,
    is_plain,
    read_name,
    read_source,
)
from soorgeon_clone.pipeline.declared.values import resolved
from soorgeon_clone.pipeline.declared.yaml_tree import Item, check_keys, shortened

_KNOWN = (
    "source", "product", "name", "upstream", "params", "grid", "static_analysis", "executor_params",
    "papermill_params", "nbconvert_exporter_name", "nbconvert_export_kwargs", "nb_product_key", "serializer",
    "unserializer", "on_render", "on_finish", "on_failure", "timeout", "retries", "memory_limit", "resources",
    "export", "class", "kernelspec_name", "foreach", "local_execution", *databases.KEYS,
)  # fmt: skip
_IGNORED = ("check_if_kernel_installed", "debug_mode", "executor", "ext_in")
# Settings for papermill that do nothing here -> what there is instead.
_INSTEAD = {
    "cwd": "tasks run in the folder of pipeline.yaml",
    "execution_timeout": "'timeout' of the task limits the seconds of the whole task",
    "progress_bar": "progress is shown in any case",
}
_FILE_CLIENTS = ("product_client", "client")
_LONGEST_WAIT = 10 * 365 * 24 * 3600  # seconds


@dataclass(frozen=True)
class Defaults:
    """What the top of pipeline.yaml says about every task."""

    extract_upstream: bool = True
    extract_product: bool = False
    product_relative_to_source: bool = False
    serializer: Hook | None = None
    unserializer: Hook | None = None
    clients: Clients = field(default_factory=Clients)


def read_task(
    item: Item,
    defaults: Defaults,
    root: Path,
    warnings: list[str],
    functions: Functions,
    *,
    room: int,
    known: foreach.Known,
) -> Iterator[TaskSpec]:
    """The tasks that one entry declares; ``known`` says which elements a ``foreach`` has. Raises UserError for more
    than ``room``."""
    if isinstance(item.value, str):  # a source that says all the rest itself
        item = replace(item, value={"source": item})
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping with 'source' and 'product'")
    check_keys(item, (*_KNOWN, *_IGNORED), "a task")
    for key in _IGNORED:
        if key in item.value:
            warnings.append(f"{item.value[key].place}: '{key}' has no effect")
    warnings += _without_effect(item)
    source = read_source(item, root, defaults.clients.templates)
    if source.kind not in SQL_KINDS:
        unused = (key for key in databases.KEYS if key in item.value and key not in _FILE_CLIENTS)
        unused = (key for key in unused if (key, item.value[key].value) != ("product_class", "File"))
        warnings += [f"{item.value[key].place}: '{key}' has no effect" for key in unused]
    if source.kind == "shell" and item.get("client") is not None:
        warnings.append(f"{item.value['client'].place}: 'client' has no effect: bash runs shell scripts")
    params = _params(item, functions)
    grid = item.get("grid")
    if item.get("foreach") is not None:
        yield from _fanned(item, defaults, source, params, known, room)
        return
    if grid is None:
        yield _task(item, defaults, source, params, name=read_name(item, source), index=None)
        return
    name = item.get("name")
    if name is None:
        raise item.error("a task with 'grid' needs a 'name'")
    if isinstance(name.value, (dict, list)):
        raise name.error("expected a text")
    text, names = str(name.value), grids.parameters(grid)
    computed = functools.partial(functions.choices, task=text)
    for index, values in enumerate(grids.expand(grid, computed, room=room)):
        both = sorted(set(values) & set(params))
        if both:
            raise grid.error(f"'{both[0]}' stands in 'grid' and in 'params'")
        own = checked_name(grids.fill(text, values, name, names) if "[[" in text else f"{text}{index}", name)
        yield _task(item, defaults, source, {**values, **params}, name=own, index=index, grid=values)


def _fanned(
    item: Item, defaults: Defaults, source: Source, params: Mapping[str, Any], known: foreach.Known, room: int
) -> Iterator[TaskSpec]:
    """The split of a ``foreach``, then the tasks of its elements."""
    fan = foreach.read(item, source)
    both = sorted({KEY, ITEM} & set(params))
    if both:
        raise item.value["params"].error(f"'{both[0]}' is what 'foreach' gives: it cannot stand in 'params'")
    entry = item.value["name"]
    split = None
    for count, (each, label, own) in enumerate(foreach.elements_of(fan, known), 1):
        if count >= room:
            raise item.value["foreach"].error(f"a pipeline can have {grids.MOST_TASKS:,} tasks, and here are more")
        grid = {KEY: label}
        name = checked_name(grids.fill(fan.name, grid, entry), entry)
        task = _task(item, defaults, source, {**own, **params}, name=name, index=label, grid=grid)
        split = split or foreach.split_spec(fan, task)
        if count == 1:
            yield split
        yield replace(task, each=each)
    if split is None:  # there are no elements
        grid = {KEY: foreach.PLACE}
        yield foreach.split_spec(fan, _task(item, defaults, source, params, name=fan.name, index=None, grid=grid))


def _options(entry: Item | None) -> list[tuple[Any, Item]]:
    found = mapping_item(entry)
    return [] if found is None else list(found.value.items())


def _without_effect(item: Item) -> Iterator[str]:
    """What to say of settings for papermill, which runs the notebooks of others."""
    for key in ("executor_params", "papermill_params"):
        for name, option in _options(item.get(key)):
            if name not in ("record_timing", "log_output", "kernel_name"):
                why = _INSTEAD.get(name)
                yield f"{option.place}: '{key}.{shortened(str(name))}' has no effect" + (f": {why}" if why else "")


def _task(
    item: Item,
    defaults: Defaults,
    source: Source,
    params: Mapping[str, Any],
    *,
    name: str,
    index: int | str | None,
    grid: Mapping[str, Any] | None = None,
) -> TaskSpec:
    resources = params.get("resources_", {})
    if not isinstance(resources, Mapping):
        raise (item.get("params") or item).error("'resources_' must be a mapping of names to paths")
    return TaskSpec(
        name=name,
        source=source,
        products=read_products(
            item,
            source,
            name,
            in_source=defaults.extract_product,
            beside_source=defaults.product_relative_to_source,
            grid=grid,
            index=index,
        ),
        upstream=_upstream(item, defaults, source),
        params=params,
        resources={
            str(key): checked_path(str(resolved(value)), item.value.get("params") or item)
            for key, value in resources.items()
        },
        notebook_keys=notebook_keys(item),
        exporter=_exporter(item),
        exporter_options=mapping(item.get("nbconvert_export_kwargs")),
        serializer=_serializer(item, "serializer", defaults.serializer),
        unserializer=_serializer(item, "unserializer", defaults.unserializer),
        on_render=read_hook(item.get("on_render")),
        on_finish=read_hook(item.get("on_finish")),
        on_failure=read_hook(item.get("on_failure")),
        static_analysis=_static_analysis(item),
        timeout=optional_number(item.get("timeout"), most=_LONGEST_WAIT),
        retries=int(optional_number(item.get("retries"), most=1_000, whole=True) or 0),
        memory_limit=size(item.get("memory_limit")),
        record_timing=_flag(item, "record_timing"),
        log_output=_flag(item, "log_output"),
        plain=is_plain(item, source),
        folder=_folder(item, source),
        kernel=_kernel(item, source),
        database=_database(item, source, defaults),
        file_client=_file_client(item, source, defaults),
        requests=requests_item(item.get("resources")),
        export=mapping_item(item.get("export")),
        file=item.file,
        line=item.line,
    )


def _upstream(item: Item, defaults: Defaults, source: Source) -> tuple[str, ...] | None:
    entry = item.get("upstream")
    if source.kind == "link":
        if entry is not None and entry.value:
            raise entry.error("what others make waits for no task: leave out 'upstream'")
        return ()
    if defaults.extract_upstream and source.kind not in ("upload", "download"):  # they say nothing of their upstream
        if entry is not None and entry.value:
            raise entry.error(
                "'upstream' stands in the source",
                hint="Remove it here, or set 'meta: {extract_upstream: false}' at the top.",
            )
        return None
    if entry is None:
        return ()
    names = entry.plain()
    if isinstance(names, str):
        return (names,)
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        return tuple(names)
    raise entry.error("expected a task's name or a list of names")


def _database(item: Item, source: Source, defaults: Defaults) -> Database | None:
    """What a task of SQL works with; without a class, one whose product is a file is a dump. Raises UserError."""
    if source.kind not in SQL_KINDS:
        return None
    declared, product = item.get("class"), item.get("product")
    in_database = databases.is_relation(product)
    name = databases.UPLOAD if source.kind == "upload" else databases.SCRIPT
    if declared is not None:
        name = str(declared.value)
    elif product is not None and not in_database:
        name = databases.DUMP
    if product is not None and in_database != (name != databases.DUMP):
        hint = "For example: product: " + ("output/data.csv" if in_database else "[sales, table]") + "."
        what = "a file, not a relation" if in_database else "a relation, not a file"
        raise product.error(f"the product of a {name} is {what}", hint=hint)
    return databases.read_database(item, name, defaults.clients)


def _file_client(item: Item, source: Source, defaults: Defaults) -> Client | None:
    """What takes the files that a task makes elsewhere as well."""
    if source.kind == "link" or databases.is_relation(item.get("product")):
        return None
    # of SQL it is a database, of a shell script what runs it
    names = _FILE_CLIENTS if source.kind not in (*SQL_KINDS, "shell") else ("product_client",)
    own = next((item.value[name] for name in names if name in item.value), None)
    if own is not None:
        return databases.read_file_client(own) if own.value is not None else None
    return defaults.clients.files


def _kernel(item: Item, source: Source) -> str | None:
    """The name of a kernelspec that is not this Python's own: it runs the task."""
    name = word(item.get("kernelspec_name"))
    for key in ("papermill_params", "executor_params"):
        options = item.get(key)
        if name is None and options is not None and isinstance(options.value, dict):
            name = word(options.get("kernel_name"))
    if name is not None and source.kind != "script":
        raise item.error("only scripts and notebooks have a kernel")
    return None if name in (None, "python3") else name


def _exporter(item: Item) -> str | Mapping[str, str] | None:
    """The format of executed notebooks; of several, that of each by its key."""
    entry = item.get("nbconvert_exporter_name")
    if entry is None or not isinstance(entry.value, dict):
        return word(entry)
    check_keys(entry, notebook_keys(item), "nbconvert_exporter_name")
    return {key: str(word(one)) for key, one in entry.value.items()}


def _flag(item: Item, name: str) -> bool:
    """Whether either of the mappings for papermill sets something that acts here as well."""
    found = False
    for key in ("executor_params", "papermill_params"):
        options = item.get(key)
        wanted = options.get(name) if options is not None else None
        if wanted is not None:
            if not isinstance(wanted.value, bool):
                raise wanted.error("expected true or false")
            found = found or wanted.value
    return found


def _folder(item: Item, source: Source) -> str | None:
    """Return the folder of a script that is to run there, from that of pipeline.yaml."""
    entry = item.get("local_execution")
    if entry is None or entry.value is False:
        return None
    if entry.value is not True:
        raise entry.error("expected true or false")
    if source.kind != "script" or source.path is None:
        raise entry.error(f"only a script or a notebook runs in its own folder, and the source is {source.text}")
    parent = PurePosixPath(source.path).parent
    return str(parent) if parent != PurePosixPath() else None


def _params(item: Item, functions: Functions) -> dict[str, Any]:
    """The params, with what is said of those that functions compute."""
    given = mapping(item.get("params"))
    for name in given:
        value = item.value["params"].value[name]
        if not isinstance(name, str) or not name.isidentifier():
            raise item.value["params"].error(f"{shortened(repr(name))} is no name for a parameter")
        if name in ("upstream", "product"):
            raise value.error(f"a parameter cannot be called '{name}'")
    return {name: functions.param(value, item.value["params"].value[name]) for name, value in given.items()}


def _serializer(item: Item, key: str, default: Hook | None) -> Hook | None:
    """A task's own serializer; an explicit null opts out of the pipeline's."""
    if key in item.value and item.value[key].value is None:
        return None
    return read_hook(item.get(key)) or default


def _static_analysis(item: Item) -> Any:
    entry = item.get("static_analysis")
    if entry is None:
        return "regular"
    if entry.value is False:
        return "disable"
    if entry.value not in ("disable", "regular", "strict"):
        raise entry.error("expected disable, regular or strict")
    return entry.value
