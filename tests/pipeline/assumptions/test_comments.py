"""What tasks take for granted, as comments: what is written is read again, and nothing else is."""

from __future__ import annotations

import pytest

from soorgeon_clone.analysis.knowledge.effect_comments import said_in
from soorgeon_clone.pipeline.assumptions.comments import assumptions_in, behind, is_assumption, placed_in, text_of
from soorgeon_clone.pipeline.assumptions.model import Assumption, Cause
from soorgeon_clone.pipeline.assumptions.statements import normalized

BALANCE = Cause('mylib.balance(raw, by="(label)")', 14, 3)
ALL = [
    Assumption("unchanged", ("raw",)),
    Assumption("unchanged", ("raw", "y"), BALANCE),
    Assumption("unchanged", ("raw",), Cause("f(raw)")),
    Assumption("unchanged", ("größe",), Cause("f(größe)", 0, 2)),
    Assumption("apart", ("X", "y"), Cause("X, y = split(raw)", 9)),
    Assumption("draws nothing"),
    Assumption("draws nothing", (), BALANCE),
    Assumption("sets nothing", (), Cause("cell = line(3): 4", 2)),
    Assumption("sets nothing", (), BALANCE, ("in", "mylib")),
    Assumption("sets nothing", (), BALANCE, ("outside", "mylib")),
    Assumption("sets nothing", (), Cause("mylib.theme = (1, 2)", 2), ("beside",)),
    Assumption("binds nothing else"),
    Assumption("binds nothing else", ("raw", "y"), Cause("from mylib import *", 1)),
]


@pytest.mark.parametrize("assumption", ALL, ids=text_of)
def test_what_is_written_is_read(assumption: Assumption) -> None:
    assert assumptions_in(f"x = 1\n{text_of(assumption)}\n") == [assumption]
    assert assumptions_in(behind("raw = pickle.load(file)", assumption)) == [assumption]
    assert is_assumption(text_of(assumption))


def test_the_name_stands_in_the_line_that_loads() -> None:
    line = behind("    raw = pickle.load(file)", Assumption("unchanged", ("raw",), Cause("f(raw)", 2)))
    assert line == "    raw = pickle.load(file)  # soorgeon-clone: unchanged (cell 2: f(raw))"
    assert behind("a, b = load()", Assumption("unchanged", ("a", "b"))).endswith("unchanged a, b")


def test_rows_and_strings() -> None:
    load = behind("    raw = load(file)", Assumption("unchanged", ("raw",)))
    source = f'x = """\n# soorgeon-clone: draws nothing\n"""\nwith open(p) as file:\n{load}\n'
    assert [(one.row, one.assumption) for one in placed_in(source)] == [(5, Assumption("unchanged", ("raw",)))]


def test_a_cell_with_magics_is_read_line_by_line() -> None:
    assert assumptions_in("%matplotlib inline\n!ls '\n# soorgeon-clone: sets nothing\n") == [Assumption("sets nothing")]


@pytest.mark.parametrize(
    "comment",
    ["pure", "changes raw", "draws", "noqa", "unchangedraw", "changes unchanged", "apart from this, it is pure!"],
)
def test_what_is_said_of_effects_is_none(comment: str) -> None:
    found = assumptions_in(f"f(raw)  # soorgeon-clone: {comment}")
    assert found == [] or comment.startswith("apart")


@pytest.mark.parametrize("assumption", ALL, ids=text_of)
def test_an_assumption_says_nothing_of_effects(assumption: Assumption) -> None:
    assert said_in(f"f(raw)  {text_of(assumption)}") == {}


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("f( a,\n   b,  # why\n )", "f(a, b)"),
        ("x = [\n    1,\n    2,\n]", "x = [1, 2]"),
        ("a = 1; b = 2", "a = 1; b = 2"),
        ("for x in xs:\n    f(x)\n    g(x)", "for x in xs: f(x); g(x)"),
        ("f(f'{a  !r}  b', 'c  d')", "f(f'{a  !r}  b', 'c  d')"),
        ("f('''a\nb''')", "f('''a\\nb''')"),
        ("%time f(x)\n  y", "%time f(x); y"),
        ("a  +  b", "a + b"),
    ],
)
def test_a_statement_in_one_line(statement: str, line: str) -> None:
    assert normalized(statement) == line
    assert normalized(line) == line


def test_a_long_statement_is_cut_and_told_from_others() -> None:
    one, other = (normalized(f"f({'x, ' * 100}{last})") for last in "ab")
    assert one != other
    assert len(one) < 180
    assert normalized(one) == one
