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
_RANDOM_AS = re.compile(r"(?<![\w.])random[ \t]+as[ \t]+(\w+)")
_SEEDS = re.compile(r"(?<![\w.])(\w+)\.(?:seed|setstate)\(|from[ \t]+(random)[ \t]+import")


def seeds_python(notebook: Mapping[str, Any], cwd: Path) -> bool:
    """Whether the notebook seems to seed Python's own generator, itself or in a local module."""
    texts = [text for text, _ in _with_local_modules(notebook, cwd)]
    generators = {"random", *(name for text in texts for name in _RANDOM_AS.findall(text))}
    return any((found[1] or found[2]) in generators for text in texts for found in _SEEDS.finditer(text))


def imported_modules(notebook: Mapping[str, Any], cwd: Path) -> tuple[str, ...]:
    """Dotted names, also ``a.b`` for ``from a import b``; imports of local modules count as the notebook's own."""
    return tuple(dict.fromkeys(name for _, names in _with_local_modules(notebook, cwd) for name in names))


def _with_local_modules(notebook: Mapping[str, Any], cwd: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the texts of the notebook and of the local modules that it imports, each with the modules it names."""
    texts = list(_texts(notebook))
    seen: set[str] = set()
    while texts:
        text = texts.pop()
        names = list(_named(text))
        yield text, names
        for name in names:
            local = cwd / f"{name}.py"
            if name not in seen and "." not in name and local.is_file():
                seen.add(name)
                texts.append(local.read_text("utf-8", "replace"))


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
