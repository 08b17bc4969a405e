"""One entry of pipeline.yaml -> its value, or what is wrong with it, with file, line and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from soorgeon_clone.pipeline.declared.model import Hook, Requests
from soorgeon_clone.pipeline.declared.values import resolved
from soorgeon_clone.pipeline.declared.yaml_tree import Item, check_keys, number, shortened

DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")  # a function in a module
_LONGEST_PART, _LONGEST_PATH = 255, 1_000  # bytes that file systems take
_LARGEST = 2**60  # bytes
_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


def word(entry: Item | None) -> str | None:
    """Return the text of an entry; None where there is none."""
    if entry is None:
        return None
    if not isinstance(entry.value, str):
        raise entry.error("expected a text")
    return entry.value


def mapping(entry: Item | None) -> Mapping[str, Any]:
    """Return the plain mapping of an entry; an empty one where there is none."""
    found = mapping_item(entry)
    return {} if found is None else found.plain()


def mapping_item(item: Item | None) -> Item | None:
    """An entry that must be a mapping, with the lines that messages about it need."""
    if item is not None and not isinstance(item.value, dict):
        raise item.error("expected a mapping")
    return item


def optional_number(entry: Item | None, *, most: float, whole: bool = False) -> float | None:
    """Return the number of an entry; None where there is none."""
    return None if entry is None else number(entry, most=most, whole=whole)


def size(entry: Item | None) -> int | None:
    """Return the bytes that an entry says; None where there is none."""
    if entry is None:
        return None
    found = parse_size(entry.value) if isinstance(entry.value, str) else entry.value
    if isinstance(found, bool) or not isinstance(found, int) or not 0 < found <= _LARGEST:
        raise entry.error("expected a size such as 2GB or 512MiB")
    return found


def parse_size(text: str) -> int | None:
    """Bytes that ``2GB`` or ``512MiB`` denote; None if it is no size."""
    match = re.fullmatch(r"(\d{1,20}(?:\.\d{1,20})?)\s*([kmgt]?i?)b?", text[:100].strip().lower())
    if match is None or match[2] not in _SIZES:
        return None
    return min(int(float(match[1]) * _SIZES[match[2]]), _LARGEST)


def requests_item(item: Item | None) -> Requests:
    """``resources: {cpus: 2, memory: 4G, gpus: 1}``."""
    if item is None:
        return Requests()
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping such as {cpus: 2, memory: 4G, gpus: 1}")
    check_keys(item, ("cpus", "memory", "gpus"), "resources")
    gpus = optional_number(item.get("gpus"), most=1_000, whole=True)
    cpus = optional_number(item.get("cpus"), most=100_000)
    if cpus == 0:
        raise item.value["cpus"].error("expected a number above 0")
    return Requests(cpus, size(item.get("memory")), None if gpus is None else int(gpus))


def checked_path(path: str, entry: Item) -> str:
    """The path, if a file can be called so."""
    if not path.strip() or not is_text(path):
        raise entry.error(f"{shortened(path)!r} is no path of a file")
    data = path.encode()
    if len(data) > _LONGEST_PATH or max(map(len, data.split(b"/"))) > _LONGEST_PART:
        raise entry.error(
            f"the path {shortened(path)!r} is too long",
            hint=f"Up to {_LONGEST_PATH} bytes are possible, {_LONGEST_PART} for each folder and the file.",
        )
    return path


def is_text(name: str) -> bool:
    """Whether a name can be encoded and has no NUL, which ends a file's name."""
    return not any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in name)


def read_hook(item: Item | None) -> Hook | None:
    """``on_finish: module.function`` or ``{dotted_path: module.function, argument: value}``."""
    if item is None:
        return None
    value = resolved(item.value)
    if isinstance(value, str) and "." in value.replace("::", "."):
        return Hook(value.replace("::", "."))
    if isinstance(item.value, dict) and item.get("dotted_path"):
        arguments = {str(key): one for key, one in item.plain().items()}
        return Hook(str(resolved(arguments.pop("dotted_path"))).replace("::", "."), arguments)
    raise item.error("expected 'module.function', or a mapping with the key 'dotted_path'")
