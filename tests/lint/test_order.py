"""Cells go back to an order that works: with counts always, without them as far as names tell."""

from __future__ import annotations

import itertools
import random

import pytest

from lint.notebooks import code, ipynb, text
from soorgeon_clone.lint.flow import flow_of
from soorgeon_clone.lint.order import better_order
from soorgeon_clone.lint.partial_order import closure, fewest_moves, merged
from soorgeon_clone.notebook.read import parse

LINEAR = [
    "import math",
    "xs = [1, 2]",
    "ys = [math.sqrt(x) for x in xs]",
    "xs.append(3)",
    "total = sum(ys)",
    "print(total, xs)",
]


def order_of(*cells: object) -> list[int] | None:
    ordering = better_order(parse(ipynb(*cells), None))  # type: ignore[arg-type]
    return None if ordering is None else list(ordering.order)


@pytest.mark.parametrize("seed", range(20))
def test_counts_give_the_order_back(seed: int) -> None:
    shuffled = list(range(len(LINEAR)))
    random.Random(seed).shuffle(shuffled)
    found = order_of(*(code(LINEAR[k], k + 1) for k in shuffled))
    if shuffled == sorted(shuffled):
        assert found is None
    else:
        assert found is not None
        assert [shuffled[position] for position in found] == list(range(len(LINEAR)))


@pytest.mark.parametrize("cell", range(len(LINEAR)))
@pytest.mark.parametrize("to", range(len(LINEAR)))
def test_without_counts_the_result_works(cell: int, to: int) -> None:
    order = [k for k in range(len(LINEAR)) if k != cell]
    order.insert(to, cell)
    flow = flow_of(parse(ipynb(*(LINEAR[k] for k in order)), None).cells)
    found = order_of(*(LINEAR[k] for k in order))
    assert flow.problems(found or range(len(LINEAR))) == 0
    assert (found is None) == (flow.problems(range(len(LINEAR))) == 0)


@pytest.mark.parametrize(
    ("cells", "wanted", "moves"),
    [
        # many users of one late definition: the definition moves
        (["print(x)", "print(x + 1)", "print(x + 2)", "x = 1"], [3, 0, 1, 2], 1),
        # one early user: the user moves
        (["print(x, y)", "x = 1", "y = x", "z = y", "print(z)"], [1, 2, 0, 3, 4], 1),
        # a function that needs a later value moves its caller, not itself
        (["def f(): return k", "f()", "k = 2", "print(k)"], [0, 2, 1, 3], 1),
        # a column is used behind the cell that makes it
        (["df = load()", "df['b'].plot()", "df['b'] = 1", "def load(): ..."], [3, 0, 2, 1], 2),
    ],
)
def test_moves_few_cells(cells: list[str], wanted: list[int], moves: int) -> None:
    ordering = better_order(parse(ipynb(*cells), None))
    assert ordering is not None
    assert list(ordering.order) == wanted
    assert len(ordering.moves) == moves


@pytest.mark.parametrize(
    "cells",
    [
        ["x = 1", "print(x)"],
        [code("x = 1", 9), code("y = x", 2), code("print(y)", 3)],  # the first cell was run again
        ["a = 1\nprint(b)", "b = a"],  # no order works
        ["print(never_defined)", "x = 1"],
        ["print(1)"],
    ],
)
def test_leaves_other_notebooks_alone(cells: list[object]) -> None:
    assert order_of(*cells) is None


def test_headings_stay_where_they_are() -> None:
    found = order_of(text("## Plot"), "print(x)", text("## Load"), "x = 1", text("## End"))
    assert found is not None
    kinds = ["## Plot", "print(x)", "## Load", "x = 1", "## End"]
    assert [kinds[k] for k in found] == ["x = 1", "## Plot", "print(x)", "## Load", "## End"]


def test_counts_follow_the_new_order() -> None:
    ordering = better_order(parse(ipynb(code("print(x)", 2), code("x = 1", 1)), None))
    assert ordering is not None
    assert ordering.counts == ()
    ordering = better_order(parse(ipynb(code("print(x)", 7), code("x = 1", 3)), None))
    assert ordering is not None
    assert ordering.counts == ((1, 1), (0, 2))


def brute_force(before: dict[int, set[int]]) -> int:
    reach = closure(before)
    size = len(before)
    for count in range(size, 0, -1):
        for chosen in itertools.combinations(range(size), count):
            if not any(reach[a] >> b & 1 for a, b in itertools.combinations(chosen, 2)):
                return count
    return 0


@pytest.mark.parametrize("seed", range(60))
def test_fewest_moves_is_the_fewest(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.randrange(1, 9)
    rank = list(range(size))
    rng.shuffle(rank)
    before = {b: {a for a in range(size) if rank[a] < rank[b] and rng.random() < 0.3} for b in range(size)}
    reach = closure(before)
    staying = fewest_moves(reach)
    assert len(staying) == brute_force(before)
    full = merged(reach, staying)
    assert sorted(full) == list(range(size))
    places = {thing: place for place, thing in enumerate(full)}
    assert all(places[a] < places[b] for b in before for a in before[b])
    assert [thing for thing in full if thing in staying] == staying
