"""Orders that names cannot tell are found by running cells and looking at what they showed."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lint.notebooks import code, ipynb

import soorgeon_clone
from soorgeon_clone.notebook.read import parse
from soorgeon_clone.verify.rehearsal import order_that_runs
from soorgeon_clone.verify.rehearsal_plan import Plan, Step

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="cells are tried in forks, which this system lacks")


def prints(text: str) -> dict[str, object]:
    return {"output_type": "stream", "name": "stdout", "text": text}


# Source, and what it printed.
TWO_MEANINGS = [
    ("import math", None),
    ("x = 2", None),
    ("print('two', x)", "two 2\n"),
    ("x = 3", None),
    ("print('three', x)", "three 3\n"),
    ("y = math.sqrt(x)", None),
    ("print(round(y, 3))", "1.732\n"),
]
CHANGES = [
    ("xs = [3, 1, 2]", None),
    ("print(xs)", "[3, 1, 2]\n"),
    ("xs.sort()", None),
    ("print(xs, 'sorted')", "[1, 2, 3] sorted\n"),
    ("xs.append(len(xs))", None),
    ("print(xs, 'more')", "[1, 2, 3, 3] more\n"),
]
DRAWS = [
    ("import random\nrandom.seed(1)", None),
    ("a = random.random()", None),
    ("b = random.random()", None),
    ("print(round(a, 4))", "0.1344\n"),
    ("print('b', round(b, 4))", "b 0.8474\n"),
]
CANNOT_BE_HAD = [  # what the recorded outputs show depends on where they were made
    ("import os", None),
    ("print(os.getpid())", "1234567\n"),
    ("x = 1", None),
    ("print('one', x)", "one 1\n"),
    ("x += 1", None),
    ("print('two', x)", "two 2\n"),
]
SAME_TEXT = [("x = 1", None), ("print(x)", "1\n"), ("x = x + 1", None), ("print(x)", "2\n")]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("cells", [TWO_MEANINGS, CHANGES, DRAWS, CANNOT_BE_HAD, SAME_TEXT])
def test_recorded_outputs_tell_the_order(cells: list[tuple[str, str | None]], seed: int, tmp_path: Path) -> None:
    shuffled = random.Random(seed).sample(range(len(cells)), len(cells))
    made = [code(cells[k][0], None, *([prints(str(cells[k][1]))] if cells[k][1] else [])) for k in shuffled]
    notebook = parse(ipynb(*made), None)
    ordering = order_that_runs(notebook, tmp_path)
    found = [shuffled[position] for position in (ordering.order if ordering else range(len(cells)))]
    if ordering is None:  # names are in order, so nothing was tried
        return
    assert ordering.evidence == "a run"
    assert shows(cells, found) == {
        k: cells[k][1] for k in range(len(cells)) if cells[k][1] and "getpid" not in cells[k][0]
    }


def shows(cells: list[tuple[str, str | None]], order: list[int]) -> dict[int, str]:
    """Return what the cells print in an order."""
    import contextlib
    import io

    space: dict[str, object] = {}
    found = {}
    for k in order:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(cells[k][0], space)
        if out.getvalue() and "getpid" not in cells[k][0]:
            found[k] = out.getvalue()
    return found


@pytest.mark.parametrize(
    "cells",
    [
        ["print(x)", "x = undefined_name"],  # no order runs
        ["print(x)", "import os\nx = os._exit(3)"],  # the process ends
        ["print(x)", "import sys\nx = sys.exit()"],
    ],
)
def test_what_never_runs_keeps_the_order_that_names_tell(cells: list[str], tmp_path: Path) -> None:
    ordering = order_that_runs(parse(ipynb(*cells), None), tmp_path)
    assert ordering is not None
    assert ordering.evidence == "data flow"


def test_where_names_are_in_order_nothing_runs(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    cells = ["x = 1", f"open({str(mark)!r}, 'w').close()", "print(x)"]
    assert order_that_runs(parse(ipynb(*cells), None), tmp_path) is None
    counted = [code("print(x)", 2), code(f"x = open({str(mark)!r}, 'w')", 1)]
    ordering = order_that_runs(parse(ipynb(*counted), None), tmp_path)
    assert ordering is not None
    assert ordering.evidence == "counts"
    assert not mark.exists()


def step(needs: str = "", writes: str = "", *, rank: int = 0, shows: bool = False) -> Step:
    return Step(frozenset(needs.split()), frozenset(needs.split()), frozenset(writes.split()), rank, shows)


def test_what_shows_something_is_tried_before_what_changes_it() -> None:
    plan = Plan([step("", "x", rank=0), step("", "x", rank=1), step("x", shows=True, rank=2)])
    assert [choice.cell for choice in plan.choices(())] == [0, 1]
    plan.take(0)
    assert [(choice.cell, choice.final) for choice in plan.choices(())] == [(2, True), (1, False)]


def test_a_state_is_hopeless_when_nothing_left_changes_what_failed() -> None:
    plan = Plan([step("", "x"), step("x", shows=True), step("", "x")])
    plan.take(0)
    plan.failed.add((1, plan.signature(1)))
    assert not plan.is_hopeless()
    assert [choice.cell for choice in plan.choices(())] == [2]
    plan.take(2)
    assert not plan.is_hopeless()
    plan.failed.add((1, plan.signature(1)))
    assert plan.is_hopeless()


def test_what_sees_the_same_in_all_orders_is_settled() -> None:
    plan = Plan([step("", "a"), step("a", "b"), step("b"), step("", "c"), step("", "c"), step("c")])
    assert [plan.is_settled(cell) for cell in range(6)] == [True, True, True, True, True, False]


def test_states_do_not_depend_on_the_way_that_led_there() -> None:
    steps = [step("", "a"), step("", "b"), step("a b", "c")]
    states = set()
    for first, second in itertools.permutations((0, 1)):
        plan = Plan(list(steps))
        plan.take(first)
        plan.take(second)
        states.add(plan.state())
    assert len(states) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends processes with those that started them")
def test_a_search_ends_with_the_process_that_asked(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(
        ipynb("print(x)", "import os, time\nx = open('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)")
    )
    command = [sys.executable, "-m", "soorgeon_clone", "lint", "--fix", "--check-run", "a.ipynb"]
    root = str(Path(soorgeon_clone.__file__).parents[1])
    asker = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": root})
    pid = tmp_path / "pid"
    while not pid.exists() or not pid.read_text():
        assert asker.poll() is None
        time.sleep(0.05)
    asker.kill()
    asker.wait()
    while Path("/proc", pid.read_text(), "cmdline").exists() and Path("/proc", pid.read_text(), "cmdline").read_bytes():
        time.sleep(0.05)
