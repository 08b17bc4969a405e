"""A value -> a few words for it, without a call of anything that its class defines."""

from __future__ import annotations

import sys
from typing import Any

_LONGEST = 60
SCALARS: frozenset[Any] = frozenset(
    {int, float, complex, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented)}
)
GONE = "(nothing)"


def words(value: Any) -> str:
    """Return a short text: a plain value as Python writes it, of others what they are."""
    kind = type(value)
    if kind in SCALARS:
        return _cut(repr(value))
    if kind in (list, tuple, set, frozenset, dict):
        inside = [*value, *value.values()] if kind is dict and len(value) <= 5 else list(value)[:6]
        if len(value) <= 5 and all(type(one) in SCALARS for one in inside):
            return _cut(repr(value))
        return f"a {kind.__name__} of {len(value):,}"
    if kind.__module__ == "numpy" and hasattr(kind, "itemsize"):
        shape = getattr(value, "shape", ())
        return _cut(str(value)) if shape == () else f"an array of shape {tuple(shape)}"
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return _cut(str(value))
    if kind.__module__ == "builtins":
        return f"a {kind.__name__}"
    module = "" if kind.__module__ in ("__main__", "exported") else f"{kind.__module__}."
    return f"an object of type {module}{kind.__qualname__}"


def key_words(key: Any) -> str:
    """Return a key as it stands between brackets."""
    if type(key) is str:
        return f'"{key}"' if key.isprintable() and not set(key) & set('"\\') else repr(key)
    return words(key)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
