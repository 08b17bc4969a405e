"""Section facts -> units (sections that run in one task), what each needs, changes and leaves: textbook data flow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from soorgeon_clone.analysis.heap import Obj
from soorgeon_clone.analysis.model import NotebookFacts, SectionFacts, StatementFacts
from soorgeon_clone.analysis.state import Binding

History = Mapping[str, Sequence[tuple[int, Binding]]]
"""Name -> (unit, binding after it) for each unit that may bind it, in order."""


@dataclass(frozen=True)
class Unit:
    """Consecutive sections that run in one task. Statements have the numbers ``start`` to ``stop - 1``."""

    index: int
    sections: tuple[int, ...]
    statements: tuple[StatementFacts, ...]
    start: int
    stop: int
    uses: frozenset[str]
    binds: Mapping[str, bool]
    after: Mapping[str, Binding]
    changes: frozenset[Obj]


def units(facts: NotebookFacts, groups: Iterable[Sequence[int]]) -> tuple[Unit, ...]:
    """Return a unit for each group of consecutive sections."""
    made = []
    count = 0
    for index, group in enumerate(groups):
        sections = [facts.sections[s] for s in group]
        unit = _compose(index, sections, count)
        count = unit.stop
        made.append(unit)
    return tuple(made)


def _compose(index: int, sections: Sequence[SectionFacts], start: int) -> Unit:
    uses: set[str] = set()
    binds: dict[str, bool] = {}
    after: dict[str, Binding] = {}
    changes: set[Obj] = set()
    statements: list[StatementFacts] = []
    for section in sections:
        uses |= {name for name in section.uses if not binds.get(name, False)}
        for name, certain in section.binds.items():
            binds[name] = certain or binds.get(name, False)
        after.update(section.after)
        changes |= section.changes
        statements += section.statements
    return Unit(
        index,
        tuple(section.index for section in sections),
        tuple(statements),
        start,
        start + len(statements),
        frozenset(uses),
        binds,
        after,
        frozenset(changes),
    )


def history(units_: Sequence[Unit]) -> History:
    """Return, by name, the bindings that units leave."""
    found: dict[str, list[tuple[int, Binding]]] = {}
    for unit in units_:
        for name, binding in unit.after.items():
            found.setdefault(name, []).append((unit.index, binding))
    return found


def binding_before(past: History, name: str, unit: int) -> Binding | None:
    """Return what ``name`` denotes when ``unit`` starts."""
    return next((binding for index, binding in reversed(past.get(name, ())) if index < unit), None)


def binding_after(past: History, name: str, unit: int) -> Binding | None:
    """Return what ``name`` denotes when ``unit`` has ended."""
    return binding_before(past, name, unit + 1)


def changed_between(objects: Iterable[Obj], first: int, stop: int) -> bool:
    """Whether a statement after ``first`` and before ``stop`` may change any of ``objects`` in place."""
    return any(first < number < stop for obj in objects for number in obj.changed)
