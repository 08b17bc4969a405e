"""Notebook -> `Plan`: sections that cannot be parted become one (`solve`), what is left becomes tasks (`tasks`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from soorgeon_clone.analysis.analyse import analyse, keeping_all
from soorgeon_clone.analysis.knowledge.effects import Knowledge, knowledge, read_user_effects
from soorgeon_clone.analysis.model import NotebookFacts
from soorgeon_clone.analysis.objects.policy import Policy
from soorgeon_clone.analysis.scripts import scripts_in
from soorgeon_clone.notebook.headings import headings
from soorgeon_clone.notebook.model import Notebook, Section
from soorgeon_clone.notebook.platforms import names_of_platform
from soorgeon_clone.notebook.sections import almost_heading, best_level, split
from soorgeon_clone.notebook.size import heaviest, is_heavy
from soorgeon_clone.notebook.slugs import task_names
from soorgeon_clone.pipeline.assumptions.remembered import Remembered
from soorgeon_clone.refactor.assumed import NOTHING, TakenForGranted, beliefs, taken_for_granted
from soorgeon_clone.refactor.carriers.borders import Borders
from soorgeon_clone.refactor.checks import check_comments, check_syntax, has_syntax_of_its_own, refuse_undefined
from soorgeon_clone.refactor.cut import finest
from soorgeon_clone.refactor.idle import without_idle
from soorgeon_clone.refactor.model import MustMerge, Plan, Serializer
from soorgeon_clone.refactor.solve import Solution, solve
from soorgeon_clone.refactor.tasks import plan_of
from soorgeon_clone.refactor.whole import as_one_task

# What crosses is looked at pair by pair of sections: these, and names that all of them need, are seconds.
_MOST_SECTIONS = 2_000
_MOST_CROSSINGS = 20_000
_MOST_TITLES = 8  # that a sentence lists
_TOO_MUCH_TO_LOOK_TWICE = 2.0  # statements that exhaust the limits of the analysis: it would end there again


def make_plan(
    notebook: Notebook,
    *,
    level: int = 2,
    single_task: bool = False,
    serializer: Serializer | None = None,
    forced: bool = False,
    together: Sequence[MustMerge] = (),
    proven: bool = False,
    known: Sequence[Remembered] = (),
    keep_idle: bool = False,
) -> Plan:
    """Return what `refactor` writes for ``notebook``; ``together`` are sections that must not be parted.

    A section that only imports, defines and sets has a task of its own only with ``keep_idle``.

    Unless it is ``proven``, it takes for granted what runs check (`Task.assumptions`), but what ``known`` remembers to
    be broken.

    Raise UserError where a cell is not Python (exit code 1) or, unless ``forced``, where a name is read that nothing
    can have bound. A notebook that is too large to be looked at, or nested too deeply, becomes one task as it is.
    """
    sections = split(notebook, level)
    if single_task and sections:
        (name,) = task_names([Path(notebook.name).stem])
        sections = (sections[0]._replace(name=name), *sections[1:])
    if is_heavy(cell.source for cell in notebook.cells if cell.kind == "code"):
        return as_one_task(notebook, sections, f"its code is too large to be looked at closely ({_heaviest(notebook)})")
    if has_syntax_of_its_own(notebook):
        return as_one_task(notebook, sections, "it gives its cells a syntax of their own")
    if len(sections) > _MOST_SECTIONS:
        return as_one_task(notebook, sections, f"it has {len(sections):,} sections, more than {_MOST_SECTIONS}")
    try:
        with keeping_all():
            choices = _Choices(level, single_task, serializer, forced, tuple(together), proven, tuple(known), keep_idle)
            return _plan(notebook, sections, choices)
    except (RecursionError, MemoryError):
        return as_one_task(notebook, sections, "its code is nested too deeply to be looked at closely")


@dataclass(frozen=True)
class _Choices:
    level: int
    single_task: bool
    serializer: Serializer | None
    forced: bool
    together: tuple[MustMerge, ...]
    proven: bool
    known: tuple[Remembered, ...]
    keep_idle: bool


class _Look(NamedTuple):
    """A policy, and the facts of the notebook under it once they are known."""

    policy: Policy | None
    borders: Borders | None = None


@dataclass(frozen=True)
class _Settled:
    """A solution with what its tasks take for granted, all of which runs check."""

    solution: Solution
    granted: TakenForGranted
    policy: Policy | None
    first: _Look  # before more was believed
    has_joined: bool = False

    @property
    def tasks(self) -> int:
        """How many tasks there would be if idle sections had some."""
        return len(self.solution.cut.units) + self.solution.folded


def _plan(notebook: Notebook, sections: tuple[Section, ...], choices: _Choices) -> Plan:
    tables = knowledge(read_user_effects(_folder(notebook)))
    policy = None if choices.proven or choices.single_task or len(sections) == 1 else Policy()
    found = _settle(notebook, sections, tables, choices, _Look(policy), joining=policy is not None)
    if isinstance(found, Plan):
        return found
    has_exhausted = found.solution.wiring.borders.facts.heap.effort.has_exhausted
    if found.tasks < len(sections) and has_exhausted and _is_exhausting(found):
        other = _settle(notebook, sections, tables, choices, _Look(policy), joining=policy is not None, again=True)
        if isinstance(other, _Settled) and other.tasks > found.tasks:
            found = other
    if found.has_joined:
        other = _settle(notebook, sections, tables, choices, found.first, joining=False)
        if isinstance(other, _Settled) and other.tasks > found.tasks:
            found = other
    if found.policy is not None and (more := _more_tasks(notebook, sections, tables, choices, found)) is not None:
        found = more
    hints = _hints(notebook, sections, choices.level, single_task=choices.single_task)
    hints += _about_idle([sections[number].title for number in sorted(found.solution.idle)])
    plan = plan_of(notebook, sections, found.solution, choices.serializer, hints, found.granted.by_unit)
    return replace(plan, facts=found.solution.wiring.borders.facts)


def _settle(
    notebook: Notebook,
    sections: tuple[Section, ...],
    tables: Knowledge,
    choices: _Choices,
    look: _Look,
    *,
    joining: bool,
    again: bool = False,
) -> _Settled | Plan:
    """Return the solution whose assumptions can all be checked.

    What no run would notice is believed, by the policy; or, if ``joining``, sections are joined so that nobody sees it.
    ``again``: the notebook was looked at before.
    """
    policy, borders = first = look
    together = choices.together
    while True:
        if borders is None:
            taken = 0.0 if again else None if first.borders is None else _taken(first.borders)
            facts = _analyse(notebook, sections, tables, policy, taken)
            borders = Borders(facts, {cell.index: cell for section in sections for cell in section.cells})
            if policy is not None and not policy.known and (broken := beliefs(borders, choices.known)):
                policy, borders = Policy(broken), None
                continue
            if given := sorted(names_of_platform(notebook.metadata) & facts.names - facts.bound):
                reason = f"`{given[0]}` is its platform's, which keeps it for all cells"
                return replace(as_one_task(notebook, sections, reason), facts=facts)
            if not choices.forced:
                refuse_undefined(notebook, facts)
            if first.borders is None:
                first = _Look(policy, borders)
        solution = _solved(borders, tables, replace(choices, together=together))
        if solution is None:
            plan = as_one_task(notebook, sections, "its sections need too much of one another")
            return replace(plan, facts=borders.facts)
        granted = taken_for_granted(solution) if policy is not None else NOTHING
        if policy is None or not granted.unchecked:
            return _Settled(solution, granted, policy, first, has_joined=together != choices.together)
        # each round believes more, of finitely many statements, or joins more, of finitely many sections
        if joining:
            together = (*together, *_sorted(granted.together))
            if not granted.seen:
                continue
        more = policy.knowing(granted.seen if joining else granted.unchecked)
        policy, borders = (more if more != policy else None), None


def _sorted(constraints: Iterable[MustMerge]) -> list[MustMerge]:
    return sorted(constraints, key=lambda one: (one.first, one.last, one.reason))


def _is_exhausting(found: _Settled) -> bool:
    """Whether looking at the notebook once more would take long, and end as it did."""
    return _taken(found.solution.wiring.borders) > _TOO_MUCH_TO_LOOK_TWICE


def _taken(borders: Borders) -> float:
    """Return how much looking at the notebook took, as parts of what exhausts a statement."""
    return borders.facts.heap.effort.whole


def _more_tasks(
    notebook: Notebook, sections: tuple[Section, ...], tables: Knowledge, choices: _Choices, found: _Settled
) -> _Settled | None:
    """Return the solution that assumes nothing but that no settings are made, where that parts more; it may, since
    what is believed of a call that looks like a change is more than what is feared of others."""
    borders = found.solution.wiring.borders
    assumes = any(statement.assumed for statement in borders.statements)
    if not assumes or found.tasks == len(finest(borders).units) or _is_exhausting(found):
        return None
    if any(one.broken for one in choices.known):
        return None  # what runs have shown is known to the other one alone
    facts = _analyse(notebook, sections, tables, None)
    for feared, assumed in zip(facts.statements, borders.statements, strict=True):
        feared.assumed.update({one: why for one, why in assumed.assumed.items() if one.kind == "sets"})
    other = _solved(Borders(facts, borders.cells), tables, choices)
    if other is None:
        return None
    more = _Settled(other, taken_for_granted(other), None, found.first)
    return more if more.tasks > found.tasks else None


def _solved(borders: Borders, tables: Knowledge, choices: _Choices) -> Solution | None:
    """Return the solution of a notebook's constraints, or None if sections need too much of one another."""
    cut = finest(borders)
    all_as_one = MustMerge(0, len(cut.units) - 1, "")
    cut = cut.joined([all_as_one] if choices.single_task else choices.together)
    if sum(len(unit.uses) for unit in cut.units) > _MOST_CROSSINGS:
        return None
    solution = solve(cut, tables, () if choices.single_task else choices.together)
    return solution if choices.keep_idle else without_idle(solution, tables)


def _heaviest(notebook: Notebook) -> str:
    cell = heaviest(notebook.cells)
    return f"cell {cell.index + 1} alone has {len(cell.source):,} characters"


def _folder(notebook: Notebook) -> Path:
    return notebook.path.resolve().parent if notebook.path is not None else Path.cwd()


def _analyse(
    notebook: Notebook,
    sections: tuple[Section, ...],
    tables: Knowledge,
    policy: Policy | None,
    taken: float | None = None,
) -> NotebookFacts:
    check_syntax(notebook)
    check_comments(notebook)
    return analyse(sections, tables=tables, read_file=scripts_in(_folder(notebook)), policy=policy, taken=taken)


def _about_idle(titles: Sequence[str]) -> tuple[str, ...]:
    """Return the sentence about sections that have no task of their own."""
    if not titles:
        return ()
    listed = ", ".join(titles[:_MOST_TITLES]) + (", ..." if len(titles) > _MOST_TITLES else "")
    them = "it" if len(titles) == 1 else "them"
    return (
        f"No task of its own for what only imports, defines and sets: {listed}. Tasks repeat what they need of {them}.",
    )


def _hints(notebook: Notebook, sections: tuple[Section, ...], level: int, *, single_task: bool) -> tuple[str, ...]:
    if single_task or len(sections) > 1:
        return ()
    better = best_level(notebook)
    if better is None or better == level:
        almost = almost_heading(notebook)
        advice = (
            f"Add H{level} headings, or see what --split-on auto proposes."
            if almost is None
            else f"`{almost}` is none: put a space behind the #."
        )
        found = [one for cell in notebook.cells if cell.kind == "markdown" for one in headings(cell.source)]
        only = [one for one in found if one.level == level]
        why = (
            f"Its only H{level} heading, '{only[0].title}', splits nothing"
            if only
            else "No headings split the notebook"
        )
        return (f"{why}, so it becomes one task. {advice}",)
    return (f"No H{level} headings split the notebook, so it becomes one task; --split-on h{better} would split it.",)
