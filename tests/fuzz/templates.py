"""YAML files -> what random notebooks are made of: templates by what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_HERE = Path(__file__).parent
_OFTEN = 8  # what a further file has is so few beside all that Python has that it stands there several times


@dataclass(frozen=True)
class Templates:
    """Templates, as `grammar` explains them, and for each kind how many notebooks in a hundred may have it."""

    kinds: Mapping[str, int]
    expressions: Mapping[str, list[str]]
    prints_of: Mapping[str, list[str]]
    starts: list[str]
    simple: list[str]
    functions: list[str]
    classes: list[str]
    compound: list[str]
    prints: list[str]


@cache
def templates(*further: str) -> Templates:
    """Return the templates of templates.yaml with those of ``<further>.yaml``."""
    data = _read("templates")
    lists = ("starts", "simple", "functions", "classes", "compound", "prints")
    found: dict[str, list[str]] = {name: [_text(entry, data) for entry in data[name]] for name in lists}
    kinds, expressions, prints_of = dict(data["kinds"]), dict(data["expressions"]), dict(data["prints_of"])
    for more in map(_read, further):
        for name in lists:
            found[name] += _OFTEN * more[name]
        kinds |= more["kinds"]
        prints_of |= more["prints_of"]
        for kind, options in more["expressions"].items():
            expressions[kind] = [*expressions.get(kind, []), *options]
    return Templates(kinds, expressions, prints_of, **found)


def _read(name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.load((_HERE / f"{name}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    return data


def _text(entry: str | Mapping[str, str], data: Mapping[str, Any]) -> str:
    if isinstance(entry, str):
        return entry
    text: str = data["class"]
    for part, default in data["parts"].items():
        text = text.replace(f"<{part}>", entry.get(part, default))
    return "\n".join([text, *([entry["after"]] if "after" in entry else [])])
