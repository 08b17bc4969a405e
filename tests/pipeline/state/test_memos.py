"""What was worked out once is remembered: a second command with nothing changed works none of it out again."""

from __future__ import annotations

import importlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from project_folder import SAVE, Folder, load

from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.state.records import Records
from soorgeon_clone.pipeline.status.project import Project

# What a memo saves, by where it is called from. Of a module's files and of a task's sources more than one may be read.
SAVED = (
    "state.content.file_digest",
    "state.content.notebook_digest",
    "sources.source_facts.script_facts",
    "sources.source_facts.function_facts",
    "sources.source_facts.module_facts",
    "state.libraries._look_up",
    "declared.repository.first_commit",
    "building.results.manifest_of",  # what is to be published
)


@pytest.fixture
def project(folder: Folder) -> Folder:
    """A project in git with a script, a function, a module, many libraries with long names, and a store."""
    subprocess.run(["git", "init", "-q", str(folder.root)], check=True)
    folder.write("exported.py", "def clean(x):\n    return [one + 1 for one in x]\n")
    folder.write("tell.py", "def tell(product, upstream=None):\n    open(str(product), 'w').write('x')\n")
    libraries = "import click, yaml, rich, parso, jupytext, nbformat, IPython, traitlets, pytest, filelock"
    folder.task("load", libraries, "x = [1, 2, 3]", SAVE, products=("x",))
    folder.task(
        "fit", "from exported import clean", load("load"), "x = clean(x)", SAVE, upstream=("load",), products=("x",)
    )
    folder.declare(source="tell.tell", name="tell", product="output/told.txt")
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(folder.root)]
    subprocess.run([*command, "add", "-A"], check=True)
    subprocess.run([*command, "commit", "-qm", "first"], check=True)
    return folder


def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often each of `SAVED` is called from now on."""
    calls = dict.fromkeys(SAVED, 0)

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            calls[name] += 1
            return function(*arguments)

        return called

    for name in SAVED:
        module, _, function = name.rpartition(".")
        there = importlib.import_module(f"soorgeon_clone.pipeline.{module}")
        monkeypatch.setattr(there, function, counting(name, getattr(there, function)))
    return calls


def again(root: Path, store: Path) -> None:
    with Project(root, store=str(store)) as project:
        assert all(status.up_to_date for status in project.status())
        assert build(project, Options()).ok


def test_nothing_is_worked_out_twice(project: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    store.mkdir()
    with monkeypatch.context() as patch:
        calls = counted(patch)
        with Project(project.root, store=str(store)) as opened:
            assert build(opened, Options()).ok
        time.sleep(0.1)  # what is younger than a tick of the file system's clock is not remembered
        again(project.root, store)
        assert all(calls.values()), calls  # each of them is a thing that this project needs
    calls = counted(monkeypatch)
    again(project.root, store)
    assert not any(calls.values()), calls


def test_values_that_functions_compute_are_remembered(folder: Folder) -> None:
    folder.write("values.py", "def many():\n    return list(range(200))\n\n\ndef one():\n    return 'x' * 500\n")
    folder.script("a", "n", "m")
    folder.declare(
        source="tasks/a.py", name="a-[[n]]", grid={"n": "values::many"}, params={"m": "values::one"},
        product="output/a-[[n]].ipynb",
    )  # fmt: skip
    with Project(folder.root) as project:
        project.compute()
    with Project(folder.root) as project:
        assert len(project.dag.tasks) == 200
        parts = project.fingerprints.own(project.tasks["a-0"])
        assert parts["param:m"] != "only a build knows"


@pytest.mark.parametrize("length", [1, 100, 101, 10_000])
def test_texts_of_any_length_are_found_again(length: int, tmp_path: Path) -> None:
    """Also where a long text takes the place of a short one, before and after it is written."""
    records = Records(tmp_path)
    records.remember("a", "1", "short")
    records.flush()
    records.remember("a", "2", "x" * length)
    assert records.recall("a", "2") == "x" * length
    records.close()
    records = Records(tmp_path)
    assert records.recall("a", "2") == "x" * length
    assert records.recall("a", "1") is None
    records.close()
