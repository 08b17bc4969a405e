"""Two changes of one text, in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soorgeon_clone.files.three_way import Conflict, merge


def merged(base: str, mine: str, theirs: str) -> tuple[str, tuple[Conflict, ...]]:
    """Merge texts whose lines are letters."""
    texts = ("".join(f"{one}\n" for one in text) for text in (base, mine, theirs))
    found = merge(*texts, lambda conflict: (*conflict.mine, "|\n", *conflict.theirs))
    return found.text.replace("\n", ""), found.conflicts


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "both"),
    [
        ("abc", "abc", "abc", "abc"),
        ("abc", "aXc", "abc", "aXc"),
        ("abc", "abc", "aXc", "aXc"),
        ("abcd", "aXcd", "abcY", "aXcY"),
        ("abc", "aXc", "aXc", "aXc"),
        ("abc", "Xabc", "abcY", "XabcY"),
        ("abcde", "bcde", "abcd", "bcd"),
        ("", "a", "", "a"),
        ("abc", "", "abc", ""),
        ("abc", "aXc", "aYc", "aX|Yc"),
        ("abc", "ac", "aYc", "a|Yc"),
        ("", "a", "b", "a|b"),
    ],
)
def test_pieces(base: str, mine: str, theirs: str, both: str) -> None:
    text, conflicts = merged(base, mine, theirs)
    assert text == both
    assert bool(conflicts) == ("|" in both)


def test_a_conflict_has_its_place() -> None:
    assert merged("abcd", "abXd", "abYd")[1] == (Conflict(3, ("X\n",), ("Y\n",)),)


TEXTS = st.text("abcd", max_size=12)


@given(TEXTS, TEXTS, TEXTS)
def test_nothing_is_lost(base: str, mine: str, theirs: str) -> None:
    assert merged(base, base, theirs)[0] == theirs
    assert merged(base, mine, base)[0] == mine
    assert merged(base, mine, mine)[0] == mine
    text, _ = merged(base, mine, theirs)
    # a letter that only one of the two added is in what comes of both
    for one in "abcd":
        assert text.count(one) >= min(mine.count(one), theirs.count(one)) or base.count(one)
