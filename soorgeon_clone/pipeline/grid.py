"""``grid`` -> the parameters of each task; ``[[param]]`` in names and product paths."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from soorgeon_clone.pipeline.yaml_tree import Item

_PLACE = re.compile(r"\[\[\s*(\w+)\s*\]\]")


def expand(item: Item, root: Path) -> Iterator[dict[str, Any]]:
    """The parameters of each task: the Cartesian product of each mapping, one mapping after the other."""
    for mapping in item.value if isinstance(item.value, list) else [item]:
        if not isinstance(mapping.value, dict) or not mapping.value:
            raise mapping.error("expected a mapping of parameters to lists of values, or a list of such mappings")
        choices = {str(name): _choices(entry, root) for name, entry in mapping.value.items()}
        for values in itertools.product(*choices.values()):
            yield dict(zip(choices, values, strict=True))


def _choices(entry: Item, root: Path) -> list[Any]:
    value = entry.plain()
    if isinstance(value, str) and "::" in value:
        from soorgeon_clone.pipeline.dotted import call

        value = call(value, root, place=entry.place)
        return list(value) if not isinstance(value, str) and hasattr(value, "__iter__") else [value]
    if isinstance(value, list):
        if not value:
            raise entry.error("expected at least one value")
        return value
    return list(value) if isinstance(value, dict) else [value]


def fill(text: str, values: Mapping[str, Any], item: Item) -> str:
    """The text with each ``[[param]]`` replaced by the parameter's value."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise item.error(f"[[{match[1]}]] is no parameter of the grid")
        return str(values[match[1]])

    return _PLACE.sub(value, text)


def product_path(text: str, values: Mapping[str, Any], index: int | None, item: Item) -> str:
    """The path of one task's product: the task's number before the suffix, then ``[[param]]`` filled in."""
    path = PurePosixPath(text)
    suffix = "".join(path.suffixes)
    stem = path.name.replace(suffix, "") if suffix else path.name
    return fill(str(path.parent / f"{stem}-{index}{suffix}"), values, item)
