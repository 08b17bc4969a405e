"""assumptions.yaml: what runs showed is written for people and read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.assumptions.model import Assumption, Broken, Cause, Effect, Kept
from soorgeon_clone.pipeline.assumptions.remembered import FILE, recall, remember

CALL = 'mylib.balance(raw, by="label")'
FOUND = '3 of 12 columns, first at raw["age"][17]: 31.0 -> 30.5'
BROKEN = Broken("fit", "unchanged", ("raw",), 14, 3, CALL, Effect("mylib.balance", "0"), FOUND)
KEPT = Kept("fit", Assumption("draws nothing", (), Cause("mylib.plot(raw)", 3)))


def test_what_is_remembered_is_recalled(tmp_path: Path) -> None:
    assert recall(tmp_path) == ()
    remember(tmp_path, [BROKEN, KEPT])
    plot, balance = recall(tmp_path)
    assert (plot.statement, plot.kind, plot.names, plot.cell, plot.broken, plot.kept) == (
        "mylib.plot(raw)", "draws nothing", (), 3, "", 1,
    )  # fmt: skip
    assert (balance.statement, balance.names, balance.effect, balance.broken) == (CALL, ("raw",), BROKEN.effect, FOUND)
    assert (tmp_path / FILE).read_text("utf-8").splitlines()[-7:] == [
        '- statement: "mylib.balance(raw, by=\\"label\\")"',
        "  cell: 14",
        "  calls: mylib.balance",
        "  assumed: unchanged",
        "  names: [raw]",
        "  argument: 0",
        '  broken: "3 of 12 columns, first at raw[\\"age\\"][17]: 31.0 -> 30.5"',
    ]


def test_what_was_broken_stays_so(tmp_path: Path) -> None:
    held = Kept("fit", Assumption("unchanged", ("raw",), Cause(CALL, 14, 3)))
    remember(tmp_path, [held])
    assert recall(tmp_path)[0].kept == 1
    remember(tmp_path, [BROKEN])
    remember(tmp_path, [held])
    assert [one.broken for one in recall(tmp_path)] == [FOUND]


def test_builds_without_news_leave_the_file_alone(tmp_path: Path) -> None:
    for _ in range(4):
        remember(tmp_path, [KEPT])
    (tmp_path / FILE).chmod(0o400)
    before = (tmp_path / FILE).stat().st_mtime_ns
    remember(tmp_path, [KEPT])
    assert recall(tmp_path)[0].kept == 3
    assert (tmp_path / FILE).stat().st_mtime_ns == before


def test_nothing_is_written_where_nothing_is_known(tmp_path: Path) -> None:
    remember(tmp_path, [Kept("fit", Assumption("draws nothing"))])
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("text", ["no", "1", "null", "a: b", "x #y", "'", '"', "ä\u2028", "- a", "12", "007", "a\\b"])
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    broken = Broken(text, "sets nothing", (text,), 1, 1, text, Effect(text, text), text)
    remember(tmp_path, [broken])
    (one,) = recall(tmp_path)
    assert (one.statement, one.names, one.effect, one.broken) == (text, (text,), Effect(text, text), text)


@pytest.mark.parametrize(
    "text", ["a: 1", "- 1", "- {statement: f(x)}", "- {statement: f(x), assumed: quiet}", "- [", ""]
)
def test_a_file_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    if not text:
        assert recall(tmp_path) == ()
        return
    with pytest.raises(UserError, match=FILE):
        recall(tmp_path)
