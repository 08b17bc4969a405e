"""Notebook -> a plan whose pipeline does what the notebook does, seen in a run: `refactor --verify`.

The first difference says which sections would have to run together (`diagnose`). They are put together, the plan is
made and run again. A round only merges, so there are at most as many as sections; one task for all is the last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.pipeline.assumptions.remembered import Remembered
from soorgeon_clone.refactor.broken import joined, newly_broken
from soorgeon_clone.refactor.model import MustMerge, Plan
from soorgeon_clone.verify.model import Report, SectionResult
from soorgeon_clone.verify.verify import Settings, Tell, Verifier

Known = Sequence[Remembered]
MakePlan = Callable[[Sequence[MustMerge], Known], Plan]


@dataclass(frozen=True)
class Repaired:
    """``together`` and ``known`` are what was learnt, ``report`` is the last comparison; its ``same`` says whether it
    ended well. ``known`` is what is remembered of assumptions."""

    plan: Plan
    together: tuple[MustMerge, ...]
    report: Report
    known: tuple[Remembered, ...] = ()


def repair(
    notebook: Notebook,
    make_plan: MakePlan,
    settings: Settings | None = None,
    tell: Tell | None = None,
    known: Known = (),
) -> Repaired:
    """Return the first plan that agrees with the notebook. Raise UserError if the notebook itself does not run.

    ``known`` is what is remembered of assumptions. What turns out not to be so is known to the next plan.
    """
    tell = tell or (lambda text: None)
    together: tuple[MustMerge, ...] = ()
    tried: dict[int, int] = {}
    known = tuple(known)
    plan = make_plan(together, known)
    with Verifier(notebook, settings or Settings(), tell) as verifier:
        while True:
            report = verifier.verify(plan)
            learnt_of_code = newly_broken(known, report.assumed)
            known = joined(known, report.assumed)
            if report.same or len(plan.tasks) < 2:
                return Repaired(plan, together, report, known)
            if learnt_of_code:
                plan = make_plan(together, known)
                for one in learnt_of_code:
                    tell(f"Repairing: `{one.statement}` was not as assumed ({one.kind}): {one.broken}")
                continue
            wrong = _first_wrong(report)
            tasks = len(plan.tasks)
            for learnt in (*_learnt(report, wrong, tried), _all(report)):
                better = make_plan((*together, learnt), known)
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
