"""One cut of the notebook: which sections run in one task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from soorgeon_clone.analysis.dataflow import Unit, unit_of
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.model import MustMerge


@dataclass(frozen=True)
class Cut:
    """The units, in order. Each is called by the border that it begins at, the number of its first section."""

    borders: Borders
    units: tuple[Unit, ...]

    @cached_property
    def homes(self) -> tuple[Unit, ...]:
        """Section -> its unit."""
        return tuple(unit for unit in self.units for _ in range(unit.begin, unit.end))

    @cached_property
    def _places(self) -> tuple[int, ...]:
        return tuple(place for place, unit in enumerate(self.units) for _ in range(unit.begin, unit.end))

    def place(self, section: int) -> int:
        """Return how many units stand before the unit of a section."""
        return self._places[section]

    def home(self, number: int) -> Unit:
        """Return the unit of a statement."""
        return self.homes[self.borders.section_of(number)]

    def joined(self, constraints: Iterable[MustMerge]) -> Cut:
        """Return the cut in which sections that must merge have, and with them all that lies between."""
        last_of = {unit.begin: unit.end - 1 for unit in self.units}
        for constraint in constraints:
            begin = self.homes[constraint.first].begin
            last_of[begin] = max(last_of[begin], constraint.last)
        units: list[Unit] = []
        known = {(unit.begin, unit.end): unit for unit in self.units}
        for begin, last in _merged_spans(last_of):
            units.append(known.get((begin, last + 1)) or _unit(self.borders, begin, last + 1))
        return Cut(self.borders, tuple(units))


def finest(borders: Borders) -> Cut:
    """Return the cut in which each section is a unit."""
    return Cut(borders, tuple(_unit(borders, number, number + 1) for number in range(len(borders.facts.sections))))


def _unit(borders: Borders, begin: int, end: int) -> Unit:
    return unit_of(borders.facts.sections[begin:end], borders.starts[begin])


def _merged_spans(last_of: Mapping[int, int]) -> list[tuple[int, int]]:
    """Return first and last section of each group, where ``last_of`` says how far what begins somewhere reaches."""
    spans: list[tuple[int, int]] = []
    for begin, last in sorted(last_of.items()):
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], last))
        else:
            spans.append((begin, last))
    return spans
