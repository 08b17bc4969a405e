"""The elements that a task of ``foreach`` goes through <-> the text of the file that its split leaves, elements.json.

Commands that run nothing read that file, so it is plain data, and each entry is checked: whoever can write a product
can write it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from soorgeon_clone.errors import UserError
from soorgeon_clone.files.confine import relative_name
from soorgeon_clone.files.regular import read_bytes
from soorgeon_clone.pipeline.sources.digests import digest

FILE = "elements.json"
# Parameters of a task of `foreach`: which element it is, and the element (or the path of the file that holds it).
KEY, ITEM = "key", "item"
# What is longer, or is not plain, is a file of its own.
_LONGEST_ITEM = 2_000
_LONGEST_LABEL = 60
_MOST_BYTES = 200_000_000
_UNFIT = re.compile(r"[^\w.-]+")
_LABEL = re.compile(r"[\w-][\w.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Element:
    """One of them. ``label`` stands in the names of its task and products, ``key`` is what the task is told.

    ``item`` is the element itself, or where there is a ``file`` nothing: that lies in the folder of the split if
    ``own``, else in the folder that the elements are.
    """

    label: str
    key: Any
    item: Any = None
    file: str | None = None
    own: bool = False


def label_of(key: Any) -> str:
    """A text for the names of tasks and files: the key itself where it can be one, else with a digest of it."""
    text = str(key)
    label = _UNFIT.sub("-", text)[:_LONGEST_LABEL].strip(".-")
    return text if label == text and _LABEL.fullmatch(text) else f"{label}-{digest(repr(key))[:8]}".lstrip("-")


def is_plain(value: Any) -> bool:
    """Whether a value is short plain data, which a task can get as a parameter."""
    try:
        return _is_data(value) and len(json.dumps(value)) <= _LONGEST_ITEM
    except (TypeError, ValueError, RecursionError):
        return False


def _is_data(value: Any) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is list:
        return all(map(_is_data, value))
    if type(value) is dict:
        return all(type(key) is str and _is_data(one) for key, one in value.items())
    return value is None or type(value) in (str, int, bool)


def to_json(elements: Iterable[Element]) -> str:
    """The text of the file."""
    rows = [
        json.dumps({"label": one.label, "key": one.key, **_where(one)}, ensure_ascii=False, sort_keys=True)
        for one in elements
    ]
    return "[" + ",\n".join(rows) + "]\n"


def _where(one: Element) -> dict[str, Any]:
    return {"item": one.item} if one.file is None else {"file": one.file, "own": one.own}


def read(root: Path, folder: str) -> tuple[Element, ...] | None:
    """The elements that the split with this product found when it ran last; None where that is not known."""
    try:
        data: Any = json.loads(read_bytes(root / folder / FILE, limit=_MOST_BYTES))
        found = tuple(map(_checked, data)) if isinstance(data, list) else None
    except (OSError, UserError, ValueError, KeyError, TypeError, RecursionError):
        return None
    labels = {one.label for one in found or ()}
    return found if found is not None and len(labels) == len(found) else None


def _checked(row: Any) -> Element:
    """Raises ValueError, KeyError or TypeError for what is no element."""
    label, key = row["label"], row["key"]
    if not isinstance(label, str) or not _LABEL.fullmatch(label) or not is_plain(key):
        raise ValueError("no element")
    if "file" not in row:
        if not is_plain(row["item"]):
            raise ValueError("no element")
        return Element(label, key, row["item"])
    file, own = row["file"], row["own"]
    if not isinstance(file, str) or relative_name(file) is None or not isinstance(own, bool):
        raise ValueError("no element")
    return Element(label, key, None, file, own)
