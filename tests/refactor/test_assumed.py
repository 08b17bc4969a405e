"""What tasks take for granted: said where another task would see it, and given back where no run could check it."""

from __future__ import annotations

import pytest

from refactor.test_plan import plan_of
from soorgeon_clone.refactor.layout import Choices, lay_out
from soorgeon_clone.refactor.model import Plan
from soorgeon_clone.refactor.script import task_cells

FIRST = "import mylib\nimport random\nxs = [1]"


def said(plan: Plan) -> list[str]:
    """Return what tasks assume, one line each: task, kind, names, row of the cause."""
    return [
        " ".join([task.name, one.kind, *one.names, f"({one.cause.cell}:{one.cause.row})"])
        for task in plan.tasks
        for one in task.assumptions
        if one.cause is not None and one.kind != "sets nothing"
    ]


def test_what_another_task_uses_is_unchanged() -> None:
    assert said(plan_of(FIRST, "\nmylib.show(xs)", "print(xs)")) == ["s1 unchanged xs (4:2)"]


def test_what_no_other_task_uses_may_change() -> None:
    assert not said(plan_of(FIRST, "mylib.show(xs)", "print(1)"))
    assert not said(plan_of(FIRST, "print(xs)", "mylib.show(xs)"))


def test_what_the_task_saves_anyway_may_change() -> None:
    assert not said(plan_of(FIRST, "xs.append(2)\nmylib.show(xs)", "print(xs)"))


def test_what_comes_back_is_apart_where_one_of_both_is_changed() -> None:
    changed = plan_of(f"{FIRST}\nys = mylib.clean(xs)", "ys.append(1)", "print(xs, ys)")
    assert said(changed)[0] == "s0 apart xs ys (2:4)"
    assert not said(plan_of(f"{FIRST}\nys = mylib.clean(xs)", "print(xs)", "print(xs, ys)"))


def test_generators_are_looked_at_only_once_they_are_seeded() -> None:
    assert not said(plan_of(FIRST, "y = mylib.total([1])", "print(random.random(), y)"))
    seeded = plan_of(f"{FIRST}\nrandom.seed(1)", "y = mylib.total([1])", "print(random.random(), y)")
    assert said(seeded) == ["s1 draws nothing (4:1)"]


def test_what_seeds_by_its_name_is_believed() -> None:
    plan = plan_of("import mylib\nimport random\nmylib.seed_everything(1)", "print(random.random())")
    assert plan.tasks[1].upstream == ("s0",)


def test_what_no_check_would_see_is_believed() -> None:
    hidden = plan_of(f"{FIRST}\ntable = [xs]", "xs = mylib.clean(xs)", "xs.append(1)", "print(table)")
    assert not any(line.startswith("s1 apart") for line in said(hidden))
    assert [task.upstream for task in hidden.tasks[1:]] == [("s0",), ("s1",), ("s2",)]


def test_nothing_is_assumed_of_a_proven_plan_or_a_single_task() -> None:
    sections = (FIRST, "mylib.show(xs)", "print(xs)")
    proven = plan_of(*sections, proven=True)
    assert not said(proven)
    assert [task.upstream for task in proven.tasks] == [(), ("s0",), ("s1",)]


@pytest.mark.parametrize("names", ["a, b = imread(1), crop(2)", "print(imread(crop))"])
def test_a_star_import_that_cannot_be_read_gives_the_names_that_nothing_else_does(names: str) -> None:
    plan = plan_of("from nowhere_installed import *\ny = 1", f"{names}\nz = 2", "print(crop, y)")
    assert len(plan.tasks) == 3
    assert {task.name for task in plan.tasks if any(one.kind == "binds nothing else" for one in task.assumptions)} == {
        "s0",
        "s1",
        "s2",
    }
    text = "\n".join(cell.source for cell in task_cells(plan.tasks[1], lay_out(plan, Choices())))
    assert "from nowhere_installed import *" in text
    assert "# soorgeon-clone: binds nothing else, so not " in text


def test_comments_stand_where_things_are_loaded_and_saved() -> None:
    plan = plan_of(FIRST, "ys = mylib.clean(xs)", "ys.append(1)", "print(xs, ys)")
    cells = task_cells(plan.tasks[1], lay_out(plan, Choices()))
    (load,) = [cell.source for cell in cells if "soorgeon-load" in cell.tags or "unchanged" in cell.source]
    assert load.splitlines()[2].startswith("# soorgeon-clone: unchanged xs (cell 4, line 1: ys = mylib.clean(xs))")
    assert cells[-1].source.splitlines()[-1].startswith("# soorgeon-clone: apart xs, ys (cell 4, line 1:")
