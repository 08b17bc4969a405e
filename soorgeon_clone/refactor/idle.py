"""Solution -> the one in which no task only imports, defines and sets: such sections stand in the task that comes next.

Every task repeats what it needs of them anyway: a task of their own would give nothing, and show nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from soorgeon_clone.analysis.dataflow import Unit
from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.refactor.model import MustMerge
from soorgeon_clone.refactor.solve import Solution, solve


def without_idle(solution: Solution, knowledge: Knowledge) -> Solution:
    """Return the solution with idle units joined to the next one that does something, or at the end to the one before.

    ``solution.idle`` then has their sections.
    """
    units = solution.cut.units
    idle = [unit for unit in units if _is_idle(unit, solution)]
    if not idle or len(units) < 2:
        return solution
    joins = list(_joins(units, {unit.begin for unit in idle}))
    folded = solve(solution.cut.joined(joins), knowledge, solution.merges)
    sections = frozenset(section for unit in idle for section in range(unit.begin, unit.end))
    return replace(folded, idle=sections, folded=len(idle))


def _joins(units: Sequence[Unit], idle: set[int]) -> Iterator[MustMerge]:
    last = max((place for place, unit in enumerate(units) if unit.begin not in idle), default=0)
    for place, (one, after) in enumerate(pairwise(units)):
        if one.begin in idle or place >= last:
            yield MustMerge(one.begin, after.begin, "")


def _is_idle(unit: Unit, solution: Solution) -> bool:
    """Whether a unit gives no other anything that it would have to wait for, and does nothing that is seen."""
    wiring = solution.wiring
    exported = {statement.index for statement in wiring.ledger.exported.values()}
    if wiring.groups[unit.begin]:
        return False
    return all(one.index in exported or _only_prepares(one) for one in unit.statements)


def _only_prepares(statement: StatementFacts) -> bool:
    """Whether it is an import, a definition or a setting, and shows nothing."""
    if statement.prints or statement.opaque or statement.unknown_calls or statement.files_written or statement.draws:
        return False
    if statement.kind in ("import", "function", "class"):
        return True
    return bool(statement.sets) and not statement.gives_result
