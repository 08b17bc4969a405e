"""Two portraits -> where they first differ, in words; None if they are alike."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from soorgeon_clone.verify.model import Node

_LONGEST = 300


@dataclass(frozen=True)
class Unlike:
    """``where`` is behind the variable's name (``["price"][3]``, ``.items[0]``); ``one`` and ``other`` are texts."""

    where: str
    one: str
    other: str


@dataclass(frozen=True)
class _Way:
    """How to compare: how far floats may be apart, the numbered parts of both, and the pairs that were met."""

    rtol: float
    parts: tuple[Mapping[int, Node], Mapping[int, Node]]
    met: set[tuple[int, int]] = field(default_factory=set)


def unlike(one: Node, other: Node, *, rtol: float = 0.0) -> Unlike | None:
    """Return the first difference of two portraits. Whether two parts of a value are one object does not count."""
    (mine, my_parts), (theirs, their_parts) = _unpacked(one), _unpacked(other)
    return _compare(mine, theirs, "", _Way(rtol, (my_parts, their_parts)))


def _unpacked(node: Node) -> tuple[Node, Mapping[int, Node]]:
    return node[1:] if isinstance(node, tuple) and node[:1] == ("parts",) else (node, {})


def _compare(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    if _is_reference(one) or _is_reference(other):
        if _is_reference(one) and _is_reference(other):
            pair = (one[1], other[1])
            if pair in way.met:
                return None
            way.met.add(pair)
        one, other = (_resolved(node, parts) for node, parts in zip((one, other), way.parts, strict=True))
    rtol = way.rtol
    if type(one) is not type(other) or (isinstance(one, tuple) and (not one or not other or one[0] != other[0])):
        return Unlike(where, text(one), text(other))
    if isinstance(one, float):
        return None if same_float(one, other, rtol) else Unlike(where, text(one), text(other))
    if isinstance(one, complex):
        alike = same_float(one.real, other.real, rtol) and same_float(one.imag, other.imag, rtol)
        return None if alike else Unlike(where, text(one), text(other))
    if not isinstance(one, tuple):
        return None if one == other else Unlike(where, text(one), text(other))
    return _COMPARERS.get(str(one[0]), _plain)(one, other, where, way)


def _is_reference(node: Node) -> bool:
    return isinstance(node, tuple) and node[:1] == ("same as",)


def _resolved(node: Node, parts: Mapping[int, Node]) -> Node:
    return parts.get(node[1], node) if _is_reference(node) else node


def same_float(one: float, other: float, rtol: float) -> bool:
    """Tell whether two floats count as the same; two that are not numbers do, 0.0 and -0.0 do not (unless ``rtol``)."""
    if one == other:
        return rtol > 0 or math.copysign(1, one) == math.copysign(1, other)
    if one != one or other != other:
        return one != one and other != other
    return rtol > 0 and abs(one - other) <= rtol * max(abs(one), abs(other))


def _plain(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    """Nodes whose parts after the first word are names, types and digests."""
    if one[0] == "opaque" and one[1] != other[1] and one[1].split(" ")[0] == other[1].split(" ")[0]:
        return None
    return None if one == other else Unlike(where, text(one), text(other))


def _sequence(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    if one[1] != other[1]:
        return Unlike(where, text(one), text(other))
    return _items(one[2], other[2], where, way, text(one), text(other))


def _items(one: Sequence[Node], other: Sequence[Node], where: str, way: _Way, a: str, b: str) -> Unlike | None:
    if len(one) != len(other):
        return Unlike(where, f"{_count(one)}: {a}", f"{_count(other)}: {b}")
    for number, (left, right) in enumerate(zip(one, other, strict=True)):
        if found := _compare(left, right, f"{where}[{number}]", way):
            return found
    return None


def _count(items: Sequence[Node]) -> str:
    return "1 item" if len(items) == 1 else f"{len(items):,} items"


def _mapping(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    if one[1] != other[1]:
        return Unlike(where, text(one), text(other))
    mine, theirs = ([text(key) for key, _ in node[2]] for node in (one, other))
    if mine != theirs:
        if missing := [key for key in mine if key not in theirs]:
            return Unlike(where, f"has key {missing[0]}", "does not have it")
        if extra := [key for key in theirs if key not in mine]:
            return Unlike(where, f"does not have key {extra[0]}", "has it")
        return Unlike(where, f"keys in the order {', '.join(mine)}"[:_LONGEST], f"{', '.join(theirs)}"[:_LONGEST])
    for (key, left), (_, right) in zip(one[2], other[2], strict=True):
        if found := _compare(left, right, f"{where}[{text(key)}]", way):
            return found
    return None


def _object(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    if one[1] != other[1]:
        return Unlike(where, f"an object of type {one[1]}", f"of type {other[1]}")
    states = [one[2], other[2]]
    if all(isinstance(state, tuple) and state and state[0] == "dict" for state in states):
        found = _mapping(states[0], states[1], "", way)
        return found and Unlike(where + _as_attribute(found.where), found.one, found.other)
    return _compare(states[0], states[1], where, way)


def _as_attribute(where: str) -> str:
    """``['items'][0]`` -> ``.items[0]``"""
    if where.startswith("['") and (end := where.find("']")) > 0 and where[2:end].isidentifier():
        return f".{where[2:end]}{where[end + 2 :]}"
    return where


def _array(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    if one[1:4] != other[1:4]:
        return Unlike(where, text(one), text(other))
    if one[4] == other[4]:
        return None
    if isinstance(one[4], str) or isinstance(other[4], str):
        return Unlike(where, f"{text(one)} (compared by digest)", text(other))
    return _values(one, other, where, way)


def _values(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    """Compare the values of two arrays of one dtype and shape whose bytes differ."""
    rtol = way.rtol
    try:
        import numpy
    except ImportError:
        return Unlike(where, text(one), text(other))
    try:
        a, b = (numpy.frombuffer(node[4], numpy.dtype(node[2])) for node in (one, other))
    except (TypeError, ValueError):  # structured
        return Unlike(where, text(one), text(other))
    if a.dtype.kind in "fc":
        alike = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
        if rtol > 0:
            alike |= numpy.isclose(a, b, rtol=rtol, atol=0.0, equal_nan=True)
    else:
        alike = a.view(f"i{a.itemsize}") == b.view(f"i{b.itemsize}") if a.dtype.kind in "mM" else a == b
    wrong = numpy.flatnonzero(~alike)
    if not len(wrong):
        return None  # nothing but the sign of a zero, or the bits of a nan
    place = numpy.unravel_index(int(wrong[0]), one[3]) if one[3] else ()
    index = f"[{', '.join(str(int(number)) for number in place)}]" if len(place) else ""
    more = f" ({len(wrong):,} of {len(a):,} values differ)" if len(wrong) > 1 else ""
    return Unlike(where + index, f"{a[wrong[0]]!s}{more}", f"{b[wrong[0]]!s}")


def _array_of_objects(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    if one[1:3] != other[1:3]:
        return Unlike(where, text(one), text(other))
    return _items(one[3], other[3], where, way, text(one), text(other))


def _frame(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    if one[1] != other[1] or len(one[4]) != len(other[4]):
        return Unlike(where, text(one), text(other))
    for name, left, right in (("columns", one[3], other[3]), ("index", one[2], other[2])):
        if found := _compare(left, right, f"{where}.{name}", way):
            return found
    for (name, left), (_, right) in zip(one[4], other[4], strict=True):
        if found := _column(left, right, f"{where}[{text(name)}]", way):
            return found
    return _compare(one[5], other[5], f"{where}.attrs", way)


def _series(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    if one[1] != other[1]:
        return Unlike(where, text(one), text(other))
    for name, left, right in (("name", one[2], other[2]), ("index", one[3], other[3])):
        if found := _compare(left, right, f"{where}.{name}", way):
            return found
    return _column(one[4], other[4], where, way)


def _column(one: Node, other: Node, where: str, way: _Way) -> Unlike | None:
    if one[1] != other[1]:
        return Unlike(f"{where}.dtype", str(one[1]), str(other[1]))
    if found := _compare(one[2], other[2], f"{where}.cat.categories", way):
        return found
    return _compare(one[3], other[3], where, way)


_COMPARERS = {
    "list": _sequence,
    "tuple": _sequence,
    "deque": _sequence,
    "set": _sequence,
    "dict": _mapping,
    "object": _object,
    "array": _array,
    "array of objects": _array_of_objects,
    "frame": _frame,
    "series": _series,
    "column": _column,
}


def text(node: Node) -> str:
    """Return a portrait as a person would write the value, cut where it is long."""
    written = _text(node, 0)
    return written if len(written) <= _LONGEST else written[: _LONGEST - 3] + "..."


def _text(node: Node, depth: int) -> str:
    if not isinstance(node, tuple) or not node or not isinstance(node[0], str):
        return repr(node)
    if node[0] == "parts":
        return _text(node[1], depth)
    if node[0] == "same as":
        return "..."
    if depth > 4:
        return "..."
    kind = node[0]
    if kind in ("list", "tuple", "deque", "set"):
        opening, closing = {"tuple": ("(", ")"), "set": ("{", "}")}.get(kind, ("[", "]"))
        inner = ", ".join(_text(item, depth + 1) for item in node[2][:30]) + (", ..." if len(node[2]) > 30 else "")
        return f"{opening}{inner}{closing}"
    if kind == "dict":
        inner = ", ".join(f"{_text(k, depth + 1)}: {_text(v, depth + 1)}" for k, v in node[2][:30])
        return "{" + inner + (", ...}" if len(node[2]) > 30 else "}")
    if kind == "object":
        if node[1].startswith("numpy.") and not isinstance(node[2], tuple):
            return f"{node[2]!r}"
        return f"<{node[1]} {_text(node[2], depth + 1)}>"
    if kind == "array":
        return f"array of shape {node[3]} and dtype {_dtype(node[2])}{_beginning(node)}"
    if kind == "frame":
        names = ", ".join(_text(name, depth + 1) for name, _ in node[4][:8])
        count = f"{len(node[4])} column{'s' if len(node[4]) != 1 else ''}"
        return f"DataFrame with {count} ({names}{', ...' if len(node[4]) > 8 else ''})"
    if kind == "series":
        return f"Series {_text(node[2], depth + 1)} of dtype {node[4][1]}"
    if kind == "long":
        return f"{node[3]!r}..."
    if kind == "name":
        return str(node[2])
    return f"<{node[1]}>"


def _dtype(code: str) -> str:
    names = {"f8": "float64", "f4": "float32", "i8": "int64", "i4": "int32", "b1": "bool", "u1": "uint8"}
    return names.get(code.lstrip("<>|="), code)


def _beginning(node: Any) -> str:
    formats = {"<f8": "d", "<i8": "q", "<i4": "i", "<f4": "f", "|b1": "?", "|u1": "B"}
    if not isinstance(node[4], bytes) or node[2] not in formats:
        return ""
    size = struct.calcsize(formats[node[2]])
    count = min(len(node[4]) // size, 6)
    values = struct.unpack(f"<{count}{formats[node[2]]}", node[4][: count * size])
    return f": {', '.join(map(repr, values))}{', ...' if count * size < len(node[4]) else ''}"
