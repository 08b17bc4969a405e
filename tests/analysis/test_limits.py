"""Each limit of work, driven over its edge: the pipeline shows what the notebook shows, in fewer tasks if need be."""

from __future__ import annotations

import os
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from oracle.small import difference, notebook_of, plan_of, put, run_pipeline, run_straight

from soorgeon_clone.analysis import limits
from soorgeon_clone.analysis.limits import LIMITS, Limits
from soorgeon_clone.analysis.machine.branches import OVERRUN
from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.refactor.model import Plan

sys.path.append(str(Path(__file__).parents[1] / "constructs"))

from cases import cases

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each task runs in a fork of this process"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

# limit -> a value that almost every notebook goes beyond
TINY: dict[str, Limits] = {
    "passes": replace(LIMITS, passes=2),
    "walked": replace(LIMITS, walked=8),
    "depth": replace(LIMITS, depth=1),
    "calls": replace(LIMITS, calls=3, calls_in_rounds=3),
    "calls_in_rounds": replace(LIMITS, calls_in_rounds=3),
    "apart": replace(LIMITS, apart=0),
    "steps": replace(LIMITS, steps=30),
    "steps_again": replace(LIMITS, steps=30, steps_again=40),
    "width": replace(LIMITS, width=10),
    "held": replace(LIMITS, held=1),
    "size": replace(LIMITS, size=20, size_of_statement=0),
    "size_of_statement": replace(LIMITS, size=0, size_of_statement=2),
    "alternatives": replace(LIMITS, alternatives=1),
    "constants": replace(LIMITS, constants=0),
    "views": replace(LIMITS, views=1),
    "modules": replace(LIMITS, modules=10),
    "least": replace(LIMITS, calls=3, calls_in_rounds=3, least=1 / 1000),
    "beyond": replace(LIMITS, calls=3, calls_in_rounds=3, beyond=1),
    "whole_again": replace(LIMITS, whole_again=0.0, whole_of_statement=0.0),
    "whole": replace(LIMITS, whole=1 / 1000, whole_of_statement=0, least=1 / 1000, most=1_000_000),
    "whole_of_statement": replace(LIMITS, whole=0, whole_of_statement=1 / 1000, least=1 / 1000, most=1_000_000),
    "most": replace(LIMITS, whole=1 / 100, whole_of_statement=0, most=1),
}

BESIDE = [case for case in cases() if case.family == "beside" and case.merge and case.files and not case.ipython][::4]
CASES = [case for case in cases() if case.family == "limits" and case.name.endswith("(3)")]


def test_every_limit_is_driven_over_its_edge() -> None:
    assert set(TINY) == {field.name for field in fields(Limits)}


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    return {case.name: plan_of(notebook_of(case.sections)) for case in CASES}


@pytest.mark.parametrize("limit", TINY)
def test_what_is_assumed_at_a_limit_is_enough(
    limit: str, plans: dict[str, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIMITS", TINY[limit])
    wrong = {
        case.name: problem
        for case in CASES
        if (problem := _shown_otherwise(notebook_of(case.sections), plans[case.name], {}))
    }
    assert not wrong, "\n".join(f"{name}: {problem}" for name, problem in wrong.items())


@pytest.mark.parametrize("limit", ["modules", "calls", "size"])
def test_what_is_assumed_of_modules_beside_the_notebook_is_enough(
    limit: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notebooks = [
        replace(notebook_of(case.sections), path=put(case.files, tmp_path / str(number)) / "small.ipynb")
        for number, case in enumerate(BESIDE)
    ]
    usual = list(map(plan_of, notebooks))
    monkeypatch.setattr(limits, "LIMITS", TINY[limit])
    wrong = {}
    for case, notebook, known in zip(BESIDE, notebooks, usual, strict=True):
        if problem := _shown_otherwise(notebook, known, dict(case.files)):
            wrong[case.name] = problem
    assert not wrong, "\n".join(f"{name}: {problem}" for name, problem in wrong.items())


def _shown_otherwise(notebook: Notebook, usual: Plan, files: dict[str, str]) -> str | None:
    """Return where the pipeline of a notebook shows something else than the notebook.

    None where there is one task, or what the constructs look at with the usual limits.
    """
    plan = plan_of(notebook)
    if len(plan.tasks) == 1 or plan == usual:
        return None
    return difference(notebook, run_straight(notebook, files=files), run_pipeline(plan, files=files))


def test_a_loop_that_is_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", replace(LIMITS, passes=3))
    names = [f"a{number}" for number in range(9)]
    shifts = "; ".join(f"{one} = {other}" for one, other in zip(names[:0:-1], names[-2::-1], strict=True))
    code = f"{' = '.join(names)} = None\nfor k in range(9):\n    {shifts}; a0 = [1]"
    plan = plan_of(notebook_of([code, "a8.append(2)", "print(a8)"]))
    assert [merge.reason for merge in plan.merges] == [f"{OVERRUN} (`for k in range(9): ...` in cell 2)."]


def test_a_notebook_that_takes_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", replace(LIMITS, calls=3, whole=2, whole_of_statement=0, most=1))
    plan = plan_of(notebook_of(["def f(x):\n    return x", *["y = f(f(f(f([]))))"] * 4, "print(y)"]))
    (merge,) = plan.merges
    assert merge.reason.startswith(limits.TOO_LONG)
