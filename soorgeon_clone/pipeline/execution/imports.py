"""Notebook dict -> the modules that its import statements name: what the warm parent should have ready for it.

A hint that only saves time, so a pattern over lines does; a text that merely looks like an import costs an attempt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_FROM = re.compile(r"(?:^|[;:])[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#;]*)", re.MULTILINE)
_IMPORT = re.compile(r"(?:^|[;:])[ \t]*import[ \t]+([^\n#;]+)", re.MULTILINE)
_NAME = re.compile(r"\s*([\w.]+)")
_SEEDS_PYTHON = re.compile(r"(?<![\w.])random\.(seed|setstate)\(|from random import")


def seeds_python(notebook: Mapping[str, Any]) -> bool:
    """Whether the notebook seems to seed Python's own generator."""
    return any(_SEEDS_PYTHON.search(text) for text in _texts(notebook))


def imported_modules(notebook: Mapping[str, Any], cwd: Path) -> tuple[str, ...]:
    """Dotted names, also ``a.b`` for ``from a import b``; imports of local modules count as the notebook's own."""
    texts = list(_texts(notebook))
    found: dict[str, None] = {}
    while texts:
        for name in _named(texts.pop()):
            if name not in found:
                found[name] = None
                local = cwd / f"{name.partition('.')[0]}.py"
                if name == local.stem and local.is_file():
                    texts.append(local.read_text("utf-8", "replace"))
    return tuple(found)


def _texts(notebook: Mapping[str, Any]) -> Iterator[str]:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            text = cell.get("source", "")
            yield text if isinstance(text, str) else "".join(text)


def _named(text: str) -> Iterator[str]:
    for statement in _IMPORT.finditer(text):
        yield from _first_names(statement[1])
    for statement in _FROM.finditer(text):
        if not statement[1].startswith("."):
            yield statement[1]
            yield from (f"{statement[1]}.{name}" for name in _first_names(statement[2].strip("()")))


def _first_names(text: str) -> Iterator[str]:
    for part in text.split(","):
        if name := _NAME.match(part):
            yield name[1]
