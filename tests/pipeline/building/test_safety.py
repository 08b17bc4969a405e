"""Whatever happens to a build, the next one gives the products of an undisturbed one; nothing good is lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from project_folder import SAVE, Folder, load

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building import lock
from soorgeon_clone.pipeline.run import run_task
from soorgeon_clone.pipeline.status.project import Project

REPOSITORY = Path(__file__).parents[3]
BUILD = """
import signal, sys
from soorgeon_clone.pipeline.status.project import Project
from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.run import build

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
with Project(sys.argv[1]) as project:
    report = build(project, Options(isolation=sys.argv[2]))
sys.exit(0 if report.ok else 1)
"""


def start(folder: Folder, *, mark: str = "", isolation: str = "auto", **environment: str) -> subprocess.Popen[str]:
    """A build in a process of its own. ``mark`` is in the environment of all its processes."""
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY), "SG_TEST_MARK": mark, **environment}
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(folder.root), isolation],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def marked(mark: str) -> list[int]:
    """The processes that carry a mark."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes() and b"Z" not in _state(entry):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def _state(entry: Path) -> bytes:
    return (entry / "stat").read_bytes().rpartition(b")")[2].split()[0]


def outputs(folder: Folder) -> dict[str, bytes]:
    found = (folder.root / "output").rglob("*") if (folder.root / "output").exists() else ()
    return {path.name: path.read_bytes() for path in found if path.is_file()}


def versions(folder: Folder, number: int) -> None:
    """a -> (b, c) -> d with megabytes to write, in a version that differs in every product."""
    body = "import time\ntime.sleep(0.03)\nx = {'n': n, 'data': bytes([n]) * 2_000_000}\nprint(n)"
    folder.task("a", body.replace("{'n': n,", f"{{'n': {number},").replace("[n]", f"[{number}]"), "x['n']", SAVE,
                products=("x",), params={"n": number})  # fmt: skip
    for name in "bc":
        folder.task(name, load("a"), f"x['by'] = '{name}'", "x['n']", SAVE, upstream=("a",), products=("x",))
    folder.task("d", load("b"), load("c"), "x['n'], len(x['data'])", SAVE, upstream=("b", "c"), products=("x",))


@pytest.fixture(scope="module")
def references(tmp_path_factory: pytest.TempPathFactory) -> dict[int, dict[str, bytes]]:
    """The products of undisturbed builds of two versions."""
    made = {}
    for number in (1, 2):
        folder = Folder(tmp_path_factory.mktemp("reference") / "project")
        versions(folder, number)
        process = start(folder, SOORGEON_CLONE_CACHE="off")
        assert process.wait(120) == 0, process.stdout and process.stdout.read()
        made[number] = outputs(folder)
    return made


def kill_and_check(
    folder: Folder, references: dict[int, dict[str, bytes]], rounds: int, seed: int, *, isolation: str = "auto"
) -> None:
    """Kill builds at random moments, each of another version than the last; finish each in another build.

    Goes on until `rounds` builds have died: a build that ended before the signal came, as happens on a fast machine,
    is checked like the others and does not count.
    """
    chance = random.Random(seed)
    versions(folder, 1)
    began = time.monotonic()
    assert start(folder, isolation=isolation, SOORGEON_CLONE_CACHE="off").wait(120) == 0
    undisturbed = time.monotonic() - began
    kills = number = 0
    while kills < rounds:
        number += 1
        assert number <= 4 * rounds, f"only {kills} of {number} builds were killed before their end"
        wanted = 1 + number % 2
        versions(folder, wanted)
        mark = uuid.uuid4().hex
        cache = "off" if chance.random() < 0.7 else os.environ["SOORGEON_CLONE_CACHE"]
        process = start(folder, mark=mark, isolation=isolation, SOORGEON_CLONE_CACHE=cache)
        time.sleep(chance.uniform(0.05, undisturbed))
        how = chance.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
        process.send_signal(how)
        kills += process.wait(60) != 0
        deadline = time.monotonic() + 20
        while (left := marked(mark)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not left, f"processes live on after {how}: {left}"
        for name, data in outputs(folder).items():
            assert data in (references[1][name], references[2][name]), f"{name} is neither old nor new after {how}"
        last = start(folder, isolation=isolation, SOORGEON_CLONE_CACHE=cache)
        assert last.wait(120) == 0, last.stdout and last.stdout.read()
        assert outputs(folder) == references[wanted], f"round {number}, {how}"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to look for orphans")
def test_kills_at_random_moments(folder: Folder, references: dict[int, dict[str, bytes]]) -> None:
    kill_and_check(folder, references, rounds=5, seed=int(time.time()))


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to look for orphans")
@pytest.mark.parametrize("seed", range(5))
def test_a_hundred_kills(folder: Folder, references: dict[int, dict[str, bytes]], seed: int) -> None:
    kill_and_check(folder, references, rounds=24, seed=seed)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to look for orphans")
def test_kills_of_builds_with_fresh_processes(folder: Folder, references: dict[int, dict[str, bytes]]) -> None:
    kill_and_check(folder, references, rounds=10, seed=7, isolation="spawn")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_task_that_is_killed(how: signal.Signals, folder: Folder) -> None:
    folder.task("a", f"import os\nos.kill(os.getpid(), {int(how)})", "x = 1", SAVE, products=("x",))
    folder.task("b", "x = 2", SAVE, products=("x",))
    (run,) = folder.build().failed
    assert run.name == "a"
    assert run.result == "killed" if how == signal.SIGKILL else run.result in ("killed", "failed")
    assert folder.load("output/b-x.pkl") == 2
    folder.script("a", "x = 1", SAVE)
    assert folder.ran() == ["a"]


def test_two_builds_at_once_run_each_task_once(folder: Folder) -> None:
    count = "open('count-' + 'a', 'a').write('1')\nimport time; time.sleep(0.5)"
    folder.task("a", count, "x = 1", SAVE, products=("x",))
    builds = [start(folder), start(folder)]
    assert [build.wait(60) for build in builds] == [0, 0]
    assert (folder.root / "count-a").read_text() == "1"


def test_who_does_not_wait_is_told_who_holds_the_lock(chain: Folder) -> None:
    said = f"another build runs in .*process {os.getpid()} on .*since"
    with lock.hold(chain.root, wait=True), pytest.raises(UserError, match=said):
        chain.build(wait_for_lock=False)
    assert chain.ran(wait_for_lock=False) == ["load", "fit"]
    with lock.hold(chain.root, wait=True):
        assert chain.ran(wait_for_lock=False) == []


def test_single_tasks_run_at_the_same_time(folder: Folder) -> None:
    """What exported pipelines do: each task is a command of its own, in one folder."""
    meet = (
        "import time\nopen('here-' + n, 'w').close()\nwhile not os.path.exists('here-' + other):\n    time.sleep(0.01)"
    )
    for name, other in (("a", "b"), ("b", "a")):
        folder.task(name, "import os", meet, params={"n": name, "other": other}, timeout=60)
    code = (
        "import sys\nfrom soorgeon_clone.pipeline.api import Pipeline\n"
        "sys.exit(not Pipeline('.').run_task(sys.argv[1]).ok)"
    )
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    processes = [
        subprocess.Popen([sys.executable, "-c", code, name], cwd=folder.root, env=environ) for name in ("a", "b")
    ]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert folder.ran() == []


def test_a_killed_run_leaves_nothing_that_a_build_does_not_clear(chain: Folder) -> None:
    left = chain.root / ".soorgeon-clone/staging/gone/output"
    left.mkdir(parents=True)
    (left / "x.pkl").write_text("unfinished")
    chain.build()
    assert not left.exists()


# -- disks ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a file system needs more rights than this test has")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_disk_that_fills_up_loses_nothing(small_disk: Path) -> None:
    folder = Folder(small_disk / "project")
    folder.task("a", "x = b'1' * 200_000", SAVE, products=("x",))
    folder.task("b", load("a"), "x = x * 2", SAVE, upstream=("a",), products=("x",))
    folder.build()
    before = outputs(folder)
    folder.script("b", load("a"), "x = x * 40", SAVE, upstream=("a",))
    (run,) = folder.build().failed
    assert "No space left on device" in (run.error or "")
    assert outputs(folder) == before
    folder.script("b", load("a"), "x = x * 2", SAVE, upstream=("a",))
    assert folder.ran() == []


def test_a_disk_that_is_full_before_the_build(small_disk: Path) -> None:
    folder = Folder(small_disk / "project")
    folder.task("a", "x = b'1' * 200_000", SAVE, products=("x",))
    with pytest.raises(OSError, match="No space"):
        (small_disk / "filler").write_bytes(b"0" * 4_000_000)
    try:
        report = folder.build()
    except UserError as error:
        assert "cannot be written" in error.message
    else:
        assert not report.ok
    (small_disk / "filler").unlink()
    assert folder.ran() == ["a"]


def test_products_on_another_file_system(small_disk: Path, folder: Folder) -> None:
    folder.root.mkdir()
    (folder.root / "output").symlink_to(small_disk)
    folder.task("a", "x = 1", SAVE, products=("x",))
    assert folder.ran() == ["a"]
    assert folder.load("output/a-x.pkl") == 1
    folder.script("a", "x = 2", SAVE)
    assert folder.ran() == ["a"]
    assert sorted(path.name for path in small_disk.iterdir()) == ["a-x.pkl", "a.ipynb"]


def test_a_full_cache_is_no_failure(small_disk: Path, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(small_disk / "cache"))
    folder.task("a", "x = b'1' * 9_000_000", SAVE, products=("x",))
    assert folder.ran() == ["a"]
    assert folder.ran() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder(chain: Folder) -> None:
    chain.root.chmod(0o555)
    try:
        assert chain.stale()["load"] == "NEVER_RAN"
        with pytest.raises(UserError, match=r"\.soorgeon-clone cannot be written: Permission denied"):
            chain.build()
    finally:
        chain.root.chmod(0o755)


def test_a_read_only_file_system(small_disk: Path) -> None:
    folder = Folder(small_disk / "project")
    folder.task("a", "x = 1", SAVE, products=("x",))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert folder.stale() == {"a": "NEVER_RAN"}
    with pytest.raises(UserError, match=r"\.soorgeon-clone cannot be written: Read-only file system"):
        folder.build()
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert folder.ran() == ["a"]
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert folder.stale() == {}
    assert folder.ran() == []


def test_a_folder_in_the_place_of_a_product(chain: Folder) -> None:
    (chain.root / "output/load-x.pkl/inside").mkdir(parents=True)
    assert chain.ran() == ["load", "fit"]
    assert chain.load("output/load-x.pkl") == [1, 2, 3]


def test_a_file_in_the_place_of_a_folder(chain: Folder) -> None:
    (chain.root / "output").write_text("a file")
    report = chain.build()
    assert [run.result for run in report.runs] == ["failed", "skipped"]
    assert "output/load" in (report.runs[0].error or "")
    assert (chain.root / "output").read_text() == "a file"


def test_the_hidden_folder_may_be_deleted_between_builds(chain: Folder) -> None:
    chain.build()
    shutil.rmtree(chain.root / ".soorgeon-clone")
    (chain.root / ".soorgeon-clone").write_text("a file in its place")
    with pytest.raises(UserError, match="cannot be written"):
        chain.build(force=True)


def test_an_upstream_product_that_vanishes_before_its_reader_runs(folder: Folder) -> None:
    folder.task("a", "x = 1", SAVE, products=("x",))
    folder.task("b", "import os", "os.remove('output/' + 'a-x.pkl')", upstream=("a",))
    folder.task("c", load("a"), upstream=("a", "b"))
    report = folder.build()
    assert {run.name: run.result for run in report.runs} == {"a": "ran", "b": "ran", "c": "failed"}
    assert "task 'c': output/a-x.pkl, a product of its upstream 'a', is missing" in (report.failed[0].error or "")


def test_one_task_at_a_time_per_task(chain: Folder) -> None:
    """A second process that runs the same task waits for the first."""
    chain.build()
    folder = lock.hidden_folder(chain.root) / "staging"
    held = lock.take(folder / "load.lock")
    code = "from soorgeon_clone.pipeline.api import Pipeline\nPipeline('.').run_task('load', force=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=chain.root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.5)
    held.release()
    assert process.wait(60) == 0


def test_the_lock_of_a_dead_process_is_free(chain: Folder) -> None:
    with Project(chain.root) as project:
        assert run_task(project, "load").ok
    assert chain.ran() == ["fit"]
