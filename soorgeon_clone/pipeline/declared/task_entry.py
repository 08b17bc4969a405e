"""One entry of ``tasks`` -> TaskSpec*: several where it has a grid."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from soorgeon_clone.pipeline.declared import database_entry as databases
from soorgeon_clone.pipeline.declared import dotted, foreach
from soorgeon_clone.pipeline.declared import grid as grids
from soorgeon_clone.pipeline.declared.database_entry import Clients
from soorgeon_clone.pipeline.declared.elements import ITEM, KEY
from soorgeon_clone.pipeline.declared.entries import (
    checked_path,
    is_text,
    mapping,
    mapping_item,
    optional_number,
    read_hook,
    requests_item,
    size,
    word,
)
from soorgeon_clone.pipeline.declared.model import Client, Database, Hook, Product, Source, SourceKind, TaskSpec
from soorgeon_clone.pipeline.declared.values import Computed, Unknown, Values, resolved
from soorgeon_clone.pipeline.declared.yaml_tree import Item, check_keys, shortened
from soorgeon_clone.pipeline.sources.local_modules import LocalModules
from soorgeon_clone.pipeline.sources.shell import SUFFIXES as SHELL
from soorgeon_clone.pipeline.sources.sql import SUFFIXES as SQL

_KNOWN = (
    "source", "product", "name", "upstream", "params", "grid", "static_analysis", "executor_params",
    "papermill_params", "nbconvert_exporter_name", "nbconvert_export_kwargs", "nb_product_key", "serializer",
    "unserializer", "on_render", "on_finish", "on_failure", "timeout", "retries", "memory_limit", "resources",
    "export", "class", "kernelspec_name", "foreach", *databases.KEYS,
)  # fmt: skip
_IGNORED = ("check_if_kernel_installed", "local_execution", "debug_mode", "executor")
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
# Settings for papermill that do nothing here -> what there is instead.
_INSTEAD = {
    "cwd": "tasks run in the folder of pipeline.yaml",
    "execution_timeout": "'timeout' of the task limits the seconds of the whole task",
    "progress_bar": "progress is shown in any case",
}
_SCRIPTS = (".py", ".ipynb", ".md", ".rmd", ".qmd", ".r", ".jl")
SUFFIXES = (*_SCRIPTS, *SHELL, *SQL)
_LONGEST_NAME = 1_000  # bytes
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


class Functions:
    """The functions that pipeline.yaml names for values. ``values`` says what they return.

    ``names`` collects them; ``grids`` the names of tasks whose grid one computes, with the function and whether its
    values are known.
    """

    def __init__(self, root: Path, values: Values | None = None) -> None:
        self.values = values or Unknown()
        self.names: dict[str, None] = {}
        self.grids: dict[str, tuple[str, bool]] = {}
        self._root = root
        self._local: LocalModules | None = None

    def named(self, value: Any, entry: Item) -> Computed | None:
        """The function that the value of an entry names."""
        if self._local is None and (isinstance(value, dict) or (isinstance(value, str) and "::" in value)):
            self._local = LocalModules(self._root)
        computed = None if self._local is None else dotted.named(value, self._local, entry.place)
        if computed is not None:
            self.names[computed.dotted] = None
        return computed

    def param(self, value: Any, entry: Item) -> Any:
        """The value of a param."""
        computed = self.named(value, entry)
        return value if computed is None else self.values.param(computed)

    def choices(self, value: Any, entry: Item, task: str) -> list[Any] | None:
        """The values of a param in the grid of a task; None where no function computes them."""
        if isinstance(value, dict) and isinstance(name := value.get("dotted_path"), str) and _DOTTED.fullmatch(name):
            value = {**value, "dotted_path": "::".join(name.rsplit(".", 1))}
        computed = self.named(value, entry)
        if computed is None:
            return None
        found = self.values.choices(computed)
        known = not any(one is computed for one in found)
        self.grids[task] = (computed.dotted, known and self.grids.get(task, ("", True))[1])
        return found if known else [replace(computed, index=0)]


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
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping with 'source' and 'product'")
    check_keys(item, (*_KNOWN, *_IGNORED), "a task")
    for key in _IGNORED:
        if key in item.value:
            warnings.append(f"{item.value[key].place}: '{key}' has no effect")
    warnings += _without_effect(item)
    source = _source(item, root, defaults.clients.templates)
    if source.kind not in _SQL_KINDS:
        unused = (key for key in databases.KEYS if key in item.value and key not in _FILE_CLIENTS)
        warnings += [f"{item.value[key].place}: '{key}' has no effect" for key in unused]
    params = _params(item, functions)
    grid = item.get("grid")
    if item.get("foreach") is not None:
        yield from _fanned(item, defaults, source, params, known, room)
        return
    if grid is None:
        yield _task(item, defaults, source, params, name=_name(item, source), index=None)
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
        own = _checked_name(grids.fill(text, values, name, names) if "[[" in text else f"{text}{index}", name)
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
        name = _checked_name(grids.fill(fan.name, grid, entry), entry)
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
        products=_products(item, defaults, source, grid, index, name),
        upstream=_upstream(item, defaults, source),
        params=params,
        resources={
            str(key): checked_path(str(resolved(value)), item.value.get("params") or item)
            for key, value in resources.items()
        },
        notebook_keys=_notebook_keys(item),
        exporter=word(item.get("nbconvert_exporter_name")),
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
        plain=_is_plain(item, source),
        kernel=_kernel(item, source),
        database=_database(item, source, defaults),
        file_client=_file_client(item, source, defaults),
        requests=requests_item(item.get("resources")),
        export=mapping_item(item.get("export")),
        file=item.file,
        line=item.line,
    )


def _source(item: Item, root: Path, folders: Sequence[str]) -> Source:
    entry = item.get("source")
    declared = item.value["class"].value if "class" in item.value else None
    if _CLASSES.get(str(declared)) == "link":
        if entry is not None:
            raise entry.error(f"a {declared} has no source: its product is a file that is there")
        return Source("link", str(declared))
    if entry is None:
        raise item.error("a task needs a 'source'")
    text = entry.value
    if not isinstance(text, str) or not text.strip():
        raise entry.error("expected the path of a script or notebook, or module.function")
    if declared == "DownloadFromURL":
        return Source("download", text)
    checked_path(text, entry)
    suffix = PurePosixPath(text).suffix.lower()
    upload = declared == databases.UPLOAD
    if upload or suffix in SUFFIXES:
        kinds: Mapping[str, SourceKind] = {**dict.fromkeys(SHELL, "shell"), **dict.fromkeys(SQL, "sql")}
        kind: SourceKind = "upload" if upload else kinds.get(suffix, "script")
        path = Path(text)
        if kind == "sql" and not (root / path).exists():  # the folder of 'meta.source_loader' is where else it may be
            path = next((Path(one, path) for one in folders if (root / one / path).exists()), path)
        if path.is_absolute():
            try:
                path = path.relative_to(root)
            except ValueError:
                return Source(kind, text, path.as_posix())
        return Source(kind, text, _normal(path.as_posix()))
    if _DOTTED.fullmatch(text.replace("::", ".")):
        return Source("function", text.replace("::", "."))
    raise entry.error(
        f"{text!r} is no source: expected a path that ends with .py, .ipynb, .sql or .sh, or module.function"
    )


def _name(item: Item, source: Source) -> str:
    entry = item.get("name")
    if entry is not None:
        if isinstance(entry.value, (dict, list)):
            raise entry.error("expected a text")
        return _checked_name(str(entry.value), entry)
    if source.kind == "link":
        raise item.error(f"a task with 'class: {source.text}' needs a 'name'")
    if source.kind == "download":
        name = PurePosixPath(source.text.partition("?")[0]).stem
    else:
        name = PurePosixPath(source.path).stem if source.path else source.text.rsplit(".", 1)[-1]
    return _checked_name(name, item)


def _checked_name(name: str, entry: Item) -> str:
    wrong = not name.strip() or "\\" in name or any(part in ("", ".", "..") for part in name.split("/"))
    if wrong or not is_text(name):
        raise entry.error(f"{shortened(name)!r} is no name for a task")
    if len(name.encode()) > _LONGEST_NAME:
        raise entry.error(
            f"the name {shortened(name)!r} is too long", hint=f"Up to {_LONGEST_NAME} bytes are possible."
        )
    return name


def _products(
    item: Item, defaults: Defaults, source: Source, grid: Mapping[str, Any] | None, index: int | str | None, task: str
) -> tuple[Product, ...] | None:
    entry = item.get("product")
    if defaults.extract_product and source.kind not in ("link", "download"):
        if entry is not None:
            raise entry.error("with 'meta.extract_product: true' the product stands in the source, not here")
        return None
    if entry is None:
        raise item.error("a task needs a 'product'")
    if databases.is_relation(entry):
        if source.kind not in _SQL_KINDS:
            raise entry.error("expected the path of a file: only tasks of SQL make relations")
        found = tuple(databases.read_relations(entry.map_scalars(lambda part: _filled(part, grid, item)), task))
        if grid is not None and not any("[[" in str(part) for part in _scalars(entry.plain())):
            raise entry.error("each task of a grid needs a relation of its own", hint="Put [[param]] into its name.")
        return found
    if source.kind == "upload":
        raise entry.error("an upload makes a relation", hint="For example: product: [sales, table].")
    base = PurePosixPath(source.path).parent if defaults.product_relative_to_source and source.path else None

    def product(key: str | None, part: Item) -> Product:
        if not isinstance(part.value, str) or not part.value.strip():
            raise part.error("expected the path of a file")
        if key is not None and source.kind == "download":
            raise part.error("a download makes one file")
        number = None if "foreach" in item.value and foreach.PLACE in part.value else index
        path = part.value if grid is None else _in_grid(checked_path(part.value, part), grid, number, part, item)
        checked_path(path, part)
        return Product(key, path if base is None else (base / path).as_posix())

    if isinstance(entry.value, dict):
        if not entry.value:
            raise entry.error("a task needs at least one product")
        if source.kind == "sql":
            raise entry.error("a dump makes one file, or a folder of files; a script makes relations")
        found = tuple(product(str(key), part) for key, part in entry.value.items())
        keys = _notebook_keys(item)
        if source.kind == "script" and not _is_plain(item, source) and not any(one.key in keys for one in found):
            raise entry.error(
                f"one product must be the executed notebook, with the key '{keys[0]}'",
                hint=f"For example: {keys[0]}: output/{_name(item, source)}.ipynb",
            )
        return found
    return (product(None, entry),)


def _in_grid(path: str, grid: Mapping[str, Any], index: int | str | None, part: Item, item: Item) -> str:
    return grids.product_path(path, grid, index, part, _in_all(item))


def _in_all(item: Item) -> Collection[str]:
    grid = item.get("grid")
    return () if grid is None else grids.parameters(grid)


def _filled(part: Item, grid: Mapping[str, Any] | None, item: Item) -> Any:
    if grid is None or not isinstance(part.value, str):
        return part.value
    return grids.fill(part.value, grid, part, _in_all(item))


def _scalars(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return [one for part in value for one in _scalars(part)] if isinstance(value, list) else [value]


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


# Ploomber's classes of tasks -> the kind of source that they go with.
_CLASSES = {
    "NotebookRunner": "script", "ScriptRunner": "script", "PythonCallable": "function", "ShellScript": "shell",
    "Link": "link", "Input": "link", "DownloadFromURL": "download",
    databases.SCRIPT: "sql", databases.DUMP: "sql", databases.UPLOAD: "upload",
}  # fmt: skip
_FILE_CLIENTS = ("product_client", "client")
_SQL_KINDS = ("sql", "upload")


def _database(item: Item, source: Source, defaults: Defaults) -> Database | None:
    """What a task of SQL works with; without a class, one whose product is a file is a dump. Raises UserError."""
    if source.kind not in _SQL_KINDS:
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
    names = _FILE_CLIENTS if source.kind not in _SQL_KINDS else ("product_client",)
    own = next((item.value[name] for name in names if name in item.value), None)
    if own is not None:
        return databases.read_file_client(own) if own.value is not None else None
    return defaults.clients.files


def _is_plain(item: Item, source: Source) -> bool:
    """Whether a script's executed notebook is no product. Raises UserError for a class that there is not."""
    entry = item.get("class")
    if entry is None:
        return False
    kind = _CLASSES.get(str(entry.value))
    if kind is None:
        raise entry.error(f"'{entry.value}' is no class that is known", hint=f"Known: {', '.join(_CLASSES)}.")
    if kind != source.kind:
        raise entry.error(f"'{entry.value}' does not go with the source {source.text}")
    return bool(entry.value == "ScriptRunner")


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


def _notebook_keys(item: Item) -> tuple[str, ...]:
    entry = item.get("nb_product_key")
    if entry is None:
        return ("nb",)
    keys = entry.plain()
    return tuple(map(str, keys)) if isinstance(keys, list) and keys else (str(keys),)


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


def _normal(path: str) -> str:
    import posixpath

    return posixpath.normpath(path)
