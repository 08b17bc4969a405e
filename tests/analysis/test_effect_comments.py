"""What a comment says about unknown calls decides which sections depend on each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from soorgeon_clone.analysis.knowledge.effect_comments import Said, comments_in, parse_said
from soorgeon_clone.analysis.knowledge.effects import read_user_effects
from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.refactor.plan import make_plan

TEXTS = {
    "pure": Said(),
    "changes df": Said(frozenset({"df"})),
    "changes df, log": Said(frozenset({"df", "log"})),
    "changes df log, writes out.csv, fresh": Said(frozenset({"df", "log"}), writes=frozenset({"out.csv"}), fresh=True),
    "reads a.csv b.csv, draws": Said(reads=frozenset({"a.csv", "b.csv"}), draws=True),
}


@pytest.mark.parametrize("text", TEXTS)
def test_what_it_says(text: str) -> None:
    assert parse_said(text) == TEXTS[text]


@pytest.mark.parametrize("text", ["", "clean", "changes", "changes 1", "pure, changes df", "pure df", "changes a,"])
def test_what_says_nothing(text: str) -> None:
    with pytest.raises(ValueError):
        parse_said(text)


def test_where_it_stands() -> None:
    assert comments_in("a()  # soorgeon-clone: pure\nb()\nc()  #soorgeon-clone:changes a \n") == [
        (1, "pure"),
        (3, "changes a"),
    ]
    assert not comments_in("a()  # soorgeon-clone: noqa: SG101")


def plan(*sections: str) -> list[tuple[str, ...]]:
    """Return the tasks that each of the sections s1, s2, ... needs."""
    return [task.upstream for task in make_plan(notebook(sections), proven=True).tasks]


def notebook(sections: Sequence[str]) -> Notebook:
    cells: list[Cell] = []
    for number, source in enumerate(sections, start=1):
        cells += [Cell(len(cells), "markdown", f"## s{number}"), Cell(len(cells) + 1, "code", source)]
    return Notebook("said", Path("said.ipynb"), tuple(cells))


FIRST = "import mylib\nxs, log = [1], []"
LAST = "print(xs)"
# section in the middle -> what the last one needs
CALLS = {
    "mylib.train(xs, log)": ("s2",),
    "mylib.train(xs, log)  # soorgeon-clone: pure": ("s1",),
    "mylib.train(xs, log)  # soorgeon-clone: changes log": ("s1",),
    "mylib.train(\n    xs,\n    log,\n)  # soorgeon-clone: changes xs": ("s2",),
    "mylib.train(xs)\nmylib.train(xs)  # soorgeon-clone: pure": ("s2",),
    "if mylib.check(xs):  # soorgeon-clone: pure\n    pass": ("s1",),
    "if mylib.check(xs):  # soorgeon-clone: pure\n    mylib.train(xs)": ("s2",),
    "def f(v):\n    mylib.train(v)  # soorgeon-clone: pure\nf(xs)": ("s1",),
    "def f(v):\n    mylib.train(v)  # soorgeon-clone: changes v\nf(xs)": ("s2",),
    "mylib.train(xs).clear()  # soorgeon-clone: pure": ("s1",),
    "mylib.train(xs)  # soorgeon-clone: pure\nxs.append(1)": ("s2",),
    "xs.append(mylib.n(xs))  # soorgeon-clone: pure": ("s2",),  # of what is known, a comment says nothing
}


@pytest.mark.parametrize("call", CALLS)
def test_what_depends_on_it(call: str) -> None:
    assert plan(FIRST, call, LAST)[-1] == CALLS[call]


def test_a_result_shares_what_it_was_made_of_unless_it_is_fresh() -> None:
    assert plan(FIRST, "ys = mylib.f(xs)  # soorgeon-clone: pure\nys.append(1)", LAST)[-1] == ("s2",)
    assert plan(FIRST, "ys = mylib.f(xs)  # soorgeon-clone: pure, fresh\nys.append(1)", LAST)[-1] == ("s1",)


def test_files_order_their_tasks() -> None:
    write = "mylib.f(xs)  # soorgeon-clone: writes out.csv"
    read = "from pathlib import Path\nprint(Path('{}').read_text())"
    assert plan(FIRST, write, read.format("out.csv"))[-1] == ("s2",)
    assert plan(FIRST, write, read.format("in.csv"))[-1] == ()


@pytest.mark.parametrize("given", ["xs", "[xs]", "{'a': xs}", "((xs,), 1)", "*[xs]", "**{'k': [xs]}", "lambda: xs"])
def test_unknown_code_may_change_what_is_in_what_it_is_given(given: str) -> None:
    assert plan(FIRST, f"mylib.train({given})", LAST)[-1] == ("s2",)


def test_a_mistake_is_named() -> None:
    with pytest.raises(UserError, match=r"line 2.*chnages xs.*means nothing"):
        plan(FIRST, "xs\nmylib.f(xs)  # soorgeon-clone: chnages xs")


DOCS = Path(__file__).parents[2] / "docs" / "effects.md"


def test_the_entries_of_the_manual_are_valid(tmp_path: Path) -> None:
    text = DOCS.read_text(encoding="utf-8")
    entries = text.split("```toml\n")[1].split("```")[0]
    condition = text.split("`")[-2]
    (tmp_path / "pyproject.toml").write_text(entries + condition, encoding="utf-8")
    assert {"mylib.plot", "mylib.clean(df, inplace)"} <= set(read_user_effects(tmp_path))


def test_an_entry_in_pyproject_decides_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert plan(FIRST, "mylib.train(xs)", LAST)[-1] == ("s2",)
    (tmp_path / "pyproject.toml").write_text('[tool.soorgeon-clone.effects]\n"mylib.train" = { changes = [] }\n')
    assert plan(FIRST, "mylib.train(xs)", LAST)[-1] == ("s1",)


def test_an_object_nobody_knows_keeps_what_it_is_given() -> None:
    assert plan("import mylib\nr = mylib.R()\nxs = []", "r.add(xs)", "r.fill()", LAST)[-1] == ("s3",)
    assert plan("import mylib\nr = mylib.R()\nxs = []", "mylib.add(r, xs)", "r.fill()", LAST)[-1] == ("s3",)
    assert plan("import mylib\nr = mylib.R()\nxs = []", "r.add(1)", "r.fill()", LAST)[-1] == ("s1",)
