"""What tasks, hooks and functions print and log can be seen while it happens."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from project_folder import Folder

LOG = "import logging\nlog = logging.getLogger('mine')\nlog.info('told %s', 1)\nlog.debug('fine')\nprint('printed')"
HOOKS = "def started(task):\n    print('render', task.name)\n\n\ndef done(report):\n    print('all done')\n"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    folder.task("a", LOG, "1 + 1")
    return folder


def run(folder: Folder, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "soorgeon_clone", *arguments], cwd=folder.root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_nothing_is_shown_unless_it_is_asked_for(folder: Folder) -> None:
    assert "printed" not in run(folder, "build")


@pytest.mark.parametrize("command", [("build", "-v"), ("task", "a", "-v")])
def test_verbose(command: tuple[str, ...], folder: Folder) -> None:
    assert "a | printed" in run(folder, *command)


def test_it_is_shown_while_it_happens(folder: Folder) -> None:
    folder.script("a", "print('begun')\nimport time, os\nwhile not os.path.exists('go'):\n    time.sleep(0.02)")
    command = [sys.executable, "-m", "soorgeon_clone", "build", "-v"]
    process = subprocess.Popen(command, cwd=folder.root, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert "a | begun" in process.stderr.readline()
    (folder.root / "go").touch()
    assert process.wait(60) == 0
    process.stderr.close()


@pytest.mark.parametrize(("level", "seen"), [("debug", "told fine"), ("info", "told"), ("warning", "")])
def test_log_records(level: str, seen: str, folder: Folder) -> None:
    text = run(folder, "build", "--log", level)
    for word in ("told", "fine"):
        assert (word in text) == (word in seen)
    run(folder, "build", "--force", "--log", level, "--log-file", "build.log")
    kept = (folder.root / "build.log").read_text()
    for word in ("told 1", "fine"):
        assert (word in kept) == (word.split()[0] in seen)
    assert "told" not in (folder.root / "output/a.ipynb").read_text().replace("told %s", "")


def test_a_line_that_is_printed_in_pieces(folder: Folder) -> None:
    code = "import time\ntime.sleep(0.5)\nprint('so', 'far')\nprint('no end', end='')"
    folder.task("b", code, papermill_params={"log_output": True})
    lines = [line.partition("b: ")[2] for line in run(folder, "build", "-p", "b", "--log", "info").splitlines()]
    assert "so far" in lines and "no end" in lines and "so" not in lines


def test_log_output(folder: Folder) -> None:
    folder.declare(source="tasks/a.py", product={"nb": "output/a.ipynb"}, papermill_params={"log_output": True})
    assert "a: printed" in run(folder, "build", "--log", "info")
    assert "no effect" not in run(folder, "status")


def test_what_hooks_print_is_shown_and_kept(folder: Folder) -> None:
    folder.write("hooks.py", HOOKS)
    folder.declare(source="tasks/a.py", product={"nb": "output/a.ipynb"}, on_render="hooks.started")
    folder.write("pipeline.yaml", json.dumps({"tasks": folder.entries, "on_finish": "hooks.done"}))
    text = run(folder, "build")
    assert "a | render a" in text
    assert "on_finish | all done" in text
    assert (folder.root / ".soorgeon-clone/logs/a.log").read_text() == "render a\nprinted\n"


def test_a_notebook_is_the_same_whatever_is_shown(folder: Folder) -> None:
    cells = (
        "import logging\nlogging.getLogger('x').warning('w')",
        "logging.basicConfig(level='INFO')",
        "logging.info(1)",
    )
    folder.script("a", *cells)
    run(folder, "build", "--no-cache")
    plain = (folder.root / "output/a.ipynb").read_text()
    run(folder, "build", "--force", "-v", "--log", "debug", "--no-cache")
    assert (folder.root / "output/a.ipynb").read_text() == plain
