"""Pairs of values: alike or not, and where they part."""

from __future__ import annotations

import collections
import datetime
import pickle
import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from soorgeon_clone.verify.likeness import text, unlike
from soorgeon_clone.verify.portrait import portrait


class Plain:
    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


class Slotted:
    __slots__ = ("a",)

    def __init__(self, a: Any) -> None:
        self.a = a


class Secretive(Plain):
    def __getstate__(self) -> dict[str, Any]:
        return {}


class Bunch(dict):  # type: ignore[type-arg]
    def __init__(self, **values: Any) -> None:
        super().__init__(values)
        self.__dict__ = self


@dataclass
class Point:
    x: float


def function(v: list[int] = [1]) -> None:  # noqa: B006
    """A function with a default."""


def cycle(value: int) -> list[Any]:
    made: list[Any] = [value]
    made.append(made)
    return made


def frame(**changes: Any) -> pd.DataFrame:
    data = {"a": [1, 2, 3], "b": ["x", None, "z"], "c": pd.Categorical(["p", "q", "p"]), "d": [1.5, np.nan, 3.0]}
    made = pd.DataFrame({**data, **changes})
    made["when"] = pd.date_range("2020-01-01", periods=3, tz="Europe/Berlin")
    return made


def fitted(alpha: float) -> Any:
    from sklearn.tree import DecisionTreeRegressor

    return DecisionTreeRegressor(random_state=0, min_samples_leaf=2).fit([[0], [1], [2], [3]], [0, 0, alpha, alpha])


def drawn(times: int) -> random.Random:
    made = random.Random(1)
    for _ in range(times):
        made.random()
    return made


ALIKE = {
    "numbers": lambda: [1, 2.5, 1j, True, None, ..., float("nan")],
    "texts": lambda: ["a", b"b", "x" * 300_000],
    "containers": lambda: {"a": (1, {2, 3}), 4: collections.deque([5]), "o": collections.OrderedDict(a=1)},
    "cycles": lambda: cycle(1),
    "shared or not": iter([(lambda v: [v, v])([1]), [[1], [1]]] * 2).__next__,
    "dicts with attributes": iter([Bunch(a=[1]), pickle.loads(pickle.dumps(Bunch(a=[1])))]).__next__,
    "objects": lambda: [Plain(a=1), Slotted([2]), Point(1.0), datetime.date(2020, 1, 1)],
    "functions": lambda: [function, len, np, Plain, Plain(a=1).__init__, lambda: 3],
    "arrays": lambda: [np.arange(6).reshape(2, 3), np.array([1.5, np.nan]), np.float64(3)],
    "arrays of objects": lambda: np.array(["a", None, [1]], dtype=object),
    "structured": lambda: np.array([(1, 2.0)], dtype=[("a", "i1"), ("b", "f8")]),
    "masked": lambda: np.ma.array([1, 2], mask=[0, 1]),
    "frames": frame,
    "indexes": lambda: pd.Series([1, 2], index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")], names=["x", None])),
    "generators": lambda: (v for v in [1]),
    "estimators": lambda: fitted(1.0),
    "random states": lambda: [drawn(2), np.random.default_rng(1), np.random.RandomState(1)],
    "many numbers": lambda: list(range(100_000)),
}  # fmt: skip


@pytest.mark.parametrize("name", ALIKE)
def test_alike(name: str) -> None:
    one, other = ALIKE[name](), ALIKE[name]()
    assert unlike(portrait(one), portrait(other)) is None


ARRAY, FRAME = "array of shape (1,) and dtype", "DataFrame with"
UNLIKE: dict[str, tuple[Any, Any, str, str, str]] = {
    "an item": ([1, [2, 3]], [1, [2, 4]], "[1][1]", "3", "4"),
    "a length": ([1], [1, 2], "", "1 item: [1]", "2 items: [1, 2]"),
    "a type": ([1], (1,), "", "[1]", "(1)"),
    "a number's type": ({"a": 1}, {"a": 1.0}, "['a']", "1", "1.0"),
    "a key": ({"a": 1}, {"b": 1}, "", "has key 'a'", "does not have it"),
    "an order": ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "", "keys in the order 'a', 'b'", "'b', 'a'"),
    "an attribute": (Plain(items=[0, 1]), Plain(items=[0, 2]), ".items[1]", "1", "2"),
    "an attribute that pickle leaves out": (Secretive(n=5), Secretive(n=6), ".n", "5", "6"),
    "a slot": (Slotted(1), Slotted(2), ".a", "1", "2"),
    "a dataclass": (Point(1.0), Point(2.0), ".x", "1.0", "2.0"),
    "a float's last digit": (0.1 + 0.2, 0.3, "", "0.30000000000000004", "0.3"),
    "an array's value": (np.zeros((2, 2)), np.array([[0, 0], [0, 5.0]]), "[1, 1]", "0.0", "5.0"),
    "an array's dtype": (np.ones(1, "f4"), np.ones(1, "i8"), "", f"{ARRAY} float32: 1.0", f"{ARRAY} int64: 1"),
    "a frame's value": (frame(), frame(a=[1, 2, 9]), "['a'][2]", "3", "9"),
    "a frame's text": (frame(), frame(b=["x", None, "y"]), "['b'][2]", "'z'", "'y'"),
    "a frame's dtype": (frame(), frame(a=[1.0, 2.0, 3.0]), "['a'].dtype", "int64", "float64"),
    "a column": (frame()[["a", "d"]], frame()[["d"]], "", f"{FRAME} 2 columns ('a', 'd')", f"{FRAME} 1 column ('d')"),
    "an index": (pd.Series([1, 2]), pd.Series([1, 2], index=[0, 2]), ".index[2][0]", "", ""),
    "a random state": (drawn(1), drawn(2), "", "", ""),
    "a set": ({1, 2}, {1, 3}, "[1]", "2", "3"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNLIKE)
def test_unlike(name: str) -> None:
    one, other, where, left, right = UNLIKE[name]
    found = unlike(portrait(one), portrait(other))
    assert found is not None
    if left:
        assert (found.where, found.one, found.other) == (where, left, right)


def test_unlike_estimators() -> None:
    assert unlike(portrait(fitted(1.0)), portrait(fitted(2.0))) is not None


def test_tolerance() -> None:
    one, other = ({"a": [1.0, np.array([1.0, 2.0])]} for _ in range(2))
    other["a"][1] = np.array([1.0, 2.0 + 1e-12])
    assert unlike(portrait(one), portrait(other)) is not None
    assert unlike(portrait(one), portrait(other), rtol=1e-9) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, (2.5,)]}, "{'a': [1, (2.5)]}"),
        (Plain(a=1), "<tests.verify.test_likeness.Plain {'a': 1}>"),
        (np.arange(8), "array of shape (8,) and dtype int64: 0, 1, 2, 3, 4, 5, ..."),
        (np.float64(2.5), "2.5"),
        (len, "len"),
        ((v for v in [1]), "<generator>"),
    ],
)
def test_text(value: object, expected: str) -> None:
    assert text(portrait(value)).replace("tests.verify.", "").replace("verify.", "") == expected.replace(
        "tests.verify.", ""
    )


def test_portraits_do_not_change_what_they_show() -> None:
    made = drawn(1)
    before = made.getstate()
    portrait([made, iter([1])])
    assert made.getstate() == before
