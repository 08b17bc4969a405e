"""Sections that only import, define and set are no tasks."""

from __future__ import annotations

import pytest
from oracle.small import difference, notebook_of, run_pipeline, run_straight

from soorgeon_clone.notebook.sections import split
from soorgeon_clone.refactor.explain import explain
from soorgeon_clone.refactor.model import Plan
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.scene import Scene

IMPORTS, FUNCTION, CONSTANT = "import math\nimport json", "def area(r):\n    return math.pi * r**2", "RADIUS = 2"
SETTING = "import matplotlib\nmatplotlib.rcParams['figure.dpi'] = 50"


def plan_of(*sections: str) -> Plan:
    """The plan; what its pipeline shows was seen to be what the notebook shows."""
    notebook = notebook_of(sections)
    plan = make_plan(notebook)
    problem = difference(notebook, run_straight(notebook), run_pipeline(plan))
    assert problem is None, problem
    return plan


@pytest.mark.parametrize("first", [IMPORTS, f"{IMPORTS}\n{FUNCTION}", CONSTANT, SETTING, f"{SETTING}\n{CONSTANT}"])
def test_it_stands_in_the_task_of_the_next_section(first: str) -> None:
    plan = plan_of(first, "import math\nRADIUS = 2\nx = [math.pi * RADIUS]", "print(x)")
    if "RADIUS" not in first:
        assert [task.name for task in plan.tasks] == ["s2", "s3"]
        assert plan.section_tasks == ("s2", "s2", "s3")
        assert not plan.merges and "No task of its own" in plan.hints[0]
    constant = plan_of(first, "print(1)", "print(RADIUS)" if "RADIUS" in first else "print(2)")
    assert [task.name for task in constant.tasks] == ["s2", "s3"]


def test_several_stand_in_the_next_one_that_does_something() -> None:
    plan = plan_of(IMPORTS, FUNCTION, CONSTANT, "x = [area(RADIUS)]", "print(area(x[0]), json.dumps(RADIUS))")
    assert [task.name for task in plan.tasks] == ["s4", "s5"]
    assert plan.hints[0].endswith(": s1, s2, s3. Tasks repeat what they need of them.")
    assert "def area" in plan.exported and "RADIUS" in plan.exported


def test_the_last_ones_stand_in_the_one_before() -> None:
    plan = plan_of("x = [1]", "print(x)", "import os", "def unused():\n    return os")
    assert [task.name for task in plan.tasks] == ["s1", "s2"]
    assert plan.section_tasks == ("s1", "s2", "s2", "s2")


def test_a_notebook_that_does_nothing_is_one_task() -> None:
    plan = plan_of(IMPORTS, FUNCTION, CONSTANT)
    assert [task.name for task in plan.tasks] == ["s1"]
    assert plan.idle == (1, 2) and plan.hints[0].endswith(": s2, s3. Tasks repeat what they need of them.")


@pytest.mark.parametrize(
    "first",
    [
        '"""What it is about."""\nimport math',
        "pass",
        "NAMES = ['a', -1]\nOPTIONS = {'a': (1, 2), 'b': None}",
        "area = lambda r: math.pi * r**2\nimport math",
        "from collections import namedtuple\narea = namedtuple('area', 'r')",
        "KNOWN = {}\ndef known(f):\n    KNOWN[f.__name__] = f\n    return f",
    ],
)
def test_a_literal_that_no_task_waits_for_is_a_definition(first: str) -> None:
    used = "print(area(1))" if "area" in first else "@known\ndef g(): pass" if "known" in first else "print(1)"
    plan = plan_of(first, used, f"x = [2]\n{used}", "print(x)")
    assert plan.section_tasks[0] == plan.section_tasks[1] != plan.section_tasks[3]


@pytest.mark.parametrize("first", ["import math\n'shown'", "x = [1]\nx", "x = [print]", "xs = [1]"])
def test_a_literal_that_shows_or_that_others_load_is_a_task(first: str) -> None:
    plan = plan_of(first, "xs = xs + [1] if 'xs' in dir() else [2]", "print(xs)")
    assert plan.section_tasks[0] == "s1"


@pytest.mark.parametrize(
    "first",
    [
        "import math\nprint(math.pi)",
        "import math\nmath.pi",
        "x = [1]",
        "import random\nrandom.seed(1)",
        "import os\nos.makedirs('new', exist_ok=True)",
        "import unknown_library_of_nobody as u\nu.start()",
    ],
)
def test_what_gives_or_shows_something_is_a_task(first: str) -> None:
    plan = make_plan(notebook_of([first, "import random\ny = [random.random()]", "print(y, 'x' in globals())"]))
    assert plan.section_tasks[0] == "s1"


def test_merges_are_named_after_what_does_something() -> None:
    plan = plan_of(IMPORTS, "xs = [1]\nc = (x for x in xs)\nxs.append(2)", "print(next(c))", "print(3)")
    assert [task.name for task in plan.tasks] == ["s2", "s4"]
    assert [(merge.task, merge.sections) for merge in plan.merges] == [("s2", ("s2", "s3"))]


def test_it_is_explained() -> None:
    notebook = notebook_of([IMPORTS, "x = [math.pi]", "print(x)"])
    scene = Scene(make_plan(notebook), split(notebook, 2))
    (told,) = explain(scene, ["s1"])
    assert told.about == "s2"
    (why,) = [point for point in told.points if point.what.startswith("joined")]
    assert why.what == "joined: `s1` only imports, defines and sets"
    assert [(one.cell, one.row, one.source) for one in why.evidence] == [(2, 1, "import math")]
