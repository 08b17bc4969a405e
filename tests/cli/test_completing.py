"""What the Tab key offers."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from project_folder import Folder

from soorgeon_clone.cli.app import app


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    folder = Folder(tmp_path / "project")
    for name in ("load", "lower", "fit"):
        folder.task(name, "x = 1")
    monkeypatch.chdir(folder.root)
    return folder


def offered(*words: str) -> list[str]:
    """What is offered for the last word."""
    complete = ShellComplete(app, {}, "soorgeon-clone", "_SOORGEON_CLONE_COMPLETE")
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("task lo", "load lower"),
        ("debug f", "fit"),
        ("nb --inject load lo", "load lower"),
        ("build --partially l", "load lower"),
        ("status --explain fi", "fit"),
        ("task -e nowhere.yaml l", ""),
        ("lint --select SG10", "SG101 SG102 SG103 SG104 SG105 SG106 SG107"),
        ("lint --ignore SG101,sg00", "SG101,SG001"),
        ("sta", "status"),
        ("build --debug", "--debug --debuglater"),
    ],
)
def test_completion(line: str, found: str) -> None:
    assert offered(*line.split(" ")) == found.split()


@pytest.mark.parametrize(
    "line",
    [
        *(f"{command} no" for command in ("refactor", "explain", "verify", "test", "lint", "clean")),
        *(f"{command} -o no" for command in ("explain", "plot", "report", "join")),
        *(f"{command} -e no" for command in ("build", "status", "task", "report", "verify")),
        *("refactor a.ipynb --into no", "refactor a.ipynb --write-headings no", "verify a.ipynb --html no"),
        *("test a.ipynb no", "lint . no", "cache prune --also no", "build --log-file no"),
    ],
)
def test_paths_are_the_shells(line: str) -> None:
    complete = ShellComplete(app, {}, "soorgeon-clone", "_SOORGEON_CLONE_COMPLETE")
    words = line.split()
    (found,) = complete.get_completions(words[:-1], words[-1])
    assert found.value == "no" and found.type in ("file", "dir")


def test_from_a_folder_below_and_with_a_mistake(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder.root / "tasks")
    assert offered("task", "lo") == ["load", "lower"]
    folder.write("pipeline.yaml", "tasks: 3")
    assert offered("task", "lo") == []
    assert capfd.readouterr() == ("", "")
