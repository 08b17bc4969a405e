"""``scaffold NAME``: a new project, which builds at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from project_folder import Folder

from soorgeon_clone.cli.app import app
from soorgeon_clone.errors import UserError


def test_a_name_with_a_space_is_quoted_in_the_next_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "Next: cd 'my sales' && soorgeon-clone build" in CliRunner().invoke(app, ["scaffold", "my sales"]).output


def test_a_new_project_builds_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["scaffold", "mine"])
    assert done.exit_code == 0, done.output
    folder = Folder(tmp_path / "mine")
    assert folder.ran() == ["load", "summarize"]
    assert (folder.root / "output/summary.json").read_text().startswith('{"count": 3')
    monkeypatch.chdir(folder.root)
    status = CliRunner().invoke(app, ["status", "--products"])
    assert "output/data.csv" in status.output
    drawn = CliRunner().invoke(app, ["plot", "-o", "-", "--include-products"])
    assert "load.ipynb, data.csv" in drawn.output


@pytest.mark.parametrize("name", ["mine", "a/b", "..", "../x", "--"])
def test_nothing_that_exists_is_touched(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    done = CliRunner().invoke(app, ["scaffold", "--", name])
    assert done.exit_code == 2 or isinstance(done.exception, UserError)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_commands_of_ploomber_that_are_not_here_are_answered() -> None:
    assert "Instead: soorgeon-clone build" in CliRunner().invoke(app, ["run"]).output
    said = CliRunner().invoke(app, ["examples"])
    assert said.exit_code == 2 and "No such command 'examples'. Instead: soorgeon-clone scaffold NAME" in said.output
