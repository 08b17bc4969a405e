"""Solution -> the one in which no task only imports, defines and sets: such sections stand in the task that comes next.

Every task repeats what it needs of them anyway: a task of their own would give nothing, and show nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from soorgeon_clone.analysis.dataflow import Unit
from soorgeon_clone.analysis.knowledge.effects import Knowledge
from soorgeon_clone.analysis.lower.instructions import (
    Bind,
    Constant,
    Instruction,
    Make,
    MakeFunction,
    MakeMapping,
    Name,
    OperateAlone,
)
from soorgeon_clone.analysis.model import StatementFacts
from soorgeon_clone.refactor.model import MustMerge
from soorgeon_clone.refactor.solve import Solution, solve


def without_idle(solution: Solution, knowledge: Knowledge) -> Solution:
    """Return the solution with idle units joined to the next one that does something, or at the end to the one before.

    ``solution.idle`` then has their sections. Where all are idle, the task is that of the first.
    """
    units = solution.cut.units
    idle = [unit for unit in units if _is_idle(unit, solution)]
    if not idle or len(units) < 2:
        return solution
    joins = list(_joins(units, {unit.begin for unit in idle}))
    folded = solve(solution.cut.joined(joins), knowledge, solution.merges)
    without_task = idle[1:] if len(idle) == len(units) else idle
    sections = frozenset(section for unit in without_task for section in range(unit.begin, unit.end))
    return replace(folded, idle=sections, folded=len(without_task))


def _joins(units: Sequence[Unit], idle: set[int]) -> Iterator[MustMerge]:
    last = max((place for place, unit in enumerate(units) if unit.begin not in idle), default=0)
    for place, (one, after) in enumerate(pairwise(units)):
        if one.begin in idle or place >= last:
            yield MustMerge(one.begin, after.begin, "")


def _is_idle(unit: Unit, solution: Solution) -> bool:
    """Whether a unit gives no other anything that it would have to wait for, and does nothing that is seen."""
    wiring = solution.wiring
    if wiring.groups[unit.begin]:
        return False
    exported = {statement.index for statement in wiring.ledger.exported.values()}
    repeated = exported.union(*wiring.repeats.values())
    return all(_only_prepares(one) or (one.index in repeated and not one.shows) for one in unit.statements)


def _only_prepares(statement: StatementFacts) -> bool:
    """Whether it is an import, a definition (also of a name for a literal) or a setting, and shows nothing."""
    if statement.prints or statement.opaque or statement.unknown_calls or statement.files_written or statement.draws:
        return False
    if statement.kind in ("import", "function", "class"):
        return True
    if statement.gives_result:
        return False
    return bool(statement.sets) or (statement.is_pure and all(map(_defines, statement.lowered.block)))


def _defines(step: Instruction) -> bool:
    """Whether an instruction gives names to a literal or a lambda, or is a text that stands alone."""
    if isinstance(step, Bind):
        return all(isinstance(target, Name) for target in step.targets) and (
            isinstance(step.value, MakeFunction) or _is_literal(step.value)
        )
    return isinstance(step, Constant)


def _is_literal(step: Instruction | None) -> bool:
    if isinstance(step, Make):
        return all(map(_is_literal, step.items))
    if isinstance(step, MakeMapping):
        return all(_is_literal(key) and _is_literal(value) for key, value in step.entries)
    if isinstance(step, OperateAlone):
        return _is_literal(step.value)
    return isinstance(step, Constant)
