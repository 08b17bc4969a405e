"""Libraries whose objects pickle does not keep as they are: a module of the project saves and loads them."""

from __future__ import annotations

import ast

from oracle.small import notebook_of

from soorgeon_clone.analysis.knowledge.effects import pickler_of, table_of
from soorgeon_clone.refactor.files import project
from soorgeon_clone.refactor.layout import Choices, lay_out
from soorgeon_clone.refactor.plan import make_plan

_SECTIONS = (
    "import holoviews as hv\ncurve = hv.Curve([1, 2]).opts(color='red')\nn = 1",
    "print(curve, n)",
)


def test_a_module_saves_what_pickle_would_not_keep() -> None:
    plan = make_plan(notebook_of(_SECTIONS))
    files = project(plan, lay_out(plan, Choices()), ()).files
    assert files["holoviews_pickle.py"] == pickler_of("holoviews")
    assert "holoviews_pickle.dump(curve, file, protocol=5)" in files["tasks/s1.py"]
    assert "curve = holoviews_pickle.load(file)" in files["tasks/s2.py"]


def test_the_module_steps_aside_for_one_of_the_notebook() -> None:
    plan = make_plan(notebook_of(_SECTIONS))
    files = project(plan, lay_out(plan, Choices(local_modules=("holoviews_pickle",))), ()).files
    assert "holoviews_pickle.py" not in files
    assert "import holoviews_pickle_2" in files["tasks/s2.py"]


def test_a_pickler_takes_the_place_of_the_pickler_that_was_asked_for() -> None:
    plan = make_plan(notebook_of(_SECTIONS), serializer="dill")
    assert {bundle.serializer for task in plan.tasks for bundle in task.saves} <= {"holoviews", "dill"}


def test_picklers_are_python() -> None:
    table = table_of("holoviews")
    assert table is not None
    defined = {node.name for node in ast.parse(pickler_of("holoviews")).body if isinstance(node, ast.FunctionDef)}
    assert {"dump", "load"} <= defined
