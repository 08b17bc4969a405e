"""A value -> whether it is what ``returns`` says."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Mapping
from typing import Any

from observing.call import Call
from observing.content import is_mutable
from soorgeon_clone.analysis.knowledge.effects import knowledge


def is_a(spec: str, value: Any, example: Call) -> bool:
    """Tell whether a value is what a result in the words of `Effect` says."""
    head, _, inner = spec.partition("(")
    if inner and head.startswith("pandas."):
        return has_type(head, value)
    if inner:
        pieces = split_parts(inner[:-1])
        if head.startswith("as:"):
            given = example.arguments[head.rpartition(":")[2]]
            elements = given if isinstance(given, list) else []
            kinds = [piece for piece in pieces if any(has_type(piece, element) for element in elements)]
            return any(is_a(piece, value, example) for piece in kinds or pieces)
        if head == "iterator":
            return hasattr(value, "__iter__") or hasattr(value, "__next__")
        if head == "dict":
            return isinstance(value, Mapping) or hasattr(value, "items")
        kind = {"tuple": tuple, "list": list, "set": (set, frozenset)}[head]
        if not isinstance(value, kind):
            return False
        if head == "tuple" and len(pieces) > 1:
            return len(value) == len(pieces) and all(is_a(p, v, example) for p, v in zip(pieces, value, strict=True))
        return all(is_a(pieces[0], v, example) for v in list(value)[:5])
    if spec == "none":
        return value is None
    if spec == "self":
        return value is example.receiver
    if spec.startswith(("arg:", "like:")):
        targets = example.resolve((spec.partition(":")[2],))
        return any(
            _same(spec, value, example.value(label)) for label in targets if label in {*example.arguments, "self"}
        )
    if spec.startswith(("element:", "cell:", "call:")):
        return True
    return has_type(spec, value)


def _same(spec: str, value: Any, obj: Any) -> bool:
    return value is obj if spec.startswith("arg:") else type(value) is type(obj) or not is_mutable(value)


def split_parts(text: str) -> list[str]:
    found, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and not depth:
            found.append(text[start:index].strip())
            start = index + 1
    return [*found, text[start:].strip()]


def has_type(path: str, value: Any) -> bool:
    name = path.rpartition(".")[2]
    if name in {"*", "object"} or name.startswith("_"):
        return True
    if path == "builtins.scalar":
        return not is_mutable(value)
    if path in {"builtins.function", "builtins.module", "builtins.generator", "builtins.code", "builtins.method"}:
        return type(value).__name__.endswith(name) or callable(value)
    if path == "builtins.iterator":
        return hasattr(value, "__iter__")
    if path in {"builtins.float", "builtins.int", "builtins.bool", "builtins.str"}:
        kinds = {"float": (float, int), "int": int, "bool": bool, "str": str}[name]
        return isinstance(value, kinds) or (type(value).__module__ == "numpy" and not getattr(value, "shape", None))
    cls = load(path)
    return cls is None or isinstance(value, cls) or (not is_mutable(value) and not is_mutable_type(path))


def is_mutable_type(path: str) -> bool:
    facts = knowledge().type(path)
    return facts is None or not facts.immutable


def load(path: str) -> Any:
    """Return the class at a path; None if there is none (it is called otherwise here)."""
    parts_ = path.split(".")
    for cut in range(len(parts_) - 1, 0, -1):
        with contextlib.suppress(Exception):
            found: Any = importlib.import_module(".".join(parts_[:cut]))
            for part in parts_[cut:]:
                found = getattr(found, part)
            return found if isinstance(found, type) else None
    return None
