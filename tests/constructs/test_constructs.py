"""Every case of every family: the pipeline shows what the notebook shows, and keeps the tasks that it could keep."""

from __future__ import annotations

import importlib
import os
import sys
import warnings

import pytest
from cases import Case, cases
from oracle.small import difference, notebook_of, plan_of, run_pipeline, run_straight

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each task runs in a fork of this process")


WARM = (
    "IPython.core.interactiveshell",
    "matplotlib.pyplot",
    "pandas",
    "scipy.stats",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.tree",
)


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """Import once, before the forks, what the cases import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in WARM:
            importlib.import_module(module)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_pipeline_shows_what_the_notebook_shows(case: Case) -> None:
    if case.python > sys.version_info[:2]:
        pytest.skip(f"syntax of Python {'.'.join(map(str, case.python))}")
    notebook = notebook_of(case.sections)
    plan = plan_of(notebook)
    pipeline = run_pipeline(plan, ipython=case.ipython)
    if case.unshown:
        assert pipeline.error is None
    else:
        straight = run_straight(notebook, ipython=case.ipython)
        problem = difference(notebook, straight, pipeline)
        assert problem is None, problem

    if not case.merge:
        assert not plan.merges, f"merged without need: {plan.merges}"
    edges = {(up, task.name) for task in plan.tasks for up in task.upstream}
    for one, other in case.edges:
        assert (f"s{one}", f"s{other}") in edges
    for one, other in case.no_edge:
        assert (f"s{one}", f"s{other}") not in edges
