"""The executor for systems without forks, here on one that has them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from soorgeon_clone.pipeline.execution.boot import ServerSettings
from soorgeon_clone.pipeline.execution.model import FunctionCall, Isolation, Job, Progress
from soorgeon_clone.pipeline.execution.portable import PortableExecutor

from .notebooks import notebook, printed, run

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open") and sys.platform != "win32", reason="nothing to wait for")
PROGRESS: list[Progress] = []


def open_portable(folder: Path, isolation: Isolation = "auto") -> PortableExecutor:
    return PortableExecutor(ServerSettings(isolation, (), folder, 1, dict(os.environ)), PROGRESS.append)


@pytest.fixture(scope="module")
def executor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortableExecutor]:
    with open_portable(tmp_path_factory.mktemp("run")) as executor:
        yield executor


def test_a_notebook(executor: PortableExecutor, tmp_path: Path) -> None:
    PROGRESS.clear()
    outcome, outputs = run(executor, tmp_path, "print(1)", "import os; os.system('echo 2'); 3", "1/0", "4")
    assert outcome.status == "error"
    assert outcome.error and (outcome.error.cell_index, outcome.error.ename) == (2, "ZeroDivisionError")
    assert [printed(each) for each in outputs] == ["1\n", "2\n", "", ""]
    assert [(each.cell, each.total) for each in PROGRESS] == [(1, 4), (2, 4), (3, 4)]
    assert executor.running() == ()


def test_jobs_side_by_side(executor: PortableExecutor, tmp_path: Path) -> None:
    for name in "ab":
        executor.start(Job(name, notebook(f"print('{name}')"), None, tmp_path))
    with pytest.raises(ValueError, match="'a'"):
        executor.start(Job("a", notebook("1"), None, tmp_path))
    done = []
    while executor.running():
        done += executor.wait(60)
    assert sorted((outcome.name, outcome.status, outcome.log) for outcome in done) == [
        ("a", "ok", "a\n"),
        ("b", "ok", "b\n"),
    ]


def test_a_function(executor: PortableExecutor, tmp_path: Path) -> None:
    executor.start(Job("f", None, None, tmp_path, function=FunctionCall("os.mkdir", {"path": "made"})))
    (outcome,) = executor.wait(60)
    assert outcome.status == "ok" and (tmp_path / "made").is_dir()


@pytest.mark.parametrize(
    ("source", "options", "status", "words"),
    [
        ("import time; time.sleep(1000)", {"timeout": 4.0}, "timeout", "limit of 4 s"),
        ("import os; os._exit(3)", {}, "killed", "exit code 3"),
    ],
)
def test_an_end_before_the_end(
    executor: PortableExecutor, tmp_path: Path, source: str, options: dict[str, float], status: str, words: str
) -> None:
    outcome, outputs = run(executor, tmp_path, "print('first')", source, **options)
    assert outcome.status == status
    assert outcome.error and words in outcome.error.evalue
    assert printed(outputs[0]) == "first\n"


def test_cancelled_and_closed(tmp_path: Path) -> None:
    with open_portable(tmp_path) as executor:
        for name in "ab":
            executor.start(Job(name, notebook("import time; time.sleep(1000)"), None, tmp_path))
        assert executor.wait(0.1) == []
        executor.cancel("a")
        assert [outcome.status for outcome in executor.wait(60)] == ["killed"]
        assert executor.running() == ("b",)
    assert executor.running() == ()


def test_a_kernel(tmp_path: Path) -> None:
    with open_portable(tmp_path, "kernel") as executor:
        outcome, outputs = run(executor, tmp_path, "print(1)", "1/0")
    assert (outcome.status, printed(outputs[0])) == ("error", "1\n")
