"""Import statements -> the text of an imports cell: each once, by group, and otherwise in the notebook's order."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 88


@dataclass(frozen=True)
class _Line:
    text: str
    group: int
    from_module: str | None
    module: str
    binds: tuple[tuple[str, str], ...]


def arrange(statements: Sequence[str], own_modules: Iterable[str] = ()) -> str:
    """Return the text: ``__future__``, standard library, other libraries, the project's own modules.

    Libraries stay in the order given, since importing one may change another (``sklearn.experimental``). If two
    statements give one name different meanings, or one is more than a plain import, all stay in the order given.
    """
    unique = list(dict.fromkeys(text.strip() for text in statements if text.strip()))
    lines = [line for text in unique for line in _parse(text, frozenset(own_modules))]
    first = [line for line in lines if line.group == 0]
    rest = [line for line in lines if line.group != 0]
    if any(line.group < 0 for line in rest) or _names_clash(rest):
        blocks = [first, rest]
    else:
        standard = sorted(
            (line for line in rest if line.group == 1), key=lambda line: (bool(line.from_module), line.module)
        )
        blocks = [first, standard, *([line for line in rest if line.group == group] for group in (2, 3))]
    return "\n\n".join("\n".join(line.text for line in _merge(block)) for block in blocks if block)


def from_import(module: str, names: Sequence[str]) -> str:
    """Return ``from module import a, b``, over several lines where it is long."""
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH or len(names) == 1:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in names), ")"])


def _parse(text: str, own: frozenset[str]) -> list[_Line]:
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return [_Line(text, -1, None, "", ())]
    if len(body) > 1 and all(isinstance(node, ast.Import | ast.ImportFrom) for node in body) and "#" not in text:
        return [_line(ast.unparse(node), node, own) for node in body]
    return [_line(text, body[0] if len(body) == 1 else None, own)]


def _line(text: str, node: ast.stmt | None, own: frozenset[str]) -> _Line:
    if isinstance(node, ast.Import):
        module = node.names[0].name
        binds = tuple(
            (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0], "") for alias in node.names
        )
        return _Line(text, _group(module, own), None, module, binds)
    if isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        plain = text == ast.unparse(node) and not any(alias.name == "*" for alias in node.names)
        binds = tuple((alias.asname or alias.name, f"{module}.{alias.name}") for alias in node.names)
        return _Line(text, _group(module, own), module if plain else "", module, binds)
    return _Line(text, -1, None, "", ())


def _group(module: str, own: frozenset[str]) -> int:
    top = module.split(".")[0]
    if top == "__future__":
        return 0
    if top == "" or top in own:
        return 3
    return 1 if top in sys.stdlib_module_names else 2


def _names_clash(lines: Iterable[_Line]) -> bool:
    meanings: dict[str, str] = {}
    for line in lines:
        for name, meaning in line.binds:
            if meanings.setdefault(name, meaning) != meaning or name == "*":
                return True
    return False


def _merge(lines: Sequence[_Line]) -> list[_Line]:
    """Return the lines with plain ``from`` imports of one module made into one, where the first of them stood."""
    together: dict[str, list[str]] = {}
    for line in lines:
        if line.from_module:
            node = ast.parse(line.text).body[0]
            assert isinstance(node, ast.ImportFrom)
            together.setdefault(line.from_module, []).extend(ast.unparse(alias) for alias in node.names)
    merged = []
    for line in lines:
        if not line.from_module:
            merged.append(line)
        elif names := together.pop(line.from_module, None):
            text = from_import(line.from_module, list(dict.fromkeys(names)))
            merged.append(_Line(text, line.group, line.from_module, line.module, line.binds))
    return merged
