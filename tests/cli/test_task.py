"""``soorgeon-clone task``: what exported pipelines call."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from project_folder import Folder

from soorgeon_clone.cli.task import command


@pytest.mark.parametrize(("options", "attempts"), [((), 3), (("--retries", "0"), 1), (("--retries", "1"), 2)])
def test_retries_of_the_command_line_go_before_those_of_the_task(
    options: tuple[str, ...], attempts: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    monkeypatch.delenv("SOORGEON_CLONE_STORE", raising=False)
    folder = Folder(tmp_path / "project")
    log = tmp_path / "log"
    folder.task("fail", f"open({str(log)!r}, 'a').write('x')", "1 / 0", retries=2)
    monkeypatch.chdir(folder.root)
    assert CliRunner().invoke(command, ["fail", *options]).exit_code == 1
    assert log.read_text() == "x" * attempts


def test_only_the_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path)
    folder.write("hooks.py", "def after(task, product, n):\n    print(task.name, product.read_text(), 6 // n)\n")
    folder.write("funcs.py", "def make(product):\n    open(product, 'w').write('made')\n")
    entry = {"source": "funcs.make", "product": "x.txt"}
    folder.declare(**entry, on_finish={"dotted_path": "hooks.after", "n": 2})
    monkeypatch.chdir(folder.root)
    run = lambda *options: CliRunner().invoke(command, ["make", *options])  # noqa: E731
    assert "has not made x.txt" in str(run("--on-finish").exception)
    folder.build()
    assert run("-of").output == "make made 3\n"
    folder.declare(**entry, on_finish={"dotted_path": "hooks.after", "n": 0})
    failed = run("-of")
    assert failed.exit_code == 1
    assert "hooks.py" in failed.output
    assert failed.output.rstrip().endswith("ZeroDivisionError: integer division or modulo by zero")
    folder.declare(**entry)
    assert "has no on_finish" in str(run("-of").exception)
    assert "do not go together" in run("-of", "-s").output


def test_source_and_status_run_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path)
    folder.task("a", "x = 1")
    folder.write("funcs.py", "def make(product):\n    pass\n")
    folder.declare(source="funcs.make", product="output/x.txt")
    monkeypatch.chdir(folder.root)
    assert CliRunner().invoke(command, ["a", "--source"]).output == (folder.root / "tasks/a.py").read_text()
    assert "def make" in CliRunner().invoke(command, ["make", "--source"]).output
    assert CliRunner().invoke(command, ["a", "--status"]).output == "a: stale: never ran\n"
    assert not (folder.root / "output").exists()
