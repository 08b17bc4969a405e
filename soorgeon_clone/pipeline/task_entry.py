"""One entry of ``tasks`` -> TaskSpec*: several where it has a grid."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from soorgeon_clone.pipeline import grid as grids
from soorgeon_clone.pipeline.model import Hook, Product, Requests, Source, TaskSpec
from soorgeon_clone.pipeline.yaml_tree import Item, check_keys

_KNOWN = (
    "source", "product", "name", "upstream", "params", "grid", "static_analysis", "executor_params",
    "papermill_params", "nbconvert_exporter_name", "nbconvert_export_kwargs", "nb_product_key", "serializer",
    "unserializer", "on_render", "on_finish", "on_failure", "timeout", "retries", "memory_limit", "resources",
    "export",
)  # fmt: skip
_IGNORED = ("class", "product_class", "product_client", "client", "kernelspec_name", "check_if_kernel_installed",
            "local_execution", "debug_mode", "executor")  # fmt: skip
_SCRIPTS = (".py", ".ipynb", ".md", ".rmd", ".qmd")
_REFUSED = {".sql": "SQL", ".r": "R", ".sh": "shell", ".bash": "shell"}
_COMPUTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*::[^\W\d]\w*")
_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


@dataclass(frozen=True)
class Defaults:
    """What the top of pipeline.yaml says about every task."""

    extract_upstream: bool = True
    extract_product: bool = False
    product_relative_to_source: bool = False
    serializer: str | None = None
    unserializer: str | None = None


def read_task(item: Item, defaults: Defaults, root: Path, warnings: list[str]) -> Iterator[TaskSpec]:
    """The tasks that one entry declares."""
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping with 'source' and 'product'")
    check_keys(item, (*_KNOWN, *_IGNORED), "a task")
    for key in _IGNORED:
        if key in item.value:
            warnings.append(f"{item.value[key].place}: '{key}' has no effect")
    for key in ("executor_params", "papermill_params"):
        options = item.get(key)
        if options is not None and isinstance(options.value, dict) and "cwd" in options.value:
            warnings.append(f"{options.place}: '{key}.cwd' has no effect: tasks run in the folder of pipeline.yaml")
        if options is not None and not isinstance(options.value, dict):
            raise options.error("expected a mapping")
    source = _source(item, root)
    params = _params(item, root)
    grid = item.get("grid")
    if grid is None:
        yield _task(item, defaults, source, params, name=_name(item, source), index=None)
        return
    name = item.get("name")
    if name is None:
        raise item.error("a task with 'grid' needs a 'name'")
    for index, values in enumerate(grids.expand(grid, root)):
        both = sorted(set(values) & set(params))
        if both:
            raise grid.error(f"'{both[0]}' stands in 'grid' and in 'params'")
        text = str(name.value)
        own = grids.fill(text, values, name) if "[[" in text else f"{text}{index}"
        yield _task(item, defaults, source, {**values, **params}, name=own, index=index, grid=values)


def _task(
    item: Item,
    defaults: Defaults,
    source: Source,
    params: Mapping[str, Any],
    *,
    name: str,
    index: int | None,
    grid: Mapping[str, Any] | None = None,
) -> TaskSpec:
    from soorgeon_clone.pipeline.spec import read_hook

    resources = params.get("resources_", {})
    if not isinstance(resources, Mapping):
        raise item.value["params"].error("'resources_' must be a mapping of names to paths")
    return TaskSpec(
        name=name,
        source=source,
        products=_products(item, defaults, source, grid, index),
        upstream=_upstream(item, defaults),
        params=params,
        resources={str(key): str(value) for key, value in resources.items()},
        notebook_keys=_notebook_keys(item),
        exporter=_word(item, "nbconvert_exporter_name"),
        exporter_options=_mapping(item, "nbconvert_export_kwargs"),
        serializer=_dotted(item, "serializer", defaults.serializer),
        unserializer=_dotted(item, "unserializer", defaults.unserializer),
        on_render=_hook(read_hook(item.get("on_render"))),
        on_finish=_hook(read_hook(item.get("on_finish"))),
        on_failure=_hook(read_hook(item.get("on_failure"))),
        static_analysis=_static_analysis(item),
        timeout=_number(item, "timeout"),
        retries=int(_number(item, "retries") or 0),
        memory_limit=_size(item.get("memory_limit")),
        record_timing=_record_timing(item),
        requests=requests_item(item.get("resources")),
        export=mapping_item(item.get("export")),
        file=item.file,
        line=item.line,
    )


def _hook(hook: Hook | None) -> Hook | None:
    return hook


def _source(item: Item, root: Path) -> Source:
    entry = item.get("source")
    if entry is None:
        raise item.error("a task needs a 'source'")
    text = entry.value
    if not isinstance(text, str) or not text.strip():
        raise entry.error("expected the path of a script or notebook, or module.function")
    suffix = PurePosixPath(text).suffix.lower()
    if suffix in _SCRIPTS:
        path = Path(text)
        if path.is_absolute():
            try:
                path = path.relative_to(root)
            except ValueError:
                return Source("script", text, path.as_posix())
        return Source("script", text, _normal(path.as_posix()))
    if suffix in _REFUSED:
        raise entry.error(f"{_REFUSED[suffix]} sources are not supported: {text}")
    if re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)+", text.replace("::", ".")):
        return Source("function", text.replace("::", "."))
    raise entry.error(f"{text!r} is no source: expected a path that ends with .py or .ipynb, or module.function")


def _name(item: Item, source: Source) -> str:
    entry = item.get("name")
    if entry is not None:
        name = str(entry.value)
        if not name.strip() or "/" in name or "\\" in name or name in (".", ".."):
            raise entry.error(f"{name!r} is no name for a task")
        return name
    return PurePosixPath(source.path).stem if source.path else source.text.rsplit(".", 1)[-1]


def _products(
    item: Item, defaults: Defaults, source: Source, grid: Mapping[str, Any] | None, index: int | None
) -> tuple[Product, ...] | None:
    entry = item.get("product")
    if defaults.extract_product:
        if entry is not None:
            raise entry.error("with 'meta.extract_product: true' the product stands in the source, not here")
        return None
    if entry is None:
        raise item.error("a task needs a 'product'")
    base = PurePosixPath(source.path).parent if defaults.product_relative_to_source and source.path else None

    def product(key: str | None, part: Item) -> Product:
        if not isinstance(part.value, str) or not part.value.strip():
            raise part.error("expected the path of a file")
        path = part.value if grid is None else grids.product_path(part.value, grid, index, part)
        return Product(key, path if base is None else (base / path).as_posix())

    if isinstance(entry.value, dict):
        if not entry.value:
            raise entry.error("a task needs at least one product")
        found = tuple(product(str(key), part) for key, part in entry.value.items())
        keys = _notebook_keys(item)
        if source.kind == "script" and not any(one.key in keys for one in found):
            raise entry.error(
                f"one product must be the executed notebook, with the key '{keys[0]}'",
                hint=f"For example: {keys[0]}: output/{_name(item, source)}.ipynb",
            )
        return found
    return (product(None, entry),)


def _upstream(item: Item, defaults: Defaults) -> tuple[str, ...] | None:
    entry = item.get("upstream")
    if defaults.extract_upstream:
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


def _record_timing(item: Item) -> bool:
    found = False
    for key in ("executor_params", "papermill_params"):
        options = item.get(key)
        wanted = options.get("record_timing") if options is not None else None
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


def _mapping(item: Item, key: str) -> Mapping[str, Any]:
    entry = item.get(key)
    if entry is None:
        return {}
    if not isinstance(entry.value, dict):
        raise entry.error("expected a mapping")
    if key == "params":
        for name, value in entry.value.items():
            if not isinstance(name, str) or not name.isidentifier():
                raise value.error(f"{name!r} is no name for a parameter")
            if name in ("upstream", "product"):
                raise value.error(f"a parameter cannot be called '{name}'")
    plain: dict[str, Any] = entry.plain()
    return plain


def _params(item: Item, root: Path) -> dict[str, Any]:
    """The params, with those computed that ``module::function`` stands for."""
    params = dict(_mapping(item, "params"))
    for name, value in params.items():
        arguments = dict(value) if isinstance(value, Mapping) else {}
        dotted = arguments.pop("dotted_path", None) if arguments else value
        if isinstance(dotted, str) and _COMPUTED.fullmatch(dotted):
            from soorgeon_clone.pipeline.dotted import call

            params[name] = call(dotted, root, place=item.value["params"].value[name].place, arguments=arguments)
    return params


def _dotted(item: Item, key: str, default: str | None) -> str | None:
    """A task's own serializer; an explicit null opts out of the pipeline's."""
    if key in item.value and item.value[key].value is None:
        return None
    return _word(item, key) or default


def _word(item: Item, key: str) -> str | None:
    entry = item.get(key)
    if entry is None:
        return None
    if not isinstance(entry.value, str):
        raise entry.error("expected a text")
    return entry.value


def _static_analysis(item: Item) -> Any:
    entry = item.get("static_analysis")
    if entry is None:
        return "regular"
    if entry.value is False:
        return "disable"
    if entry.value not in ("disable", "regular", "strict"):
        raise entry.error("expected disable, regular or strict")
    return entry.value


def _number(item: Item, key: str) -> float | None:
    entry = item.get(key)
    if entry is None:
        return None
    if isinstance(entry.value, bool) or not isinstance(entry.value, (int, float)) or entry.value < 0:
        raise entry.error("expected a number that is not negative")
    return float(entry.value)


def _size(entry: Item | None) -> int | None:
    if entry is None:
        return None
    if isinstance(entry.value, int) and not isinstance(entry.value, bool) and entry.value > 0:
        return entry.value
    size = parse_size(entry.value) if isinstance(entry.value, str) else None
    if size is None:
        raise entry.error("expected a size such as 2GB or 512MiB")
    return size


def requests_item(item: Item | None) -> Requests:
    """``resources: {cpus: 2, memory: 4G, gpus: 1}``."""
    if item is None:
        return Requests()
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping such as {cpus: 2, memory: 4G, gpus: 1}")
    check_keys(item, ("cpus", "memory", "gpus"), "resources")
    gpus = _number(item, "gpus")
    if gpus is not None and gpus != int(gpus):
        raise item.value["gpus"].error("expected a whole number")
    cpus = _number(item, "cpus")
    if cpus == 0:
        raise item.value["cpus"].error("expected a number above 0")
    return Requests(cpus, _size(item.get("memory")), None if gpus is None else int(gpus))


def mapping_item(item: Item | None) -> Item | None:
    """An entry that must be a mapping, with the lines that messages about it need."""
    if item is not None and not isinstance(item.value, dict):
        raise item.error("expected a mapping")
    return item


def parse_size(text: str) -> int | None:
    """Bytes that ``2GB`` or ``512MiB`` denote; None if it is no size."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?", text.strip().lower())
    if match is None or match[2] not in _SIZES:
        return None
    return int(float(match[1]) * _SIZES[match[2]])


def _normal(path: str) -> str:
    import posixpath

    return posixpath.normpath(path)
