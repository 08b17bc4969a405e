"""What explanations are made of: a plan beside the facts and sections behind it, and points with their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from soorgeon_clone.analysis.because import Because
from soorgeon_clone.analysis.model import AMBIENT, NotebookFacts, StatementFacts
from soorgeon_clone.notebook.model import Section
from soorgeon_clone.pipeline.assumptions.model import Assumption
from soorgeon_clone.pipeline.assumptions.remembered import Remembered
from soorgeon_clone.refactor.assumed import KINDS
from soorgeon_clone.refactor.model import Load, Plan, Task
from soorgeon_clone.refactor.remedies import remedy


@dataclass(frozen=True)
class Evidence:
    """A statement that counts: where it is (cell and row count from 1), how it reads, and what said so.

    ``within`` are the functions that it enters on the way, ``remedy`` is what to write if a feared fact is none.
    """

    cell: int
    row: int
    source: str
    rule: str
    feared: bool
    within: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True)
class Point:
    """One thing that is so, and the statements that make it so."""

    what: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """All that is to be said of a variable, a task, or an arrow between two."""

    about: str
    kind: Literal["variable", "task", "arrow"]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Scene:
    """A plan with the sections that it was made of; ``known`` is what runs have shown of what it takes for granted."""

    plan: Plan
    sections: Sequence[Section]
    known: Sequence[Remembered] = ()

    @property
    def facts(self) -> NotebookFacts | None:
        return self.plan.facts

    @cached_property
    def sources(self) -> Mapping[int, list[str]]:
        """Cell -> its lines."""
        return {cell.index: cell.source.split("\n") for section in self.sections for cell in section.cells}

    @cached_property
    def statements(self) -> tuple[StatementFacts, ...]:
        return self.facts.statements if self.facts is not None else ()

    @cached_property
    def variables(self) -> frozenset[str]:
        after = (name for section in self.facts.sections for name in section.after) if self.facts is not None else ()
        return frozenset((*after, *(name for statement in self.statements for name in statement.binds)))

    @cached_property
    def tasks(self) -> Mapping[str, Task]:
        return {task.name: task for task in self.plan.tasks}

    def task_of(self, section: int) -> str:
        """Return the name of the task that a section belongs to."""
        owners = self.plan.section_tasks
        return owners[section] if section < len(owners) else self.plan.tasks[0].name

    def because_of(self, assumption: Assumption) -> Because | None:
        """Return what could make an assumption wrong, as its cause says."""
        cause = assumption.cause
        if cause is None or self.facts is None:
            return None
        for statement in self.statements:
            if statement.cell + 1 == cause.cell and statement.first <= cause.row <= statement.last:
                told = [one for one in statement.assumed if KINDS[assumption.kind] == one.kind]
                if told:
                    return self.facts.assumed(statement, told[0])
        return None

    def causes(self, assumptions: Iterable[Assumption]) -> tuple[Evidence, ...]:
        """Return the statements that could make them wrong."""
        return self.all_evidence(one for one in map(self.because_of, assumptions) if one is not None)

    def held(self, assumption: Assumption) -> int:
        """Return in how many runs an assumption is remembered to have held, as far as runs are counted."""
        cause = assumption.cause
        kept = [
            one.kept
            for one in self.known
            if cause is not None and (one.statement, one.kind) == (cause.statement, assumption.kind)
            if set(one.names) <= set(assumption.names)
        ]
        return max(kept, default=0)

    def evidence(self, because: Because) -> Evidence:
        """Return a because with the place and the text of its statement."""
        cell = self.statements[because.statement].cell
        lines = self.sources[cell]
        source = lines[because.row - 1].strip() if because.row <= len(lines) else ""
        return Evidence(cell + 1, because.row, source, because.rule, because.feared, because.within, remedy(because))

    def all_evidence(self, because: Iterable[Because]) -> tuple[Evidence, ...]:
        return tuple(self.evidence(one) for one in dict.fromkeys(because))


def names_in(load: Load) -> list[str]:
    """Return the names of what is loaded as constraints have them: a generator's state is ``@numpy_random`` there."""
    ambient = [part.name for part in load.bundle.parts if part.imports and part.name.isidentifier()]
    states = {name: f"{AMBIENT}{name.removesuffix('_state')}" for name in ambient}
    return [states.get(name, name) for name in load.names]
