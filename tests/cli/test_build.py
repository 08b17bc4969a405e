"""``build``, ``status`` and ``task`` as a person meets them: what they print, and how they exit."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from project_folder import SAVE, Folder, load

from soorgeon_clone.cli.build import command as build
from soorgeon_clone.cli.cache import command as cache_command
from soorgeon_clone.cli.status import command as status
from soorgeon_clone.cli.task import command as task
from soorgeon_clone.errors import UserError


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(folder))
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """load -> fit, and the working directory in it."""
    folder = Folder(tmp_path / "project")
    folder.task("load", "x = [1]", SAVE, products=("x",))
    folder.task("fit", load("load"), "x", upstream=("load",))
    monkeypatch.chdir(folder.root)
    return folder


def run(command: Any, *arguments: str) -> Result:
    result = CliRunner().invoke(command, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_the_table(folder: Folder) -> None:
    result = run(build)
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["name", "ran", "seconds", "share"]
    assert re.fullmatch(r"load +yes +\d+\.\d\d +\d+ %", lines[1])
    assert re.fullmatch(r"2 of 2 tasks ran, .*\.", lines[3])
    assert result.stderr.splitlines()[0].startswith("load: ran 0.")
    again = run(build)
    assert re.fullmatch(r"load +up to date", again.stdout.splitlines()[1])
    assert again.stderr == ""


def test_a_failure_exits_with_1(folder: Folder) -> None:
    folder.script("load", "1 / 0")
    result = run(build)
    assert result.exit_code == 1
    assert "tasks/load.py, cell 3, line 1: task 'load' failed" in result.stderr
    assert "ZeroDivisionError: division by zero" in result.stderr
    assert "\x1b" not in result.stderr
    assert "1 of 2 tasks ran, 1 failed" in result.stdout


def test_quiet_shows_failures_only(folder: Folder) -> None:
    quiet = run(build, "--quiet")
    assert (quiet.exit_code, quiet.output) == (0, "")
    folder.script("load", "1 / 0")
    failed = run(build, "-q")
    assert failed.exit_code == 1 and "ZeroDivisionError" in failed.output and "seconds" not in failed.output
    assert run(build, "-qv").exit_code == 2


def test_dry_run_runs_nothing(folder: Folder) -> None:
    result = run(build, "--dry-run")
    assert [line.split()[:2] for line in result.stdout.splitlines()[1:]] == [["load", "run"], ["fit", "run"]]
    assert not (folder.root / "output").exists()
    forced = run(build, "--dry-run", "--force")
    assert all(line.split()[1] == "run" for line in forced.stdout.splitlines()[1:])
    assert "if upstream changes" not in forced.stdout


def test_partially_and_skip_upstream(folder: Folder) -> None:
    assert "--skip-upstream needs --partially" in run(build, "-su").stderr
    assert run(build, "-p", "lo*").stdout.count("yes") == 1
    assert run(build, "-p", "fit", "-su").stdout.splitlines()[1].startswith("fit")
    with pytest.raises(UserError, match="there is no task 'fot'"):
        run(build, "-p", "fot")


def test_touch(folder: Folder) -> None:
    run(build)
    folder.script("load", "x = [1] * 1", SAVE)
    assert "touched" in run(build, "--touch").stdout
    assert "0 of 2 tasks ran" in run(build).stdout


def test_wrong_sizes_and_options(folder: Folder) -> None:
    assert "'lots' is no size such as 4GB" in run(build, "--memory-limit", "lots").stderr
    assert run(build, "--nonsense").exit_code == 2


def test_env_options(folder: Folder) -> None:
    folder.write("env.yaml", "n: 1\nnested: {deep: a}\n")
    folder.entries[0]["params"] = {"n": "{{n}}", "deep": "{{nested.deep}}"}
    folder.declare(**folder.entries[0])
    folder.script("load", "x = (n, deep)", SAVE)
    run(build, "--env--n", "5", "--env--nested--deep=b")
    assert folder.load("output/load-x.pkl") == (5, "b")
    with pytest.raises(UserError, match=r"env.yaml has no 'm'"):
        run(build, "--env--m", "5")


def test_status(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = run(status).stdout.splitlines()
    assert lines[0].split() == ["name", "last", "run", "took", "state", "why", "about", "source"]
    assert lines[1].split() == ["load", "never", "stale", "never", "ran", "tasks/load.py"]
    run(build)
    assert "up to date" in run(status).stdout.splitlines()[1]
    folder.script("load", "x = [2]", SAVE)
    found = json.loads(run(status, "--json").stdout)
    assert found[0]["causes"] == [{"reason": "code", "detail": ""}]
    assert found[1]["causes"] == [{"reason": "upstream_stale", "detail": "load"}]


def test_explain_shows_the_whole_chain(folder: Folder) -> None:
    run(build)
    folder.script("load", "x = [2]", SAVE)
    text = run(status, "--explain", "fit").stdout
    assert text.splitlines()[0] == "fit: stale"
    assert "because upstream is stale (load)" in text
    assert "load: stale\n    because code changed" in text
    assert re.search(r"upstream load:x [0-9a-f]{12}", text)
    text = run(status, "--explain", "load").stdout
    assert re.search(r"\* code +[0-9a-f]{12} \(was [0-9a-f]{12}\)", text)


def test_history(folder: Folder) -> None:
    run(build)
    run(build, "--force")
    assert len(run(status, "--history").stdout.splitlines()) == 5


def test_history_on_a_narrow_terminal(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.task("a-task-with-a-long-name", "x = 1", SAVE, products=("x",))
    run(build)
    monkeypatch.setenv("COLUMNS", "60")
    header, *lines = run(status, "--history").stdout.splitlines()
    assert "build" not in header and all(len(line) <= 60 for line in lines)
    assert any("a-task-with-a-long-name" in line for line in lines)


def test_one_task(folder: Folder) -> None:
    assert run(task, "fit").exit_code == 1
    run(build)
    result = run(task, "fit")
    assert (result.exit_code, "up to date" in result.stdout) == (0, True)
    assert "yes" in run(task, "fit", "--force").stdout
    with pytest.raises(UserError, match="there is no task 'none'"):
        run(task, "none")


def test_cache_commands(folder: Folder, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(build)
    assert re.search(r"kB in [1-9] files, at most 10.0 GB", run(cache_command, "info").stdout)
    assert "0 bytes in 0 files remain" in run(cache_command, "gc", "--all").stdout
    assert run(cache_command, "gc", "--limit", "many").exit_code == 2
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    assert "switched off" in run(cache_command, "info").stdout


def test_what_has_no_effect_is_told(folder: Folder) -> None:
    folder.write(
        "pipeline.yaml", "meta: {jupyter_hot_reload: true}\ntasks: [{source: tasks/load.py, product: {nb: a.ipynb}}]"
    )
    assert "Warning: pipeline.yaml, line 1: 'meta.jupyter_hot_reload' has no effect" in run(status).stderr


def test_an_interrupted_build_says_so(folder: Folder) -> None:
    import signal
    import time

    folder.script("load", "import time", "open('started', 'w').close()", "time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-m", "soorgeon_clone", "build"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (folder.root / "started").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    (row,) = [line for line in run(status, "--history").stdout.splitlines() if " load " in line]
    assert " killed " in row


def test_nothing_heavy_is_imported_when_there_is_nothing_to_do(folder: Folder) -> None:
    run(build)
    code = (
        "import sys\nfrom soorgeon_clone.cli.app import app\n"
        "app.main(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'rich', 'nbformat', 'jupytext', 'IPython', 'filelock', 'parso', 'importlib.metadata', 'asyncio'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for name in ("build", "status"):
        subprocess.run([sys.executable, "-c", code, name], check=True, env=environment, stdout=subprocess.DEVNULL)


def test_explain_shows_what_a_task_takes_for_granted(folder: Folder) -> None:
    said = "# soorgeon-clone: sets nothing (cell 4: lib.use())"
    folder.script("load", "x = [1]", said, SAVE)
    assert (
        "takes for granted: sets nothing (cell 4: lib.use()): not checked yet"
        in run(status, "--explain", "load").stdout
    )
    run(build)
    assert (
        "takes for granted: sets nothing (cell 4: lib.use()): held in 1 run" in run(status, "--explain", "load").stdout
    )
    assert "assumes sets nothing\n" in run(status, "--explain", "load").stdout
