"""``grid`` -> the parameters of each task; ``[[param]]`` in names and product paths."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from soorgeon_clone.pipeline.declared.values import Computed, Lookup, resolved
from soorgeon_clone.pipeline.declared.yaml_tree import Item, shortened
from soorgeon_clone.pipeline.sources import templates

_PLACE = re.compile(r"\[\[([^\n]*?)\]\](?!\])")
# More tasks than anybody builds, and few enough to be counted out.
MOST_TASKS = 100_000


def expand(
    item: Item, computed: Callable[[Any, Item], list[Any] | None], *, room: int = MOST_TASKS
) -> Iterator[dict[str, Any]]:
    """The parameters of each task: the Cartesian product of each mapping, one mapping after the other.

    ``computed`` gives the values of an entry that names a function, None for any other. Raises UserError for more than
    ``room`` tasks.
    """
    grids: list[dict[str, list[Any]]] = []
    for mapping in item.value if isinstance(item.value, list) else [item]:
        if not isinstance(mapping.value, dict) or not mapping.value:
            raise mapping.error("expected a mapping of parameters to lists of values, or a list of such mappings")
        if "dotted_path" in mapping.value:
            raise mapping.value["dotted_path"].error(
                "a function gives the values of one parameter",
                hint="For example: grid: {n: {dotted_path: 'module::function', argument: 2}}.",
            )
        choices = {str(name): _choices(entry, computed) for name, entry in mapping.value.items()}
        count = math.prod(map(len, choices.values()))
        room -= count
        if room < 0:
            many = f"{count:,} tasks" if count < 10**15 else "far too many tasks"
            raise mapping.error(f"this grid makes {many}; a pipeline can have {MOST_TASKS:,}")
        grids.append(choices)
    for choices in grids:
        for chosen in itertools.product(*choices.values()):
            yield dict(zip(choices, chosen, strict=True))


def _choices(entry: Item, computed: Callable[[Any, Item], list[Any] | None]) -> list[Any]:
    value = entry.plain()
    found = computed(value, entry)
    if found is not None:
        if not found:
            raise entry.error("the function returned no values")
        return found
    if isinstance(value, Lookup) and isinstance(value.value, (list, dict, tuple)):
        value = [Lookup(value.parts, index) for index in range(len(value.value))]
    if isinstance(value, list):
        if not value:
            raise entry.error("expected at least one value")
        return value
    if isinstance(value, dict):
        raise entry.error(
            "expected a list of values, or a mapping with the key 'dotted_path'",
            hint="A mapping that is itself the value stands in a list: [{a: 1}].",
        )
    return [value]


def fill(text: str, values: Mapping[str, Any], item: Item, known: Collection[str] = ()) -> str:
    """The text with each ``[[param]]`` replaced by the parameter's value. ``known`` are the parameters of all mappings
    of the grid: those that this one does not have stand for nothing."""

    def value(match: re.Match[str]) -> str:
        name = match[1].strip()
        if not name.isidentifier():
            return str(templates.evaluate(name, resolved(values), f"{item.where}: [[{shortened(name)}]]"))
        if name in known and name not in values:
            return ""
        if name not in values:
            raise item.error(f"[[{shortened(name)}]] is no parameter of the grid")
        chosen = values[name]
        return chosen.dotted if isinstance(chosen, Computed) else str(resolved(chosen))

    return _PLACE.sub(value, text)


def parameters(item: Item) -> frozenset[str]:
    """The names of the parameters of all mappings of a grid."""
    mappings = item.value if isinstance(item.value, list) else [item]
    return frozenset(str(name) for mapping in mappings if isinstance(mapping.value, dict) for name in mapping.value)


def product_path(
    text: str, values: Mapping[str, Any], index: int | str | None, item: Item, known: Collection[str] = ()
) -> str:
    """The path of one task's product: the task's number (if any) before the suffix, then ``[[param]]`` filled in."""
    if index is None:
        return fill(text, values, item, known)
    path = PurePosixPath(text)
    suffix = "".join(path.suffixes)
    stem = path.name.replace(suffix, "") if suffix else path.name
    return fill(str(path.parent / f"{stem}-{index}{suffix}"), values, item, known)
