"""What `refactor` says without being asked: each arrow and merge with its reason, a place, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from oracle.small import notebook_of

from soorgeon_clone.notebook.read import read
from soorgeon_clone.notebook.sections import split
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.reasons import Reason, arrow_reasons, assumed_reasons, merge_reasons
from soorgeon_clone.refactor.scene import Scene

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "notebooks").glob("*.ipynb"))


def scene(sections: Sequence[str]) -> Scene:
    notebook = notebook_of(sections)
    return Scene(make_plan(notebook), split(notebook, 2))


def lines(reasons: Sequence[Reason]) -> list[str]:
    return [f"{one.what} | {' '.join(f'{place.cell}:{place.row}' for place in one.places)}" for one in reasons]


def test_arrows() -> None:
    told = arrow_reasons(scene(["import mylib\nraw = [1]", "mylib.fit(raw)", "print(raw)"]))
    assert lines(told["s1", "s2"]) == ["raw | 2:2"]
    assert lines(told["s2", "s3"]) == ["`mylib.fit` may change raw | 4:1"]
    (feared,) = told["s2", "s3"]
    assert feared.remedy == "if `mylib.fit` does not, write `# soorgeon-clone: pure` behind the call"


def test_files() -> None:
    told = arrow_reasons(scene(["with open('a.txt', 'w') as f:\n    f.write('x')", "print(open('a.txt').read())"]))
    (file,) = told["s1", "s2"]
    assert file.what == "the file `a.txt`, which both touch" and [place.cell for place in file.places] == [2, 4]


def test_files_that_nobody_knows() -> None:
    told = arrow_reasons(scene(["import mylib\nimport os\nopen(os.environ['OUT'], 'w')", "mylib.go(name='float')"]))
    (file,) = told["s1", "s2"]
    assert file.what == "`float`, which may be a file that both touch"
    assert file.remedy == "if `mylib.go` does not, write `# soorgeon-clone: pure` behind the call"
    told = arrow_reasons(scene(["import os\nopen(os.environ['OUT'], 'w')", "print(open(os.environ['IN']).read())"]))
    assert [one.what for one in told["s1", "s2"]] == ["both may touch the same file, whose name is not known"]


def test_what_tasks_take_for_granted() -> None:
    notebook = notebook_of(["import mylib\nxs = [1]", "print(mylib.total(xs))", "print(xs)"])
    plan = make_plan(notebook)
    found = assumed_reasons(Scene(plan, split(notebook, 2)))
    assert {task: lines(reasons) for task, reasons in found.items()} == {
        "s2": ["xs is not changed | 4:1", "no setting is made that outlives the task | 4:1"]
    }


def test_names_of_one_statement_are_told_together() -> None:
    told = arrow_reasons(scene(["a, b = 1.5, 'x' * 3\nc = [2]", "print(a, b, c)"]))
    assert lines(told["s1", "s2"]) == ["a, b | 2:1", "c | 2:2"]


def test_what_a_module_keeps_is_told_with_its_last_change(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("runs = []\n\n\ndef run(f):\n    runs.append(f())\n")
    sections = ["import helper\nx = [1]\nhelper.run(lambda: sum(x))", "print(helper.runs)"]
    notebook = replace(notebook_of(sections), path=tmp_path / "a.py")
    told = arrow_reasons(Scene(make_plan(notebook), split(notebook, 2)))
    assert lines(told["s1", "s2"]) == ["helper.runs | 2:3"]


def test_merges() -> None:
    told = merge_reasons(scene(["f = open('a.txt', 'w')", "f.write('x')", "print(1)"]))
    (reason,) = told["s1"]
    assert reason.what.startswith("`f` cannot be saved")
    assert [(place.cell, place.row) for place in reason.places] == [(2, 1), (4, 1)]
    assert reason.remedy.startswith("to part them, ")


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_no_reason_without_a_place(path: Path) -> None:
    notebook = read(str(path))
    it = Scene(make_plan(notebook), split(notebook, 2))
    arrows, merges = arrow_reasons(it), merge_reasons(it)
    assert arrows.keys() == {(before, task.name) for task in it.plan.tasks for before in task.upstream}
    assert merges.keys() == {merge.task for merge in it.plan.merges}
    for reasons in (*arrows.values(), *merges.values()):
        assert reasons and all(reason.places for reason in reasons)
