"""Notebooks that the analysis is told lies about: `repair` finds a plan that does what they do."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.verify.repair import repair
from soorgeon_clone.verify.verify import Settings
from verify.folders import LYING, notebook

# name -> code, the tasks that are left (sections are named s1, s2, ...)
CASES: dict[str, tuple[str, list[str]]] = {
    "nothing to repair": ("x = [1]\n---\nprint(x)", ["s1", "s2"]),
    "a change nobody knew of": (
        "import helpers\nxs = []\n---\nhelpers.grow(xs)\n---\nprint(xs)\n---\nprint(1)\n---\nprint(len(xs))",
        ["s1", "s4", "s5"],
    ),
    "a class that loses its state": ("import helpers\no = helpers.Lossy()\n---\nprint(1)\n---\nprint(o.n)", ["s1"]),
    "a value that cannot be pickled": (
        "import helpers\no = helpers.Locked()\n---\nprint(o.lock.locked())\n---\nprint(1)",
        ["s1", "s3"],
    ),
    "state in a module": ("import helpers\nhelpers.settle()\n---\nprint(1)\n---\nprint(helpers.state)", ["s1"]),
    "a file nobody sees": ("import helpers\nhelpers.write()\n---\nprint(helpers.read())\n---\nprint(1)", ["s1", "s3"]),
    "two at once": (
        "import helpers\nxs = []\n---\nhelpers.grow(xs)\n---\nprint(xs)\n---\no = helpers.Locked()\n---\nprint(o.lock)",
        ["s1", "s4"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_plan_that_agrees_is_found(name: str, tmp_path: Path) -> None:
    code, tasks = CASES[name]
    source = notebook(tmp_path, code, LYING)
    done = repair(source, lambda together, known: make_plan(source, together=together, known=known), Settings())
    assert done.report.same, done.report
    assert [task.name for task in done.plan.tasks] == tasks
    assert all("seen by --verify" in merge.reason for merge in done.plan.merges)


def test_what_is_not_deterministic_is_left_alone(tmp_path: Path) -> None:
    source = notebook(tmp_path, "import random\nx = 1\n---\nprint(random.random())\n---\nprint(x)")
    done = repair(source, lambda together, known: make_plan(source, together=together, known=known), Settings())
    assert done.report.same and not done.together
