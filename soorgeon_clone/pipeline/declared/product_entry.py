"""``product`` of an entry -> the files or relations that its task makes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any

from soorgeon_clone.pipeline.declared import database_entry as databases
from soorgeon_clone.pipeline.declared import foreach
from soorgeon_clone.pipeline.declared import grid as grids
from soorgeon_clone.pipeline.declared.entries import checked_path
from soorgeon_clone.pipeline.declared.model import Product, Source
from soorgeon_clone.pipeline.declared.source_entry import SQL_KINDS, is_plain, read_name
from soorgeon_clone.pipeline.declared.yaml_tree import Item


def read_products(
    item: Item,
    source: Source,
    task: str,
    *,
    in_source: bool,
    beside_source: bool,
    grid: Mapping[str, Any] | None,
    index: int | str | None,
) -> tuple[Product, ...] | None:
    """The products of ``task``, None where its source says them (``in_source``). Raises UserError.

    ``beside_source``: paths are relative to the folder of the source; ``grid``
    and ``index`` are the values and the number of a task of several.
    """
    entry = item.get("product")
    if in_source and source.kind not in ("link", "download"):
        if entry is not None:
            raise entry.error("with 'meta.extract_product: true' the product stands in the source, not here")
        return None
    if entry is None:
        raise item.error("a task needs a 'product'")
    if databases.is_relation(entry):
        if source.kind not in SQL_KINDS:
            raise entry.error("expected the path of a file: only tasks of SQL make relations")
        found = tuple(databases.read_relations(entry.map_scalars(lambda part: _filled(part, grid, item)), task))
        if grid is not None and not any("[[" in str(part) for part in _scalars(entry.plain())):
            raise entry.error("each task of a grid needs a relation of its own", hint="Put [[param]] into its name.")
        return found
    if source.kind == "upload":
        raise entry.error("an upload makes a relation", hint="For example: product: [sales, table].")
    base = PurePosixPath(source.path).parent if beside_source and source.path else None

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
        keys = notebook_keys(item)
        if source.kind == "script" and not is_plain(item, source) and not any(one.key in keys for one in found):
            raise entry.error(
                f"one product must be the executed notebook, with the key '{keys[0]}'",
                hint=f"For example: {keys[0]}: output/{read_name(item, source)}.ipynb",
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


def notebook_keys(item: Item) -> tuple[str, ...]:
    """The keys of products that are executed notebooks."""
    entry = item.get("nb_product_key")
    if entry is None:
        return ("nb",)
    keys = entry.plain()
    return tuple(map(str, keys)) if isinstance(keys, list) and keys else (str(keys),)
