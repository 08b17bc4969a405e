"""`_`, the last result: it binds sections together only where it may be that of an earlier section."""

from __future__ import annotations

import pytest
from oracle.small import difference, plan_of, run_pipeline, run_straight

from soorgeon_clone.notebook.model import Cell, Notebook

CASES = {
    "of a cell of the same section": (("## a", "x = 1", "## b", "(1, 2)", "low, high = _\nprint(low, high)"), 2),
    "of the section before": (("## a", "5", "## b", "print(_ + 1)"), 1),
    "what is displayed may be nothing": (("## a", "5", "## b", "print(3)", "print(_)"), 1),
    "of the section before, then of its own": (("## a", "7", "## b", "_ + 1", "_ * 2"), 1),
}


@pytest.mark.parametrize("name", CASES)
def test_last_result(name: str) -> None:
    sources, tasks = CASES[name]
    cells = [Cell(i, "markdown" if text.startswith("##") else "code", text) for i, text in enumerate(sources)]
    notebook = Notebook("small", None, tuple(cells))
    plan = plan_of(notebook)
    assert len(plan.tasks) == tasks
    straight, pipeline = run_straight(notebook, ipython=True), run_pipeline(plan, ipython=True)
    assert difference(notebook, straight, pipeline) is None
