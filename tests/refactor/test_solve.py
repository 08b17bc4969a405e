"""What must merge, what is carried and what must wait: constraints of whole plans, and how they are solved."""

from __future__ import annotations

import pytest

from refactor.test_plan import plan_of
from soorgeon_clone.refactor.cut import _merged_spans
from soorgeon_clone.refactor.model import Carry, MustMerge, MustPrecede, Plan

ITERATOR = "xs = [1, 2]\nit = (x for x in xs)\nxs.append(3)"


def merges(plan: Plan) -> list[MustMerge]:
    return [one for one in plan.constraints if isinstance(one, MustMerge)]


def carried(plan: Plan) -> list[tuple[str, int, int, str]]:
    found = [one for one in plan.constraints if isinstance(one, Carry)]
    return [(one.name, one.source, one.target, one.how) for one in found]


def test_a_merge_names_both_statements_and_what_would_part_them() -> None:
    plan = plan_of(ITERATOR, "a = 1", "print(next(it))", "print(a)")
    (merge,) = plan.merges
    assert merge.reason == (
        "`it` cannot be saved: it holds a generator (made by `it = (x for x in xs)` in cell 2, "
        "asked for by `print(next(it))` in cell 6). To part them, make a list of it, "
        "or count with a number if it does not end."
    )
    (constraint,) = merges(plan)
    assert (constraint.first, constraint.last, constraint.reason) == (0, 2, merge.reason)
    assert [(one.statement, one.row) for one in constraint.because] == [(1, 2), (4, 1)]
    assert plan.section_tasks == ("s0", "s0", "s0", "s3")


def test_merges_of_one_notebook_are_found_together() -> None:
    plan = plan_of(ITERATOR, "print(next(it))", "b = 1", ITERATOR.replace("it", "other"), "print(next(other), b)")
    assert [merge.sections for merge in plan.merges] == [("s0", "s1"), ("s3", "s4")]
    assert [task.name for task in plan.tasks] == ["s0", "s2", "s3"]


def test_what_joins_less_is_solved_first() -> None:
    """Section 2 asks for what 0 and 1 have made: when it begins with 1, the change in 1 no longer lies between."""
    function = "import math\nxs = [1]\ndef f():\n    return xs\ny = 1"
    plan = plan_of("import math\nxs = [1]\nmath.xs = xs", "math.xs.append(2)", "print(xs, math.xs)")
    assert [task.name for task in plan.tasks] == ["s0", "s1"], plan.merges
    assert not plan_of(function, "xs.append(2)", "print(f())").merges


def test_what_lies_between_joins_too() -> None:
    assert _merged_spans({0: 0, 1: 3, 2: 2, 3: 3, 4: 4, 5: 6, 6: 6}) == [(0, 0), (1, 3), (4, 4), (5, 6)]
    assert _merged_spans({0: 2, 1: 1, 2: 4, 3: 3, 4: 4}) == [(0, 4)]


@pytest.mark.parametrize(
    ("first", "second", "how"),
    [
        ("x = [1]", "print(x)", "pickle"),
        ("X = 1", "print(X)", "constant"),
        ("def f():\n    return 1", "print(f())", "exported definition"),
        ("import math", "print(math.pi)", "repeated statement"),
        ("import random\nrandom.seed(1)\nrandom.random()", "print(random.random())", "ambient state"),
        ("class A:\n    n = 0\nA.n += 1", "print(A.n)", "amended definition"),
        ("import threading\nlock = threading.Lock()", "print(lock.locked())", "rebuilt resource"),
        ("import warnings\nwarnings.simplefilter('ignore')", "warnings.warn('x')", "setting"),
    ],
)
def test_carriers_are_named(first: str, second: str, how: str) -> None:
    plan = plan_of(first, second)
    assert len(plan.tasks) == 2
    assert how in [found[3] for found in carried(plan)], carried(plan)


def test_files_set_an_order() -> None:
    plan = plan_of("open('a.txt', 'w').write('1')", "print(1)", "print(open('a.txt').read())")
    (wait,) = (one for one in plan.constraints if isinstance(one, MustPrecede))
    assert (wait.first, wait.last, [one.statement for one in wait.because]) == (0, 2, [0, 2])
    assert plan.tasks[2].upstream == ("s0",)


def test_a_carry_says_who_gave_and_who_asks() -> None:
    plan = plan_of("xs = [1]", "xs.append(2)", "\nprint(xs)")
    (last,) = (one for one in plan.constraints if isinstance(one, Carry) and one.target == 2)
    assert (last.source, [(one.statement, one.row) for one in last.because]) == (1, [(0, 1), (1, 1), (2, 2)])


def test_what_unknown_code_may_do_is_feared() -> None:
    plan = plan_of("import fancy\nxs = [1]", "fancy.balance(xs)", "print(xs)", proven=True)
    (last,) = (one for one in plan.constraints if isinstance(one, Carry) and (one.name, one.target) == ("xs", 2))
    assert [(one.statement, one.feared) for one in last.because] == [(1, False), (2, True), (3, False)]
