"""`export --check`: what the image would lack is told before there is an image."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from docker_rules import ignored
from project_folder import SAVE, Folder

from export.pipelines import CHOICES
from soorgeon_clone.cli.export import command
from soorgeon_clone.export.check import check_environment, check_image
from soorgeon_clone.export.context import held_files
from soorgeon_clone.export.dependencies import Dependencies

PYTHON = Path(sys.executable)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    monkeypatch.delenv("SOORGEON_CLONE_STORE", raising=False)
    folder = Folder(tmp_path / "project")
    folder.task("load", "import json", "x = json.dumps([1])", SAVE, products=("x",))
    monkeypatch.chdir(folder.root)
    return folder


RULES = [
    "**/*.pyc",
    "output/*.pkl",
    "!output/keep.pkl",
    "deep",
    "!deep/inner",
    "a?c",
    "**/secret*",
    "data/**/x",
    "[ab].txt",
]
PATHS = [
    *("x.pyc", "a/b/x.pyc", "output/a.pkl", "output/keep.pkl", "output/sub/a.pkl", "deep/file", "deep/inner/file"),
    *("abc", "abbc", "secrets/key", "a/secret", "data/x", "data/1/2/x", "a.txt", "c.txt", "x.py", "sub/abc"),
]


def test_the_files_that_docker_sends(tmp_path: Path) -> None:
    for path in PATHS:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    found = set(held_files(tmp_path, "# a comment\n\n" + "\n".join(RULES)))
    without_classes = [rule for rule in RULES if "[" not in rule]
    assert found == {path for path in PATHS if not ignored(path, without_classes)} - {"a.txt"}


def problems(found: object) -> list[str]:
    return [f"{one.about}: {one.problem}" for one in found if one.problem]  # type: ignore[attr-defined]


def test_an_environment_that_has_all(folder: Folder, tmp_path: Path) -> None:
    found = check_environment(PYTHON, folder.root, {"json": ["load"]}, ("--store", str(tmp_path / "store")), CHOICES)
    assert problems(found) == []
    assert [one.about for one in found] == [
        "1 module that tasks import",
        "the pipeline loads, and the store answers",
    ]


def test_what_is_missing(folder: Folder) -> None:
    folder.write("pipeline.yaml", "tasks: [{source: nothing.py}]\n")
    modules = {"json": ["load"], "no_such_library": ["load", "fit"]}
    found = problems(check_environment(PYTHON, folder.root, modules, (), CHOICES))
    assert found[0] == "module no_such_library: is not there, and is imported by fit, load"
    assert "a task needs a 'product'" in found[1]


def test_code_that_the_image_lacks_and_an_environment_that_cannot_be_made(folder: Folder) -> None:
    rules = {"Dockerfile.dockerignore": "tasks\noutput\n.soorgeon-clone\n"}
    choices = replace(CHOICES, code=("tasks/load.py",), dependencies=Dependencies("environment.yml", image="conda/x"))
    told: list[str] = []
    found = check_image(folder.root, rules, choices, {}, (), told.append)
    assert found[0].about == "1 file in the image"
    assert "tasks/load.py: is code or data of a task, and not in the image" in problems(found)
    assert any("conda is needed" in one for one in problems(found))
    assert told


def test_an_index_that_has_no_soorgeon_clone(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], *_: object) -> subprocess.CompletedProcess[str]:
        problem = f"ERROR: No matching distribution found for {command[-1]}" if "install" in command else ""
        return subprocess.CompletedProcess(command, 1 if problem else 0, "", problem)

    monkeypatch.setattr("soorgeon_clone.export.check._run", run)
    monkeypatch.delenv("SOORGEON_CLONE", raising=False)
    (told,) = problems(check_image(folder.root, {"Dockerfile.dockerignore": ""}, CHOICES, {}, (), lambda _: None))
    assert told.endswith("build with `--build-arg SOORGEON_CLONE=./NAME.whl`.")


def test_on_the_command_line(folder: Folder) -> None:
    shown = CliRunner().invoke(command, ["--to", "slurm", "--check"])
    assert shown.exit_code == 0, shown.output
    assert "ok  the pipeline loads" in shown.output
    folder.script("load", "import no_such_library", "x = 1", SAVE)
    shown = CliRunner().invoke(command, ["--to", "slurm", "--check", "--dry-run"])
    assert shown.exit_code == 1
    assert "missing  module no_such_library: is not there, and is imported by load" in shown.output
