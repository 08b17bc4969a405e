"""Random notebooks show the same as pipelines: hypothesis looks for one that does not, within a fixed budget.

``benchmarks/fuzz/run.py`` looks longer. What either finds becomes a case of regressions.yaml.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, Verbosity, assume, given, settings

from fuzz.inprocess import TooLong, compare, run_if_the_same, runnable
from fuzz.strategy import notebooks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="runs are limited by signals and /proc")

REGRESSIONS = yaml.load((Path(__file__).parent / "regressions.yaml").read_bytes(), yaml.CSafeLoader)


_SAME_EACH_TIME = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,  # the same notebooks each time: a change is what makes it fail
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
)


@_SAME_EACH_TIME
@given(notebooks())
def test_random_notebooks(sections: tuple[str, ...]) -> None:
    _show_the_same(sections)


@settings(_SAME_EACH_TIME, max_examples=60)
@given(notebooks("undescribed"))
def test_random_notebooks_with_a_library_that_nobody_has_described(sections: tuple[str, ...]) -> None:
    _show_the_same(sections)


def _show_the_same(sections: tuple[str, ...]) -> None:
    try:
        found = runnable(sections)
        assume(found is not None)
        assert found is not None
        sections, straight = found
        problem = compare(sections, straight).problem
    except TooLong:
        assume(False)
        return
    if problem is not None and run_if_the_same(sections, 8) is not None:
        pytest.fail("\n---\n".join(sections) + f"\n>>> {problem}")


@pytest.mark.parametrize("case", REGRESSIONS, ids=lambda case: case["case"])
def test_what_was_once_wrong(case: dict[str, str], request: pytest.FixtureRequest) -> None:
    if "fails" in case:
        request.applymarker(pytest.mark.xfail(reason=case["fails"], strict=True))
    sections = tuple(case["code"].rstrip("\n").split("\n---\n"))
    if "python" in case and sys.version_info[:2] < tuple(map(int, case["python"].split("."))):
        pytest.skip(f"syntax of Python {case['python']}")
    problem = compare(sections).problem
    assert problem is None, problem
