"""Notebook -> a plan whose pipeline does what the notebook does, seen in a run: `refactor --verify`.

The first difference says which sections would have to run together (`diagnose`). They are put together, the plan is
made and run again. A round only merges, so there are at most as many as sections; one task for all is the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.refactor.model import MustMerge, Plan
from soorgeon_clone.verify.model import Report, SectionResult
from soorgeon_clone.verify.verify import Settings, Tell, Verifier

MakePlan = Callable[[Sequence[MustMerge]], Plan]


@dataclass(frozen=True)
class Repaired:
    """``together`` is what was learnt, ``report`` the last comparison; its ``same`` says whether it ended well."""

    plan: Plan
    together: tuple[MustMerge, ...]
    report: Report


def repair(
    notebook: Notebook, make_plan: MakePlan, settings: Settings | None = None, tell: Tell | None = None
) -> Repaired:
    """Return the first plan that agrees with the notebook. Raise UserError if the notebook itself does not run."""
    tell = tell or (lambda text: None)
    together: tuple[MustMerge, ...] = ()
    tried: dict[int, int] = {}
    plan = make_plan(together)
    with Verifier(notebook, settings or Settings(), tell) as verifier:
        while True:
            report = verifier.verify(plan)
            if report.same or len(plan.tasks) < 2:
                return Repaired(plan, together, report)
            wrong = _first_wrong(report)
            tasks = len(plan.tasks)
            for learnt in (*_learnt(report, wrong, tried), _all(report)):
                better = make_plan((*together, learnt))
                if len(better.tasks) < tasks:
                    break
            together, plan = (*together, learnt), better
            tell(f"Repairing: {learnt.reason}")


def _first_wrong(report: Report) -> SectionResult:
    return next(result for result in report.sections if result.verdict == "different")


def _learnt(report: Report, wrong: SectionResult, tried: dict[int, int]) -> Sequence[MustMerge]:
    """Return what to put together, the likeliest first. A section that is wrong again reaches further back."""
    difference = wrong.difference
    cause = difference.cause if difference is not None else None
    if cause is None:
        return ()
    times = tried[wrong.number] = tried.get(wrong.number, 0) + 1
    reason = f"seen by --verify: {cause.text}"
    first = cause.first if times == 1 else min(cause.first, max(0, wrong.number - 2**times))
    found = [MustMerge(first, max(cause.last, wrong.number), reason)]
    if first > 0:
        found.append(MustMerge(0, wrong.number, reason))
    return found


def _all(report: Report) -> MustMerge:
    return MustMerge(0, len(report.sections) - 1, "seen by --verify: the sections cannot be parted")
