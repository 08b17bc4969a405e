"""What `refactor --explain` says of variables, tasks and arrows: the statements, what said so, and what to write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from oracle.small import notebook_of

from soorgeon_clone.analysis.because import Because
from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.sections import split
from soorgeon_clone.pipeline.assumptions.remembered import Remembered
from soorgeon_clone.refactor.explain import explain
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.remedies import remedy
from soorgeon_clone.refactor.scene import Explanation, Scene

SECTIONS = (
    "import mylib\nimport numpy as np\nimport pandas as pd\nN = 3\nnp.random.seed(1)\nraw = [1]\n"
    "log = open('log.txt', 'w')\nbox = [raw]\ndef fill(v):\n    v.append(N)\n",
    "log.write('a')\nfill(raw)\nx = np.random.rand()",
    "pd.set_option('display.width', 9)\nmylib.fit(raw)\npd.DataFrame().to_csv('o.csv')",
    "print(N, x, raw, np.random.rand())\nfill([])",
    "df = pd.read_csv('o.csv')\nraw = 2",
)


def scene(sections: Sequence[str] = SECTIONS) -> Scene:
    notebook = notebook_of(sections)
    return Scene(make_plan(notebook, proven=True), split(notebook, 2))


def lines(*asked: str, sections: Sequence[str] = SECTIONS) -> list[str]:
    """Return points as lines: what is so, then cell:row and what said so for each statement."""
    return [line for explanation in explain(scene(sections), asked) for line in _lines(explanation)]


def _lines(explanation: Explanation) -> list[str]:
    told = []
    for point in explanation.points:
        evidence = [f"{one.cell}:{one.row}{'?' if one.feared else ''} {one.rule}" for one in point.evidence]
        told.append(" | ".join((point.what, *evidence)))
    return told


def test_a_variable() -> None:
    bound, filled, feared, again, *later = lines("raw")
    assert bound == "bound in s1 | 2:6 an assignment"
    assert filled == "changed in s1 | 4:2 builtins.list.append"
    assert feared == "may be changed in s3 | 6:2? code that nobody has described: mylib.fit"
    assert again == "bound in s5 | 10:2 an assignment"
    assert [line.partition(",")[0] for line in later] == ["saved by s1", "saved by s3"]


def test_the_way_into_functions_and_the_text_of_statements() -> None:
    explanation = explain(scene(), ["raw"])[0]
    (evidence,) = explanation.points[1].evidence
    assert (evidence.source, evidence.within) == ("fill(raw)", ("fill (cell 2, row 10)",))


def test_what_is_in_a_variable() -> None:
    assert "something in it is changed in s1 | 4:2 builtins.list.append" in lines("box")
    assert "is asked for in no other task" in lines("box")


def test_how_things_cross() -> None:
    assert any(line.startswith("imported from exported.py by s4, as a constant") for line in lines("N"))
    assert any(line.startswith("its statement repeated in s3, s5") for line in lines("pd"))
    assert any(line.startswith("imported from exported.py by s4") for line in lines("fill"))


def test_a_task_of_several_sections() -> None:
    told = lines("s2")
    assert told[:2] == ["`s2` is a section of the task s1", "has 2 sections: s1, s2"]
    assert told[2].startswith("joined: `log` cannot be saved") and "2:7" in told[2] and "4:1" in told[2]
    assert "saves x for s4" in told
    assert lines("s1") == told[1:]


def test_a_task_that_loads_and_repeats() -> None:
    told = lines("s4")
    assert [line.partition(" |")[0] for line in told if line.startswith("loads")] == [
        "loads x from s1",
        "loads numpy_random_state from s3",
        "loads raw from s3",
    ]
    assert "repeats a setting (pandas options) | 6:1 pandas.set_option" in told
    assert any(line.startswith("N: imported from exported.py") for line in told)


def test_an_arrow() -> None:
    told = lines("s3->s4")
    assert [line.partition(" |")[0] for line in told] == ["s4 loads numpy_random_state", "s4 loads raw"]
    assert "6:2? code that nobody has described: mylib.fit" in told[1] and "8:1" in told[1]
    (file,) = lines("s3 -> s5")
    assert file.startswith("`o.csv` is touched by")


def test_where_no_arrow_is() -> None:
    assert lines("s4->s3") == ["it is the other way round: s4 waits for s3"]
    assert lines("s1->s2") == ["they are one task"]
    parts = ("x = [1]", "x.append(2)", "print(x)", "print(1)")
    assert lines("s1->s3", sections=parts) == ["s3 waits for s1 by way of s2 only"]
    assert lines("s1->s4", sections=parts) == ["s4 does not wait for s1"]
    assert lines("s4", sections=parts) == ["needs nothing of other tasks, and gives them nothing"]


def test_a_name_of_a_variable_and_of_a_task() -> None:
    told = explain(scene(("s1 = [1]", "print(s1)")), ["s1"])
    assert [explanation.kind for explanation in told] == ["variable", "task"]


@pytest.mark.parametrize("asked", ["rwa", "s1->rwa", "->", "s1->", "@numpy_random_"])
def test_what_there_is_not(asked: str) -> None:
    with pytest.raises(UserError) as caught:
        explain(scene(), [asked])
    assert caught.value.hint


def test_what_is_too_large_is_one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soorgeon_clone.refactor.plan.is_heavy", lambda sources: True)
    told = lines("s2")
    assert told[0] == "`s2` is a section of the task s1"
    assert told[-1].startswith("joined: its code is too large")
    with pytest.raises(UserError):
        lines("raw")


REMEDIES = {
    "code that nobody has described: mylib.fit": '"mylib.fit" = { changes = [] }',
    "code that nobody has described: mylib.Model().fit": '"mylib.Model" = { returns = "mylib.Model" } and',
    "code that nobody has described: an object that nobody knows": "# soorgeon-clone: pure",
}


@pytest.mark.parametrize("rule", REMEDIES)
def test_remedies(rule: str) -> None:
    assert REMEDIES[rule] in remedy(Because(0, 1, rule, feared=True))
    assert not remedy(Because(0, 1, rule))
    assert not remedy(Because(0, 1, "a limit of the analysis was reached: passes of a loop", feared=True))


def test_the_remedies_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is proposed is believed, and then the change is feared no more."""
    monkeypatch.chdir(tmp_path)
    sections = ("import mylib\nxs = [1]\nm = mylib.Model()", "mylib.fit(xs)\nm.fit(xs)", "print(xs)")
    proposed = [
        one.remedy for point in explain(scene(sections), ["xs"])[0].points for one in point.evidence if one.remedy
    ]
    assert proposed
    entries = ['"mylib.fit" = { changes = [] }', '"mylib.Model" = { returns = "mylib.Model" }']
    entries.append('"mylib.Model.fit" = { changes = [] }')
    assert all(any(entry in text for text in proposed) for entry in entries[:1])
    (tmp_path / "pyproject.toml").write_text("\n".join(["[tool.soorgeon-clone.effects]", *entries]), encoding="utf-8")
    assert not any("changed" in line for line in lines("xs", sections=sections))


def test_what_is_assumed() -> None:
    notebook = notebook_of(("import mylib\nraw = [1]", "print(mylib.total(raw))", "print(raw)"))
    plan = make_plan(notebook)
    known = [Remembered("print(mylib.total(raw))", "unchanged", ("raw",), kept=2)]
    scene = Scene(plan, split(notebook, 2), known)
    (unchanged,) = [line for line in _lines(explain(scene, ["raw"])[0]) if "assumed" in line]
    assert unchanged == (
        "s2: assumed, and checked when it runs, held in 2 runs: raw is not changed"
        " | 4:1? code that nobody has described: mylib.total"
    )
    (told, setting) = [line for line in _lines(explain(scene, ["s2"])[0]) if "assumed" in line]
    assert told == unchanged.removeprefix("s2: ")
    assert setting.startswith("assumed, and checked when it runs: no setting is made")
