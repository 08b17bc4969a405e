"""Facts of sections -> the edges of their data flow: which section uses what which other gave or changed last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from soorgeon_clone.analysis.model import NotebookFacts, StatementFacts
from soorgeon_clone.analysis.objects.heap import UNBOUND
from soorgeon_clone.analysis.objects.state import Binding
from soorgeon_clone.analysis.objects.types import CLASS, FUNCTION, LIB

_FREE = frozenset({FUNCTION, CLASS, LIB})


class Edge(NamedTuple):
    """``name`` comes from section ``giver`` to ``user``. ``free``: a definition, an import or a constant, which costs
    nothing to have again."""

    name: str
    giver: int
    user: int
    free: bool


def edges(facts: NotebookFacts) -> Iterator[Edge]:
    """Yield each name that a section reads, from the section that bound it last or changed what it denotes."""
    statements = facts.statements
    for section in facts.sections:
        first: dict[str, StatementFacts] = {}
        for statement in section.statements:
            for name in statement.reads:
                first.setdefault(name, statement)
        for name, statement in first.items():
            binding = statement.read_bindings.get(name)
            if binding is None:
                continue
            giver = max((number for number in _givers(binding) if number < statement.index), default=None)
            if giver is not None and statements[giver].section < section.index:
                yield Edge(name, statements[giver].section, section.index, _is_free(binding))


def _givers(binding: Binding) -> Iterator[int]:
    yield from binding.defs
    for obj in binding.value:
        if obj.type not in _FREE:
            yield from obj.changed


def _is_free(binding: Binding) -> bool:
    value = binding.value - {UNBOUND}
    return bool(value) and all(obj.type in _FREE or (obj.immutable and obj.const is not None) for obj in value)
