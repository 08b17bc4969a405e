"""Dependencies that nobody declared are named; `executor: serial` keeps the order of pipeline.yaml."""

from __future__ import annotations

import json
from typing import Any

import pytest
from project_folder import SAVE, Folder, executor, load

from soorgeon_clone.pipeline.building.model import Listener, Options
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project


class Warnings(Listener):
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.order: list[str] = []

    def warned(self, message: str) -> None:
        self.texts.append(message)

    def started(self, task: Any, causes: Any, expected: Any) -> None:
        self.order.append(task.name)


def warned(folder: Folder, **options: Any) -> Warnings:
    listener = Warnings()
    with Project(folder.root) as project:
        assert build(project, Options(**options), listener, executor=executor()).ok
    return listener


READ = "open('output/' + 'a-x.pkl', 'rb').read()"


@pytest.mark.parametrize("code", [READ, "import os\nos.close(os.open('output/' + 'a-x.pkl', os.O_RDONLY))"])
def test_a_product_that_is_read_and_not_declared(code: str, folder: Folder) -> None:
    folder.task("a", "x = 1", SAVE, products=("x",))
    folder.build()
    folder.task("b", code)
    (said,) = warned(folder).texts
    assert said.startswith("task 'b' read output/a-x.pkl, which task 'a' writes, and 'a' is not among its upstream")
    assert "Add 'a' to the upstream in tasks/b.py" in said


@pytest.mark.parametrize("first", ["a", "b"])
def test_a_file_that_is_no_product(first: str, folder: Folder) -> None:
    """Whoever ends first."""
    folder.root.mkdir()
    (folder.root / "data.txt").write_text("0")
    wait = {name: "import time\ntime.sleep(0.5)" if name != first else "1" for name in "ab"}
    folder.task("a", wait["a"], "open('data' + '.txt', 'w').write('1')")
    folder.task("b", wait["b"], "open('data' + '.txt').read()")
    (said,) = warned(folder).texts
    assert "task 'b' read data.txt, which task 'a' writes" in said


def test_what_is_declared_is_no_news(folder: Folder) -> None:
    folder.task("a", "x = 1", "open('data' + '.txt', 'w').write('1')", SAVE, products=("x",))
    folder.task("b", load("a"), upstream=("a",))
    folder.task("c", "open('data' + '.txt').read()", upstream=("b",))
    assert warned(folder).texts == []
    folder.task("d", "x = 2", "open('own' + '.txt', 'w').write('1')", "open('own' + '.txt').read()")
    assert warned(folder).texts == []


@pytest.mark.parametrize("value", ["serial", {"dotted_path": "ploomber.executors.Serial"}])
def test_serial_is_the_order_of_pipeline_yaml(value: Any, folder: Folder) -> None:
    for name in "cab":
        folder.task(name, f"import time\ntime.sleep({0.2 if name == 'b' else 0})")
    folder.task("d", upstream=("a",))
    folder.write("pipeline.yaml", json.dumps({"executor": value, "tasks": folder.entries}))
    for _ in range(2):  # the second build knows that b takes longest
        assert warned(folder, force=True).order == ["c", "a", "b", "d"]
