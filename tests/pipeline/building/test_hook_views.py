"""Hooks get what Ploomber gives them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from project_folder import SAVE, Folder, load

HOOKS = """
from pathlib import Path

def note(*values):
    with open("notes", "a") as file:
        print(*values, file=file)

def task_hook(task, client, product, params, upstream):
    note(task.name, str(task) == str(product), client, Path(product["x"]).exists())
    note(task.upstream["a"].product["x"], task.upstream["a"].name, params["product"]["x"])
    note(params["upstream"]["a"]["x"], params["n"], upstream["a"]["x"], task.params["n"])

def dag_hook(dag, report):
    note(list(dag), dag["a"].product["nb"], dag["b"].upstream["a"].product["x"], len(dag))
    note(report["name"], report["Ran?"])
    note(report)

def failing(report):
    raise ValueError("not good")

def failed(traceback):
    note(sorted(traceback), "ValueError" in str(traceback))
"""


@pytest.fixture
def two(folder: Folder) -> Folder:
    folder.write("hooks.py", HOOKS)
    folder.task("a", "x = 1", SAVE, products=("x",))
    folder.task("b", load("a"), SAVE, upstream=("a",), products=("x",), params={"n": 3})
    return folder


def with_hooks(folder: Folder, **hooks: str) -> None:
    folder.write("pipeline.yaml", json.dumps({"tasks": folder.entries, **hooks}))


def notes(folder: Folder) -> str:
    path = folder.root / "notes"
    text = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    return text


def test_a_hook_of_a_task(two: Folder) -> None:
    two.declare(**{**two.entries[1], "on_finish": "hooks.task_hook"})
    assert two.build().ok
    assert notes(two).splitlines() == [
        "b True None True",
        "output/a-x.pkl a output/b-x.pkl",
        "output/a-x.pkl 3 output/a-x.pkl 3",
    ]


def test_hooks_of_the_pipeline_are_called_also_when_there_is_nothing_to_do(two: Folder) -> None:
    two.write("hooks.py", HOOKS + "\n\ndef rendered(dag):\n    note('rendered', list(dag))\n")
    with_hooks(two, on_finish="hooks.dag_hook", on_render="hooks.rendered")
    for ran in (True, False):
        assert two.build().ok
        lines = notes(two).splitlines()
        assert lines[0] == "rendered ['a', 'b']"
        assert lines[1] == "['a', 'b'] output/a.ipynb output/a-x.pkl 2"
        assert lines[2] == f"['a', 'b'] [{ran}, {ran}]"
        assert lines[3].split() == ["name", "Ran?", "Elapsed", "(s)", "Percentage", "result"]
        assert re.fullmatch(rf"a +{ran} +\d+\.\d\d +\d+\.\d\d +(ran|up to date)", lines[5])


def test_on_failure_is_told_what_failed(two: Folder) -> None:
    with_hooks(two, on_failure="hooks.failed", on_finish="hooks.failing")
    report = two.build()
    assert "not good" in (report.problem or "") and not report.ok
    assert notes(two) == "['on_finish'] True\n"
    two.script("a", "raise ValueError")
    assert not two.build().ok
    assert notes(two) == "['build'] True\n"


STOP = "class DAGBuildEarlyStop(Exception):\n    pass\n\n\n"


@pytest.mark.parametrize("where", ["task", "on_finish of a task", "on_render of the pipeline"])
def test_an_early_stop_is_no_failure(where: str, two: Folder) -> None:
    two.write("hooks.py", f"{STOP}def stop():\n    raise DAGBuildEarlyStop('no new data')\n")
    two.write("own.py", STOP)
    expected: dict[str, Any] = {"a": "stopped", "b": "skipped"}
    if where == "task":
        two.script("a", "from soorgeon_clone.errors import DAGBuildEarlyStop", "raise DAGBuildEarlyStop('no new data')")
    elif where == "on_finish of a task":
        two.declare(**{**two.entries[0], "on_finish": "hooks.stop"})
    else:
        with_hooks(two, on_render="hooks.stop")
        expected["a"] = "skipped"
    report = two.build()
    assert {run.name: run.result for run in report.runs} == expected
    assert report.ok and report.stopped and not report.failed
    assert not list((two.root / "output").glob("*")) if (two.root / "output").exists() else True


def test_without_ploomber_the_message_says_what_there_is(two: Folder) -> None:
    two.script("a", "from ploomber.exceptions import DAGBuildEarlyStop")
    (run,) = two.build().failed
    assert "soorgeon_clone.DAGBuildEarlyStop" in (run.error or "")
