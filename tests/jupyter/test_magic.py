"""`%pipeline` in IPython."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from project_folder import SAVE, Folder, load


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    folder = Folder(tmp_path / "project")
    folder.task("load", "x = [1]", SAVE, products=("x",))
    folder.task("fit", load("load"), "x", upstream=("load",))
    monkeypatch.chdir(folder.root / "tasks")
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "soorgeon_clone")
    return shell


def test_a_pipeline_is_shown_built_and_drawn(shell: Any, capfd: pytest.CaptureFixture[str]) -> None:
    status = shell.run_line_magic("pipeline", "status")
    assert "<td" in status._repr_html_() and "never" in repr(status)
    shell.run_line_magic("pipeline", "build --jobs 1")
    assert "2 of 2 tasks ran" in capfd.readouterr().out
    assert "up to date" in repr(shell.run_line_magic("pipeline", ""))
    plot = shell.run_line_magic("pipeline", "plot")
    assert "<svg" in plot._repr_html_() and "load" in repr(plot)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stauts", "there is no command 'stauts'"),
        ("status -e nowhere.yaml", "nowhere.yaml"),
        ("build --partially nobody", "there is no task 'nobody'"),
    ],
)
def test_mistakes_are_told_without_a_traceback(
    line: str, said: str, shell: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    result = shell.run_cell(f"%pipeline {line}")
    assert not result.success
    told = capfd.readouterr()
    assert said in told.out + told.err and "Traceback" not in told.out + told.err


def test_a_task_that_fails_ends_the_cell(shell: Any, capfd: pytest.CaptureFixture[str]) -> None:
    Path("load.py").write_text(Path("load.py").read_text().replace("x = [1]", "x = 1 / 0"))
    assert not shell.run_cell("%pipeline build --jobs 1").success
    assert "ZeroDivisionError" in capfd.readouterr().out
