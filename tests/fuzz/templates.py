"""templates.yaml -> lists of templates by what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

_DATA = yaml.load(Path(__file__).with_name("templates.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)


def _text(entry: str | Mapping[str, str]) -> str:
    if isinstance(entry, str):
        return entry
    text: str = _DATA["class"]
    for part, default in _DATA["parts"].items():
        text = text.replace(f"<{part}>", entry.get(part, default))
    return "\n".join([text, *([entry["after"]] if "after" in entry else [])])


KINDS: dict[str, int] = _DATA["kinds"]
EXPRESSIONS: dict[str, list[str]] = _DATA["expressions"]
PRINTS_OF: dict[str, list[str]] = _DATA["prints_of"]
STARTS, SIMPLE, FUNCTIONS, CLASSES, COMPOUND, PRINTS = (
    [_text(entry) for entry in _DATA[name]]
    for name in ("starts", "simple", "functions", "classes", "compound", "prints")
)
