"""What stands in ``x[...]`` -> what kind of index it is, in the words of the effect tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from soorgeon_clone.analysis.lower.instructions import Instruction, Keys
from soorgeon_clone.analysis.objects.arguments import constant
from soorgeon_clone.analysis.objects.heap import Value
from soorgeon_clone.analysis.objects.parts import contents
from soorgeon_clone.analysis.objects.types import FRAMES, NDARRAY, TABLES

_MANY = frozenset({"builtins.list", f"{TABLES}Index", *FRAMES})
_TAKING = _MANY | {NDARRAY}
_LABELS = frozenset(f"builtins.{name}" for name in ("str", "int", "float", "scalar"))


class Index(NamedTuple):
    """The key of an item as it is written, and the objects that stand in it; ``parts``: between its commas."""

    node: Instruction
    value: Value
    parts: Sequence[Value] = ()

    @property
    def constant(self) -> Any:
        return constant(self.value)

    @property
    def kind(self) -> str:
        """The kind of an index; ``lists``: several, of which one is certainly a list (or an array)."""
        if isinstance(self.node, Keys):
            if self.node.kind == "slice":
                return "slice"
            has_list = any(part and {o.type for o in part} <= _TAKING for part in self.parts)
            return "lists" if has_list else "tuple"
        if isinstance(self.constant, str):
            return "constant str"
        if isinstance(self.constant, int):
            return "constant int"
        types = {o.type for o in self.value}
        if types == {"builtins.list"}:
            inside = contents(self.value)
            return "list of texts" if inside and all(o.type == "builtins.str" for o in inside) else "list"
        if types and types <= _MANY:
            return "list"  # of labels, or of truth values
        if types == {NDARRAY}:
            return "array"
        if types == {"builtins.tuple"}:
            return "tuple"
        return "slice" if types == {"builtins.slice"} else "other"

    @property
    def stored(self) -> str:
        """The kind of an index that is stored to; ``labels`` for what is certainly a label, or texts that are some."""
        parts = contents(self.value) if {o.type for o in self.value} == {"builtins.list"} else self.value
        are_texts = bool(parts) and all(o.type == "builtins.str" for o in parts)
        is_one = not isinstance(self.node, Keys) and bool(self.value)
        is_label = is_one and all(o.type in _LABELS and o.immutable for o in self.value)
        return "labels" if are_texts or is_label else self.kind
