"""Tasks that end otherwise than by reaching their end: nothing is lost that was shown, no process is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import soorgeon_clone
from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import Executor, FunctionCall, Isolation, Job
from soorgeon_clone.pipeline.execution.written import read_executed

from .notebooks import notebook, printed, run

LOOP = "import time\nprint('began')\nwhile True:\n    time.sleep(0.01)"
STUBBORN = """\
import time
print("began")
while True:
    try:
        time.sleep(0.01)
    except BaseException:
        pass
"""
DEAF = "import itertools\nprint('began')\nsum(itertools.repeat(0))"  # no signal is looked at in there


@pytest.fixture(scope="module", params=["fork", "spawn"])
def executor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executor]:
    with open_executor(request.param, modules=(), cwd=tmp_path_factory.mktemp("run"), blas_threads=1) as executor:
        yield executor


def marker(tmp_path: Path) -> str:
    """A number of seconds for ``sleep`` that no other test uses."""
    return f"99999.{abs(hash(str(tmp_path))) % 10**9}"


def living(mark: str) -> list[int]:
    """The processes whose command line contains ``mark``."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdecimal() and mark in (folder / "cmdline").read_bytes().decode("utf-8", "replace"):
                found.append(int(folder.name))
    return found


def eventually_none(mark: str) -> bool:
    deadline = time.monotonic() + 20
    while living(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not living(mark)


def descendants(mark: str) -> str:
    """A cell that starts processes below its task in every way that hides them."""
    return f"""\
import subprocess, os, sys, warnings
warnings.simplefilter("ignore")  # of os.fork, since there are threads; a kernel warns as well
print("began")
subprocess.Popen(["sleep", "{mark}"])
subprocess.Popen(["sleep", "{mark}"], start_new_session=True)
subprocess.run(["sh", "-c", "sleep {mark} &"])
subprocess.run(["sh", "-c", "setsid nohup sleep {mark} > /dev/null 2>&1 &"])
subprocess.Popen([sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '{mark}'])"])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "{mark}"])
    os._exit(0)
while int(subprocess.run(["pgrep", "-cf", "sleep {mark}"], capture_output=True, text=True).stdout) < 6:
    pass
"""


@pytest.mark.parametrize("source", [LOOP, STUBBORN, DEAF], ids=["loop", "stubborn", "deaf"])
def test_a_task_whose_time_is_over_ends_and_shows_what_it_did(tmp_path: Path, source: str) -> None:
    with open_executor("fork", modules=(), cwd=tmp_path, blas_threads=1) as executor:
        outcome, outputs = run(executor, tmp_path, "print('first')", source, "print('never')", timeout=2.5)
    assert outcome.status == "timeout"
    assert outcome.error and (outcome.error.cell_index, outcome.error.ename) == (1, "TaskTimeout")
    assert "limit of 2.5 s" in outcome.error.evalue
    assert source != LOOP or outcome.error.line in (3, 4)
    assert [printed(each) for each in outputs] == ["first\n", "began\n", ""]
    assert outputs[1][-1]["ename"] == "TaskTimeout"
    assert outcome.log.startswith("first\nbegan\n")


def test_a_task_that_takes_too_much_memory_is_ended(executor: Executor, tmp_path: Path) -> None:
    greedy = "print('began')\nhoard = []\nwhile True:\n    hoard.append(bytearray(4_000_000))"
    outcome, outputs = run(executor, tmp_path, greedy, memory_limit=400_000_000)
    assert outcome.status == "memory"
    assert outcome.error and "400,000,000 bytes" in outcome.error.evalue
    assert printed(outputs[0]) == "began\n"
    assert outcome.peak_memory > 300_000_000


def test_memory_of_processes_below_a_task_counts(executor: Executor, tmp_path: Path) -> None:
    child = "import time; x = bytearray(500_000_000); x[::4096] = b'1' * len(x[::4096]); time.sleep(1000)"
    cell = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    outcome, _ = run(executor, tmp_path, cell, memory_limit=400_000_000)
    assert outcome.status == "memory"


def test_a_task_within_its_limits_knows_nothing_of_them(executor: Executor, tmp_path: Path) -> None:
    outcome, outputs = run(executor, tmp_path, "print(1)", timeout=60, memory_limit=2_000_000_000)
    assert (outcome.status, printed(outputs[0])) == ("ok", "1\n")
    assert 10_000_000 < outcome.peak_memory < 1_000_000_000


ENDINGS = [
    ("import os; os._exit(3)", "exit code 3"),
    ("import os; os._exit(0)", "exit code 0"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    ("import os; os.abort()", "SIGABRT"),
]


@pytest.mark.parametrize(("source", "why"), ENDINGS, ids=[why for _, why in ENDINGS])
def test_a_process_that_ends_in_the_middle_of_a_cell(executor: Executor, tmp_path: Path, source: str, why: str) -> None:
    outcome, outputs = run(executor, tmp_path, "print('first'); 1", f"print('began')\n{source}", "print('never')")
    assert outcome.status == "killed"
    assert outcome.error and outcome.error.cell_index == 1 and why in outcome.error.evalue
    assert printed(outputs[0]) + printed(outputs[1]) == "first\nbegan\n"
    assert outputs[0][-1]["data"] == {"text/plain": "1"}
    assert outputs[2] == []
    if why in ("SIGSEGV", "SIGABRT"):
        assert "line 2 in <module>" in outcome.log  # the stack of the crash


def test_sigterm_from_outside(executor: Executor, tmp_path: Path) -> None:
    outcome, outputs = run(
        executor, tmp_path, "import os, signal\nprint('began')\nos.kill(os.getpid(), signal.SIGTERM)"
    )
    assert outcome.error and (outcome.error.ename, outcome.error.line) == ("Terminated", 3)
    assert printed(outputs[0]) == "began\n"


def test_a_cancelled_task(executor: Executor, tmp_path: Path) -> None:
    source = notebook(LOOP.replace("while", "open('begun', 'w')\nwhile"))
    executor.start(Job("job", source, tmp_path / "x.ipynb", tmp_path))
    while not (tmp_path / "begun").exists():
        assert not executor.wait(0.05)
    executor.cancel("job")
    executor.cancel("no such job")
    (outcome,) = executor.wait(60)
    assert (outcome.status, executor.running()) == ("killed", ())
    assert printed(read_executed(tmp_path / "x.ipynb")["cells"][0]["outputs"]) == "began\n"


@pytest.mark.parametrize("ending", ["", "1/0", "import os; os._exit(1)", LOOP], ids=["ok", "error", "exit", "timeout"])
def test_no_process_below_a_task_outlives_it(executor: Executor, tmp_path: Path, ending: str) -> None:
    mark = marker(tmp_path)
    outcome, outputs = run(executor, tmp_path, descendants(mark), ending, timeout=3.0 if ending == LOOP else None)
    assert printed(outputs[0]) == "began\n"
    assert outcome.status == {"": "ok", "1/0": "error", LOOP: "timeout"}.get(ending, "killed")
    assert living(mark) == []


BUILD = """\
import sys
from pathlib import Path
from soorgeon_clone.pipeline.execution.executor import open_executor
from soorgeon_clone.pipeline.execution.model import Job
source, folder, isolation, mark = eval(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
with open_executor(isolation, modules=["json"], cwd=folder, blas_threads=1) as executor:
    for name in "ab":
        executor.start(Job(name, source, folder / f"{name}.ipynb", folder))
    print("started", flush=True)
    executor.wait()
"""


@pytest.mark.parametrize(
    ("isolation", "number"),
    [
        ("fork", signal.SIGKILL),
        ("spawn", signal.SIGKILL),
        ("kernel", signal.SIGKILL),
        ("fork", signal.SIGTERM),
        ("fork", signal.SIGINT),
    ],
)
def test_a_build_that_is_killed_leaves_no_process(tmp_path: Path, isolation: Isolation, number: int) -> None:
    mark = marker(tmp_path)
    cell = descendants(mark) + f"open('begun-{mark}', 'a').write('x')\nimport time\ntime.sleep(1000)"
    root = str(Path(soorgeon_clone.__file__).parents[1])
    build = subprocess.Popen(
        [sys.executable, "-c", BUILD, repr(notebook(cell)), str(tmp_path), isolation, mark],
        env={**os.environ, "PYTHONPATH": root},
        stderr=subprocess.DEVNULL,
    )
    begun = tmp_path / f"begun-{mark}"
    deadline = time.monotonic() + 60
    while not (begun.exists() and begun.stat().st_size == 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    build.send_signal(number)
    build.wait()
    assert eventually_none(mark)
    assert eventually_none(str(tmp_path))


def test_a_server_that_is_killed_takes_its_tasks_along_and_is_replaced(tmp_path: Path) -> None:
    with open_executor("fork", modules=(), cwd=tmp_path, blas_threads=1) as executor:
        cell = "import os, time\nopen('pids', 'w').write(f'{os.getpid()} {os.getppid()}')\ntime.sleep(1000)"
        executor.start(Job("job", notebook(cell), tmp_path / "x.ipynb", tmp_path))
        pids = tmp_path / "pids"
        while not pids.exists() or not pids.read_text():
            executor.wait(0.02)
        task, server = map(int, pids.read_text().split())
        os.kill(server, signal.SIGKILL)
        (outcome,) = executor.wait(60)
        assert outcome.status == "killed"
        deadline = time.monotonic() + 20
        while Path(f"/proc/{task}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not Path(f"/proc/{task}").exists()
        assert run(executor, tmp_path, "print(1)")[0].status == "ok"


def test_hundreds_of_tasks_one_after_the_other_and_side_by_side(tmp_path: Path) -> None:
    with open_executor("fork", modules=("json",), cwd=tmp_path, blas_threads=1) as executor:
        outcome, outputs = run(executor, tmp_path, "import os; print(os.getppid())")
        server = printed(outputs[0]).strip()
        before = len(list(Path(f"/proc/{server}/fd").iterdir()))
        waiting = [f"n{number}" for number in range(200)]
        done = []
        while waiting or executor.running():
            while waiting and len(executor.running()) < 8:
                name = waiting.pop(0)
                source = notebook(f"print('{name}')", "import os; os.system('echo $$')", f"'{name}'")
                executor.start(Job(name, source, tmp_path / f"{name}.ipynb", tmp_path))
            done += executor.wait(60)
        assert [outcome.error for outcome in done] == [None] * 200
        for outcome in done:
            cells = read_executed(tmp_path / f"{outcome.name}.ipynb")["cells"]
            assert printed(cells[0]["outputs"]) == f"{outcome.name}\n"
            assert cells[2]["outputs"][0]["data"] == {"text/plain": f"'{outcome.name}'"}
        assert len(list(Path(f"/proc/{server}/fd").iterdir())) <= before
        assert not Path(f"/proc/{server}/task/{server}/children").read_text().split()


def test_closing_ends_everything_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "slow_import.py").write_text("import time; time.sleep(1000)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    mark = marker(tmp_path)
    with open_executor("fork", modules=("json", "slow_import"), cwd=tmp_path, blas_threads=1) as executor:
        source = notebook(descendants(mark) + "open('begun', 'w')\nimport time; time.sleep(1000)")
        executor.start(Job("job", source, None, tmp_path, modules=("json",)))
        while not (tmp_path / "begun").exists():
            executor.wait(0.05)
    assert living(mark) == []
    assert not list(tmp_path.glob("soorgeon-clone-*"))


def test_nobody_waits_for_one_that_waits(tmp_path: Path) -> None:
    with open_executor("fork", modules=(), cwd=tmp_path, blas_threads=1, on_progress=lambda _: None) as executor:
        ballast = "#" * 1_000_000
        for number in range(16):  # more than sockets hold, both ways, before anyone listens
            executor.start(Job(f"n{number}", notebook("print('x' * 100_000)", ballast), None, tmp_path))
        done = []
        while executor.running():
            done += executor.wait(60)
        assert sorted(outcome.status for outcome in done) == ["ok"] * 16
        assert {len(outcome.log) for outcome in done} == {64_000}


def test_names_of_running_jobs_are_unique(executor: Executor, tmp_path: Path) -> None:
    executor.start(Job("job", notebook("1"), None, tmp_path))
    with pytest.raises(ValueError, match="'job'"):
        executor.start(Job("job", notebook("1"), None, tmp_path))
    executor.wait(60)


def test_a_folder_that_is_gone(executor: Executor, tmp_path: Path) -> None:
    outcome, _ = run(executor, tmp_path / "nowhere", "1")
    assert outcome.status == "error"
    assert outcome.error and "nowhere" in outcome.error.evalue


def test_a_notebook_that_cannot_be_written(executor: Executor, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    executor.start(Job("job", notebook("1"), tmp_path / "file" / "x.ipynb", tmp_path))
    (outcome,) = executor.wait(60)
    assert outcome.status == "error"
    assert outcome.error and "cannot be written" in outcome.error.evalue


FUNCTIONS = """\
import sys
def work(product, n):
    print("working", n)
    open(product, "w").write(str(n + 1))
def fail():
    print("before", file=sys.stderr)
    raise ValueError("in a function")
"""


def test_a_function_is_a_task(executor: Executor, tmp_path: Path) -> None:
    (tmp_path / "own_functions.py").write_text(FUNCTIONS)

    def call(path: str, **kwargs: Any) -> Any:
        executor.start(Job("job", None, None, tmp_path, function=FunctionCall(path, kwargs)))
        return executor.wait(60)[0]

    outcome = call("own_functions.work", product="made.txt", n=1)
    assert (outcome.status, outcome.log, (tmp_path / "made.txt").read_text()) == ("ok", "working 1\n", "2")
    outcome = call("own_functions.fail")
    assert (outcome.status, outcome.log, outcome.error.ename) == ("error", "before\n", "ValueError")
    assert "own_functions.py" in "".join(outcome.error.traceback)
    assert call("own_functions.missing").error.ename == "AttributeError"
    assert call("no_such_module.f").error.ename == "ModuleNotFoundError"
