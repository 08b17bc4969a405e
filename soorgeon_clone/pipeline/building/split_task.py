"""The split of a ``foreach``, in a process of its own: a list, a mapping or a folder of files -> a file for each
element that is no short plain data, and elements.json, which says which there are.

What an element is called follows from its key, or from what it is: another one in the list changes no name.
"""

from __future__ import annotations

import json
import numbers
import pickle
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.pipeline.declared.elements import FILE, Element, is_plain, label_of, to_json
from soorgeon_clone.pipeline.declared.grid import MOST_TASKS
from soorgeon_clone.pipeline.execution.model import FunctionCall
from soorgeon_clone.pipeline.sources.digests import digest
from soorgeon_clone.pipeline.state.content import files_below


def call_for(source: str, folder: str) -> FunctionCall:
    """The call that takes a product apart, in the task's process."""
    return FunctionCall(f"{__name__}.run", {"source": source, "folder": folder})


def run(source: str, folder: str) -> None:
    """Take ``source`` apart into ``folder``. Raises UserError for what has no elements."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    if Path(source).is_dir():
        names = [name for name in files_below(".", source) if not name.rpartition("/")[2].startswith(".")]
        found = [Element(label, name, None, name) for label, name in zip(_labels(names), names, strict=True)]
    else:
        found = list(_elements(_pairs(_loaded(Path(source)), source), target))
    if len(found) >= MOST_TASKS:
        raise UserError(f"{source} has {len(found):,} elements; a pipeline can have {MOST_TASKS:,} tasks")
    (target / FILE).write_text(to_json(found), encoding="utf-8")


def _loaded(source: Path) -> Any:
    data = read_bytes(source)
    if source.suffix in (".pkl", ".pickle"):
        return pickle.loads(data)
    if source.suffix == ".json":
        return json.loads(data)
    raise UserError(
        f"{source}: 'foreach' goes through a folder of files, or a list or mapping in a .pkl or .json file",
        hint="Have the task before it write one of these.",
    )


def _pairs(value: Any, source: str) -> list[tuple[Any, Any]]:
    """Key and element of each; an element of a list has none, and is called after itself."""
    if isinstance(value, Mapping):
        return list(value.items())
    if not isinstance(value, (str, bytes)):
        if hasattr(value, "tolist") and getattr(value, "ndim", None) == 1:  # an array, or a column
            value = value.tolist()
        if isinstance(value, Set):  # in an order that does not differ from run to run
            value = sorted(value, key=repr)
        if isinstance(value, Sequence):
            return [(_name(one), one) for one in value]
    raise UserError(
        f"{source} holds an object of type {type(value).__name__}; 'foreach' goes through lists, mappings and folders",
        hint="Have the task before it save a list, or a mapping of names to elements.",
    )


def _name(value: Any) -> Any:
    plain = _simple(value)
    if plain is None or type(plain) in (str, int, float, bool):
        return plain
    text = json.dumps(plain, sort_keys=True) if is_plain(plain) else pickle.dumps(value, protocol=4)
    return digest(text)[:10]


def _simple(value: Any) -> Any:
    """A number or a text as Python's own, whichever library it is from."""
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, (float, str)):
        return float(value) if isinstance(value, float) else str(value)
    return value


def _elements(pairs: Sequence[tuple[Any, Any]], target: Path) -> Iterable[Element]:
    keys = [_simple(key) for key, _ in pairs]
    for label, key, (_, value) in zip(_labels(keys), keys, pairs, strict=True):
        shown = key if is_plain(key) else str(key)
        item = _simple(value)
        if is_plain(item):
            yield Element(label, shown, item)
        else:
            with (target / f"{label}.pkl").open("wb") as file:
                pickle.dump(value, file, protocol=4)
            yield Element(label, shown, None, f"{label}.pkl", own=True)


def _labels(keys: Sequence[Any]) -> list[str]:
    """A label for each key. Of equal ones, the second is numbered; two that differ in case alone are told apart."""
    found, seen = [], Counter[str]()
    folded = Counter(label.casefold() for label in {label_of(key) for key in keys})
    for key in keys:
        label = label_of(key)
        if folded[label.casefold()] > 1:
            label = f"{label}-{digest(repr(key))[:8]}"
        seen[label] += 1
        found.append(label if seen[label] == 1 else f"{label}.{seen[label]}")
    return found
