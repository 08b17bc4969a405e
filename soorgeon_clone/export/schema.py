"""An entry that goes to an engine as it stands, and the engine's own schema -> the entry, or a UserError at its place.

``schemas/ENGINE.json`` maps a type to its fields. A field's kind is ``str``, ``int``, ``num``, ``bool``, ``any``, the
name of a type, ``[kind]`` for a list, or ``{kind}`` for a mapping of texts to it. They are made by
``tests/export/make_schemas.py``.
"""

from __future__ import annotations

import difflib
import json
from functools import cache
from pathlib import Path

from soorgeon_clone.export import readers
from soorgeon_clone.export.readers import Raw, Reader
from soorgeon_clone.pipeline.declared.yaml_tree import Item

_Fields = dict[str, dict[str, str]]
_PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str, int, float),
    "int": (int,),
    "num": (int, float),
    "bool": (bool,),
}
_WORDS = {"str": "a text", "int": "a whole number", "num": "a number", "bool": "true or false"}


def raw(engine: str, kind: str, *, ours: tuple[str, ...] = ()) -> Reader:
    """Return a reader of a mapping of a type of the engine's; ``ours`` are fields that the export sets."""

    def read(item: Item) -> Raw:
        for key, entry in readers.mapping(item).value.items():
            if key in ours:
                raise entry.error(f"'{key}' is set by the export")
        _check(item, kind, _types(engine))
        return readers.raw(item)

    return read


@cache
def _types(engine: str) -> _Fields:
    text = (Path(__file__).with_name("schemas") / f"{engine}.json").read_text(encoding="utf-8")
    types: _Fields = json.loads(text)
    return types


def _check(item: Item, kind: str, types: _Fields) -> None:
    if kind == "any":
        return
    if kind in _PLAIN:
        wrong = isinstance(item.value, bool) != (kind == "bool")
        if wrong or not isinstance(item.value, _PLAIN[kind]):
            raise item.error(f"expected {_WORDS[kind]}")
        return
    if kind[0] == "[":
        if not isinstance(item.value, list):
            raise item.error("expected a list")
        for entry in item.value:
            _check(entry, kind[1:-1], types)
        return
    fields = readers.mapping(item).value
    if kind[0] == "{":
        for entry in fields.values():
            _check(entry, kind[1:-1], types)
        return
    known = types[kind]
    for key, entry in fields.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"It has: {', '.join(sorted(known))}."
            raise entry.error(f"{kind} has no field '{key}'", hint=hint)
        _check(entry, known[key], types)
