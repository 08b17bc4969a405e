"""An entry below ``export`` in pipeline.yaml -> its value, checked; a UserError with its place where it is none."""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from soorgeon_clone.files.confine import relative_name
from soorgeon_clone.pipeline.declared.yaml_tree import Item

Reader = Callable[[Item], Any]
Readers = Mapping[str, Reader]
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Raw:
    """A value that goes to the engine as it stands, as canonical JSON: containers are compared by it."""

    text: str

    @property
    def value(self) -> Any:
        return json.loads(self.text)

    def over(self, other: Raw) -> Raw:
        """Return both, where this one's keys win, at every depth."""
        return Raw(_dumped(_over(other.value, self.value)))


def _over(far: Any, near: Any) -> Any:
    if not (isinstance(far, dict) and isinstance(near, dict)):
        return near
    return {**far, **{key: _over(far.get(key), value) for key, value in near.items()}}


def beside(ours: Any, theirs: Any) -> Any:
    """Return what the export says and what is passed through, as one: lists become longer, in mappings theirs wins."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return [*ours, *theirs]
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return theirs
    return {**ours, **{key: beside(ours[key], value) if key in ours else value for key, value in theirs.items()}}


def _dumped(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def text(item: Item) -> str:
    """Return a text that is not empty."""
    if not isinstance(item.value, str) or not item.value.strip():
        raise item.error("expected a text")
    return item.value


def line(item: Item) -> str:
    """Return a text that becomes one line of a file."""
    found = text(item)
    if not found.isprintable():
        raise item.error("expected a text of one line")
    return found


def inner_path(item: Item) -> str:
    """Return the path of a file in the project, relative to it."""
    found = line(item)
    if relative_name(found) is None:
        raise item.error("expected the path of a file in the project")
    return found


def lines(item: Item) -> tuple[str, ...]:
    """Return one line or a list of such."""
    return tuple(map(line, item.value)) if isinstance(item.value, list) else (line(item),)


def texts(item: Item) -> dict[str, str]:
    """Return a mapping of texts; numbers and booleans are written as YAML does."""
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping")
    for entry in item.value.values():
        if isinstance(entry.value, (dict, list)) or entry.value is None:
            raise entry.error("expected a text")
    return {
        str(key): entry.value if isinstance(entry.value, str) else _scalar(entry.value)
        for key, entry in item.value.items()
    }


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def variables(item: Item) -> dict[str, str]:
    """Return a mapping of environment variables."""
    found = texts(item)
    for name in found:
        if not _VARIABLE.fullmatch(name):
            raise item.value[name].error(f"{name!r} is no name for an environment variable")
    return found


def volumes(item: Item) -> dict[str, str | Raw]:
    """Return a mapping of absolute paths to what is mounted there: a name, or what the engine calls a volume."""
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping")
    found: dict[str, str | Raw] = {}
    for path, entry in item.value.items():
        if not str(path).startswith("/"):
            raise entry.error(f"{path!r} is no absolute path in the container")
        found[str(path)] = raw(entry) if isinstance(entry.value, dict) else text(entry)
    return found


def count(item: Item) -> int:
    """Return a whole number from 0 on."""
    if isinstance(item.value, bool) or not isinstance(item.value, int) or item.value < 0:
        raise item.error("expected a whole number that is not negative")
    return item.value


def seconds(item: Item) -> int:
    """Return a number of seconds, rounded up."""
    if isinstance(item.value, bool) or not isinstance(item.value, (int, float)) or item.value <= 0:
        raise item.error("expected a number of seconds")
    return math.ceil(item.value)


def flag(item: Item) -> bool:
    """Return true or false."""
    if not isinstance(item.value, bool):
        raise item.error("expected true or false")
    return item.value


def one_of(*allowed: str) -> Callable[[Item], str]:
    """Return a reader of one of some words."""

    def read(item: Item) -> str:
        if item.value not in allowed:
            raise item.error(f"expected one of {', '.join(allowed)}")
        return str(item.value)

    return read


def mapping(item: Item) -> Item:
    """Return the entry, if it is a mapping."""
    if not isinstance(item.value, dict):
        raise item.error("expected a mapping")
    return item


def raw(item: Item) -> Raw:
    """Return a mapping that goes to the engine as it stands."""
    return raw_of(mapping(item).plain())


def raw_of(value: Any) -> Raw:
    """Return a value in its canonical form."""
    return Raw(_dumped(value))


def secret_file(reference: str) -> str:
    """Return the file that holds a secret as a word for a shell; it is in the home folder or anywhere."""
    return f'"$HOME"/{shlex.quote(reference[2:])}' if reference.startswith("~/") else shlex.quote(reference)
