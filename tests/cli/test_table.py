"""Tables fit their terminal, and a pipeline is found from the folders in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from project_folder import SAVE, Folder

from soorgeon_clone.cli.pipeline_options import nearest
from soorgeon_clone.cli.status import command as status
from soorgeon_clone.cli.table import count, table

ROWS = [["train-test-split", "upstream is stale (clean), code changed", "tasks/train-test-split.py"]]


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_a_line_is_no_longer_than_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    lines = table(["name", "why", "source"], ROWS, less=(2,)).split("\n")
    assert all(len(line) <= columns for line in lines[1:])
    assert lines[1].startswith("train-test-split")
    assert ("tasks/" in lines[1]) == (columns == 100)


def test_a_pipe_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert "tasks/train-test-split.py" in table(["name", "why", "source"], ROWS, less=(2,))


def test_one_task() -> None:
    assert (count(1, "task"), count(2, "task"), count(1200, "task")) == ("1 task", "2 tasks", "1,200 tasks")


def test_a_pipeline_is_found_from_a_folder_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    folder = Folder(tmp_path / "project")
    folder.task("load", "x = [1]", SAVE, products=("x",))
    inner = folder.root / "tasks"
    monkeypatch.chdir(inner)
    done = CliRunner().invoke(status, [], catch_exceptions=False)
    assert done.exit_code == 0 and "load" in done.output
    assert nearest("pipeline.yaml") == str(Path("..", "pipeline.yaml"))
    assert nearest("other.yaml") == "other.yaml"


def test_a_pipeline_of_somebody_else_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pipeline.yaml").write_text("tasks: []\n")
    inner = tmp_path / "mine"
    inner.mkdir()
    monkeypatch.chdir(inner)
    owner = "soorgeon_clone.pipeline.declared.entry_point._owner"
    monkeypatch.setattr(owner, lambda path: 0 if path.name == "pipeline.yaml" else 1)
    assert nearest("pipeline.yaml") == "pipeline.yaml"
