"""Every case of every family: the pipeline shows what the notebook shows, and keeps the tasks that it could keep."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from cases import Case, cases
from oracle.forks import import_before
from oracle.small import difference, notebook_of, plan_of, put, repaired, run_pipeline, run_straight

from soorgeon_clone.verify.verify import verify

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="each task runs in a fork of this process"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),  # the threads that there may be are idle
]


# word in a case -> modules to import before the forks, so that no fork has to. They make forks slower, hence the order.
HEAVY = {
    "numpy": ("numpy",),
    "pandas": ("pandas",),
    "matplotlib": ("matplotlib.pyplot",),
    "scipy": ("scipy.stats",),
    "sqlalchemy": ("sqlalchemy",),
    "dask": ("dask.array", "dask.dataframe", "dask.delayed"),
    "sklearn": ("sklearn.ensemble", "sklearn.linear_model", "sklearn.model_selection", "sklearn.tree"),
}


def heavy(case: Case) -> list[str]:
    """Return the modules to have ready for a case."""
    code = "\n".join((*case.sections, *(text for _, text in case.files)))
    return [module for word, modules in HEAVY.items() if word in code for module in modules]


@pytest.mark.parametrize("case", sorted(cases(), key=lambda case: len(heavy(case))), ids=str)
def test_pipeline_shows_what_the_notebook_shows(case: Case, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if case.fails:
        request.applymarker(pytest.mark.xfail(reason=case.fails, strict=True))
    if case.python > sys.version_info[:2]:
        pytest.skip(f"syntax of Python {'.'.join(map(str, case.python))}")
    if case.needs:
        pytest.importorskip(case.needs)
    import_before([*heavy(case), *["IPython.core.interactiveshell"] * case.ipython])
    notebook = notebook_of(case.sections)
    if case.files:
        notebook = replace(notebook, path=put(case.files, tmp_path) / "small.ipynb")
    files, installed = dict(case.files), case.installed
    if case.runner:
        plan = plan_of(notebook)
        report = verify(notebook if case.files else replace(notebook, path=tmp_path / "small.ipynb"), plan)
        assert report.same, report.first
        assert not report.unstable
    else:
        run = partial(run_pipeline, ipython=case.ipython, files=files, installed=installed)
        rounds = repaired(notebook, run)
        plan, pipeline = rounds[-1]
        assert {one.kind for one in rounds[0][1].broken} <= set(case.broken), pipeline.error
        assert len(rounds) > 1 or not case.broken, "nothing was broken"
        if case.unshown:
            assert pipeline.error is None
        else:
            straight = run_straight(notebook, ipython=case.ipython, files=files, installed=installed)
            problem = difference(notebook, straight, pipeline)
            assert problem is None, problem
            proven = plan_of(notebook, proven=True)
            if not installed and proven.constraints != plan.constraints:
                problem = difference(notebook, straight, run(proven))
                assert problem is None, f"proven: {problem}"

    if not case.merge:
        assert not plan.merges, f"merged without need: {plan.merges}"
    edges = {(up, task.name) for task in plan.tasks for up in task.upstream}
    for one, other in case.edges:
        assert (f"s{one}", f"s{other}") in edges
    for one, other in case.no_edge:
        assert (f"s{one}", f"s{other}") not in edges
