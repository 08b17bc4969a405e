"""Outputs in their order, cut at the limit, and the same again from the journal."""

from __future__ import annotations

import math
import os
from typing import Any

import pytest

from soorgeon_clone.files.folders import nameless_file
from soorgeon_clone.pipeline.execution.journal import Journal
from soorgeon_clone.pipeline.execution.mime import as_json
from soorgeon_clone.pipeline.execution.model import CellError
from soorgeon_clone.pipeline.execution.recording import Recorder


def cells(count: int = 3) -> list[dict[str, Any]]:
    return [{"cell_type": "code", "source": str(number), "outputs": []} for number in range(count)]


def text(value: str) -> dict[str, str]:
    return {"text/plain": value}


def a_long_story(recorder: Recorder) -> None:
    recorder.begin(0, 1)
    recorder.stream("stdout", "a")
    recorder.stream("stdout", "b\n")
    recorder.stream("stderr", "c\ud800")
    recorder.display(text("first"), {"m": 1}, "one")
    recorder.stream("stdout", "d")
    recorder.begin(1, 2)
    recorder.display(text("gone"), None, "one")
    recorder.clear(wait=True)
    recorder.stream("stdout", "kept")
    recorder.result({"text/plain": "3", "image/png": b"\x89"}, {}, 2)
    recorder.begin(2, None)
    recorder.update(text("changed"), {}, "one")
    recorder.error("E", "v", ["t"])
    recorder.stream("stdout", "x" * 50)
    recorder.display(text("y" * 50), None)
    recorder.stream("stdout", "z")


def test_outputs_stand_in_their_order_and_streams_are_merged() -> None:
    notebook = cells()
    recorder = Recorder(notebook, limit=None, journal=Journal(None))
    a_long_story(recorder)
    recorder.settle()
    assert [cell["execution_count"] for cell in notebook] == [1, 2, None]
    assert notebook[0]["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": "ab\n"},
        {"name": "stderr", "output_type": "stream", "text": "c\ud800"},
        {"output_type": "display_data", "data": text("changed"), "metadata": {}},
        {"name": "stdout", "output_type": "stream", "text": "d"},
    ]
    assert notebook[1]["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": "kept"},
        {
            "output_type": "execute_result",
            "data": {"text/plain": "3", "image/png": "iQ=="},
            "metadata": {},
            "execution_count": 2,
        },
    ]


def test_what_exceeds_the_limit_of_a_cell_is_cut_with_a_note() -> None:
    notebook = cells()
    recorder = Recorder(notebook, limit=30, journal=Journal(None))
    a_long_story(recorder)
    recorder.settle()
    cut, left_out = notebook[2]["outputs"][1:]
    assert cut["text"] == "x" * 30 + "\n[output cut: the limit of a cell is 30 characters]\n"
    assert left_out["data"] == text("[output of 50 characters left out: the limit of a cell is 30]")
    assert notebook[2]["outputs"][0]["output_type"] == "error"
    assert notebook[0]["outputs"][0]["text"] == "ab\n"


@pytest.mark.parametrize("limit", [None, 30])
def test_the_journal_gives_the_same_outputs_again(limit: int | None) -> None:
    notebook, copy = cells(), cells()
    file = nameless_file()
    recorder = Recorder(notebook, limit=limit, journal=Journal(file))
    a_long_story(recorder)
    recorder.settle()
    again = Recorder(copy, limit=None, journal=Journal(None))
    again.replay(file)
    assert copy == notebook
    assert again.index == 2


def test_an_error_as_long_as_a_book_is_cut_in_its_middle() -> None:
    book = "begin " + "x" * 5_000_000 + " end"
    for limit, most in ((None, 20_000_000), (1_000_000, 1_100_000)):
        recorder = Recorder(cells(), limit=limit, journal=Journal(None))
        recorder.begin(0, 1)
        recorder.error("ValueError", book, ["Traceback", f"ValueError: {book}"])
        (output,) = recorder.cells[0]["outputs"]
        size = len(output["evalue"]) + sum(map(len, output["traceback"]))
        assert size < most and (limit is not None or output["evalue"] == book)
        assert output["evalue"].startswith("begin ") and output["traceback"][1].endswith(" end")
    told = CellError(0, 1, "ValueError", book, ("Traceback", book))
    assert len(told.evalue) < 101_000 and len(told.traceback[1]) < 101_000
    assert "characters left out" in told.evalue and told.evalue.endswith(" end")
    assert CellError(0, 1, "ValueError", "short", ("a",)).traceback == ("a",)


def replayed(file: int) -> list[dict[str, Any]]:
    copy = cells()
    Recorder(copy, limit=None, journal=Journal(None)).replay(file)
    outputs: list[dict[str, Any]] = copy[0]["outputs"]
    return outputs


def test_texts_are_safe_at_once_and_cost_no_system_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    file = nameless_file()
    recorder = Recorder(cells(), limit=None, journal=Journal(file))
    recorder.begin(0, 1)
    calls: list[int] = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: calls.append(len(data)) or write(descriptor, data))
    for number in range(100_000):
        recorder.stream("stdout", f"{number}\n")
        if number in (0, 7000, 99_999):  # in the open text; after the first records; at the end
            whole = "".join(f"{one}\n" for one in range(number + 1))
            assert replayed(file) == [{"name": "stdout", "output_type": "stream", "text": whole}]
    assert len(calls) < 60, "a write for each of the texts takes longer than all the rest"


@pytest.mark.parametrize("size", [1, 16_370, 16_371, 16_372, 200_000])
def test_a_text_of_any_size_is_there_once(size: int) -> None:
    file = nameless_file()
    recorder = Recorder(cells(), limit=None, journal=Journal(file))
    recorder.begin(0, 1)
    for name, one in (("stdout", "a" * size), ("stderr", "b" * size), ("stderr", "c"), ("stdout", "d" * size)):
        recorder.stream(name, one)
    recorder.settle()
    assert replayed(file) == recorder.cells[0]["outputs"]


def test_a_kill_between_the_record_and_its_note_doubles_nothing() -> None:
    file = nameless_file()
    recorder = Recorder(cells(), limit=None, journal=Journal(file))
    recorder.begin(0, 1)
    recorder.stream("stdout", "once\n")
    before = os.pread(file, 64, 0)
    recorder.display(text("x"), {})
    os.pwrite(file, before, 0)  # what stands there until the next text comes
    assert [one["output_type"] for one in replayed(file)] == ["stream", "display_data"]


def test_a_journal_that_ends_in_the_middle_of_a_record_gives_what_was_complete() -> None:
    file = nameless_file()
    recorder = Recorder(cells(), limit=None, journal=Journal(file))
    recorder.begin(0, 1)
    recorder.stream("stdout", "whole\n")
    recorder.display(text("torn"), {})
    os.ftruncate(file, os.fstat(file).st_size - 1)
    copy = cells()
    Recorder(copy, limit=None, journal=Journal(None)).replay(file)
    assert copy[0]["outputs"] == [{"name": "stdout", "output_type": "stream", "text": "whole\n"}]


def test_live_displays_do_not_make_the_journal_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soorgeon_clone.pipeline.execution.journal._COMPACT_ABOVE", 10_000)
    notebook, copy, file = cells(), cells(), nameless_file()
    recorder = Recorder(notebook, limit=None, journal=Journal(file))
    a_long_story(recorder)
    for number in range(1000):
        recorder.update(text(f"{number} " * 100), {}, "one")
        recorder.display(text("live"), None)
        recorder.clear(wait=True)
    recorder.stream("stdout", "end")
    recorder.settle()
    assert os.fstat(file).st_size < 50_000
    Recorder(copy, limit=None, journal=Journal(None)).replay(file)
    assert copy == notebook


@pytest.mark.parametrize(
    ("bundle", "expected"),
    [
        ({"a": "b"}, {"a": "b"}),
        ({"a": b"\x00\xff"}, {"a": "AP8="}),
        ({"a/json": {1: (2, None), "x": {3}}}, {"a/json": {"1": [2, None], "x": [3]}}),
        ({"a/json": {"nan": math.nan, "in": [math.inf]}}, {"a/json": {"nan": "nan", "in": ["inf"]}}),
    ],
)
def test_a_bundle_becomes_what_json_can_hold(bundle: dict[str, Any], expected: dict[str, Any]) -> None:
    assert as_json(bundle) == expected


def test_a_bundle_with_an_object_that_json_does_not_know_is_an_error() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        as_json({"a/json": {"x": object()}})
