"""Section facts -> units (sections that run in one task), what each needs, changes and leaves: textbook data flow."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from soorgeon_clone.analysis.model import SectionFacts, StatementFacts
from soorgeon_clone.analysis.objects.heap import Obj
from soorgeon_clone.analysis.objects.state import Binding


@dataclass(frozen=True, eq=False)
class Unit:
    """Sections ``begin`` to ``end - 1``, which run in one task: it stands between borders ``begin`` and ``end``.

    Its statements have the numbers ``start`` to ``stop - 1``. ``uses``: names read before the unit certainly binds
    them -> the first statement that does. ``binds``: names it may bind -> whether it certainly does.
    """

    begin: int
    end: int
    start: int
    stop: int
    statements: tuple[StatementFacts, ...]
    uses: Mapping[str, int]
    binds: Mapping[str, bool]
    changes: frozenset[Obj]


def unit_of(sections: Sequence[SectionFacts], start: int) -> Unit:
    """Return consecutive sections as a unit; ``start`` is the number of its first statement."""
    statements = tuple(statement for section in sections for statement in section.statements)
    uses: dict[str, int] = {}
    binds: dict[str, bool] = {}
    for section in sections:
        for name, number in section.uses.items():
            if not binds.get(name, False):
                uses.setdefault(name, number)
        for name, certain in section.binds.items():
            binds[name] = certain or binds.get(name, False)
    changes = frozenset[Obj]().union(*(section.changes for section in sections))
    begin, end = sections[0].index, sections[-1].index + 1
    return Unit(begin, end, start, start + len(statements), statements, uses, binds, changes)


class History:
    """The bindings that sections leave, by name."""

    def __init__(self, sections: Iterable[SectionFacts]) -> None:
        self._sections: dict[str, list[int]] = {}
        self._bindings: dict[str, list[Binding]] = {}
        for section in sections:
            for name, binding in section.after.items():
                self._sections.setdefault(name, []).append(section.index)
                self._bindings.setdefault(name, []).append(binding)

    def before(self, name: str, section: int) -> Binding | None:
        """Return what ``name`` denotes when ``section`` starts."""
        place = bisect_left(self._sections.get(name, ()), section)
        return self._bindings[name][place - 1] if place else None

    def all_bindings(self) -> Iterable[Binding]:
        """Yield every binding that a section leaves."""
        for bindings in self._bindings.values():
            yield from bindings


def changed_between(objects: Iterable[Obj], first: int, stop: int) -> bool:
    """Whether a statement after ``first`` and before ``stop`` may change any of ``objects`` in place."""
    return any(first < number < stop for obj in objects for number in obj.changed)
