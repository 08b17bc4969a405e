"""Builds on a Dask cluster: real scheduler and worker processes that share nothing but the store."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from dask_cluster import PATIENCE, ROOT, Cluster
from project_folder import SAVE, Folder, load
from s3_server import CREDENTIALS, free_port, make_bucket, s3_server

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.assumptions.remembered import recall
from soorgeon_clone.pipeline.building.model import Listener, Options, Report
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    base = tmp_path_factory.mktemp("cluster")
    with s3_server(base) as s3_port:
        opened = Cluster(base, s3_port)
        try:
            opened.add_worker("one", "--resources", "cpus=2 memory=8e9")
            opened.add_worker("two", "--resources", "cpus=1 memory=4e9")
            opened.wait_for_workers()
            yield opened
        finally:
            opened.close()


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "store")


class Heard(Listener):
    """What a build told."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.cells: list[tuple[str, int]] = []
        self.warnings: list[str] = []

    def started(self, task: Any, causes: Any, expected: float | None) -> None:
        self.began.append(task.name)

    def progressed(self, name: str, cell: int, total: int) -> None:
        self.cells.append((name, cell))

    def warned(self, message: str) -> None:
        self.warnings.append(message)


def run(
    folder: Folder, cluster: Cluster | None, store: str | None, listener: Listener | None = None, **options: Any
) -> Report:
    chosen = Options(engine="dask", scheduler=cluster.address if cluster else None, **options)
    with Project(folder.root, store=store or "off") as project:
        return build(project, chosen, listener)


def results(report: Report) -> dict[str, str]:
    assert report.problem is None
    return {one.name: one.result for one in report.runs}


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def edit(folder: Folder, path: str, old: str, new: str) -> None:
    text = (folder.root / path).read_text()
    assert old in text
    (folder.root / path).write_text(text.replace(old, new))


def test_it_does_what_a_local_build_does(cluster: Cluster, chain: Folder, store: str, tmp_path: Path) -> None:
    local = Folder(tmp_path / "local")
    shutil.copytree(chain.root, local.root)
    local.build()
    heard = Heard()
    assert results(run(chain, cluster, store, heard)) == {"load": "ran", "fit": "ran"}
    assert heard.began == ["load", "fit"]
    assert {name for name, _ in heard.cells} == {"load", "fit"}
    for path in ("output/load-x.pkl", "output/fit-x.pkl", "output/load.ipynb", "output/fit.ipynb"):
        assert (chain.root / path).read_bytes() == (local.root / path).read_bytes(), path
    assert chain.stale() == {}
    assert results(run(chain, cluster, store)) == {"load": "up to date", "fit": "up to date"}
    # the same rules: another value that comes to the same ends there
    edit(chain, "tasks/load.py", "[1, 2, 3]", "[1, 2] + [3]")
    assert results(run(chain, cluster, store)) == {"load": "ran", "fit": "up to date"}
    edit(chain, "exported.py", "one + 1", "one + 2")
    assert results(run(chain, cluster, store)) == {"load": "up to date", "fit": "ran"}
    assert chain.load("output/fit-x.pkl") == [3, 4, 5]
    edit(chain, "exported.py", "one + 2", "one + 1")
    assert results(run(chain, cluster, store)) == {"load": "up to date", "fit": "restored"}
    assert chain.ran() == []


def test_s3_between_the_workers(cluster: Cluster, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    make_bucket(cluster.s3_port, "between")
    for variable in ("AWS_ENDPOINT_URL", *CREDENTIALS):
        monkeypatch.setenv(variable, cluster.environment[variable])
    folder.task("load", "x = 1", SAVE, products=("x",))
    names = [f"part{index}" for index in range(3)]
    for index, name in enumerate(names):
        folder.task(name, load("load"), f"x += {index}", SAVE, upstream=("load",), products=("x",))
    folder.task("all", *(f"{load(name)}\nprint(x)" for name in names), upstream=tuple(names))
    assert set(results(run(folder, cluster, "s3://between/project")).values()) == {"ran"}
    assert folder.outputs("output/all.ipynb").split() == ["1", "2", "3"]


def test_what_is_here_only_goes_along(cluster: Cluster, chain: Folder, store: str) -> None:
    chain.build(names=frozenset({"load"}))
    assert results(run(chain, cluster, store)) == {"load": "up to date", "fit": "ran"}


def test_files_without_a_declaration(cluster: Cluster, folder: Folder, store: str) -> None:
    folder.write("raw.csv", "1,2\n")
    folder.write(".gitignore", "raw.csv\n")
    folder.write(".env", "SECRET=1\n")
    folder.task(
        "load", 'import os\nprint(os.path.exists(".env"))\nopen("a" + "b.txt", "w").write(open("raw.csv").read())'
    )
    edit(folder, "tasks/load.py", "# %%\nimport os", '# %% tags=["soorgeon-writes-files"]\nimport os')
    folder.script(
        "fit",
        'from pathlib import Path\nout = Path(product["d"])\nout.mkdir()',
        '(out / "f").write_text(open("a" + "b.txt").read())',
        upstream=("load",),
    )
    folder.declare(source="tasks/fit.py", product={"nb": "output/fit.ipynb", "d": "output/d"})
    folder.task("show", 'print(open(upstream["fit"]["d"] + "/f").read())', upstream=("fit",))
    folder.build(names=frozenset({"load"}))
    # what load left is on this machine, and nobody knows which files these are: it runs again where others see them
    assert results(run(folder, cluster, store)) == {"load": "ran", "fit": "ran", "show": "ran"}
    assert "1,2" in folder.outputs("output/show.ipynb")
    assert "False" in folder.outputs("output/load.ipynb")
    assert (folder.root / "output/d/f").read_text() == "1,2\n"
    assert folder.stale() == {}


def test_a_task_that_fails(cluster: Cluster, chain: Folder, store: str) -> None:
    chain.task("show", load("fit"), "x", upstream=("fit",))
    edit(chain, "tasks/fit.py", "x = clean(x)", "print('so far')\nx = 1 / 0")
    report = run(chain, cluster, store)
    assert results(report) == {"load": "ran", "fit": "failed", "show": "skipped"}
    error = report.failed[0].error or ""
    assert "tasks/fit.py" in error and "ZeroDivisionError" in error
    assert str(chain.root) in error and "dask-scratch-space" not in error
    assert "so far" in chain.outputs(".soorgeon-clone/failed/fit.ipynb")
    assert "so far" in (chain.root / ".soorgeon-clone/logs/fit.log").read_text()
    edit(chain, "tasks/fit.py", "x = 1 / 0", "x = [0]")
    assert results(run(chain, cluster, store)) == {"load": "up to date", "fit": "ran", "show": "ran"}


def test_what_a_task_takes_for_granted_is_checked_there(cluster: Cluster, chain: Folder, store: str) -> None:
    comment = "  # soorgeon-clone: unchanged (cell 3: clean(x))"
    edit(chain, "tasks/fit.py", "x = pickle.load(file)", f"x = pickle.load(file){comment}")
    assert results(run(chain, cluster, store)) == {"load": "ran", "fit": "ran"}
    assert [(one.kept, one.effect.callee) for one in recall(chain.root)] == [(1, "exported.clean")]
    edit(chain, "exported.py", "return [one", "x.append(4)\n    return [one")
    report = run(chain, cluster, store)
    assert results(report) == {"load": "up to date", "fit": "failed"}
    assert "changed: x: [1, 2, 3] -> [1, 2, 3, 4]" in (report.failed[0].error or "")
    assert recall(chain.root)[0].broken


def test_a_worker_that_dies_costs_a_retry(cluster: Cluster, chain: Folder, store: str, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    wait = f"""
        import os, time
        from pathlib import Path
        flag = Path({str(flag)!r})
        if not flag.exists():
            flag.write_text(os.getcwd())
            time.sleep(600)
        x = 1
    """
    chain.task("slow", wait, load("load"), SAVE, upstream=("load",), products=("x",))
    cluster.add_worker("victim", "--resources", "cpus=9 memory=9e9")
    chain.entries[-1]["resources"] = {"cpus": 9}
    chain.declare(**chain.entries[-1])

    def kill() -> None:
        wait_until(lambda: flag.exists() and flag.read_text())
        cluster.workers.pop("victim").kill()
        cluster.add_worker("heir", "--resources", "cpus=9 memory=9e9")

    cluster.wait_for_workers()
    heard = Heard()
    killer = threading.Thread(target=kill)
    killer.start()
    report = run(chain, cluster, store, heard)
    killer.join()
    assert results(report) == {"load": "ran", "fit": "ran", "slow": "ran"}
    assert heard.warnings == ["the worker of task 'slow' was lost, and another one runs it"]
    assert "victim" in flag.read_text()
    cluster.workers.pop("heir").kill()


@pytest.mark.skipif(sys.platform == "win32", reason="processes cannot be stopped there")
def test_a_worker_that_falls_silent_costs_a_retry(cluster: Cluster, chain: Folder, store: str, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    wait = f"""
        import os, time
        from pathlib import Path
        flag = Path({str(flag)!r})
        if not flag.exists():
            flag.write_text(os.getcwd())
            time.sleep(600)
        x = 1
    """
    chain.task("slow", wait, load("load"), SAVE, upstream=("load",), products=("x",))
    chain.entries[-1]["resources"] = {"cpus": 9}
    chain.declare(**chain.entries[-1])
    silent = cluster.add_worker("silent", "--resources", "cpus=9 memory=9e9")
    cluster.wait_for_workers()

    def stop() -> None:
        wait_until(lambda: flag.exists() and flag.read_text())
        silent.send_signal(signal.SIGSTOP)  # its connection stands, and nobody is at the other end
        cluster.add_worker("deputy", "--resources", "cpus=9 memory=9e9")

    heard = Heard()
    stopper = threading.Thread(target=stop)
    stopper.start()
    report = run(chain, cluster, store, heard, worker_timeout=8)
    stopper.join()
    assert results(report) == {"load": "ran", "fit": "ran", "slow": "ran"}
    # whoever is slow to answer on a busy machine is told of as well
    said, *_, given_up, lost = [one for one in heard.warnings if "'slow'" in one]
    assert "which runs 'slow', does not answer" in said and "after 8 s (--worker-timeout)" in said
    assert "is given up, with 'slow'" in given_up
    assert lost == "the worker of task 'slow' was lost, and another one runs it"
    for name in ("silent", "deputy"):
        cluster.workers.pop(name).kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is another thing there")
def test_ctrl_c_ends_what_runs(cluster: Cluster, chain: Folder, store: str, tmp_path: Path) -> None:
    flag = tmp_path / "pid"
    edit(
        chain,
        "tasks/fit.py",
        "x = clean(x)",
        f"import os, time\nopen({str(flag)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)",
    )
    command = [sys.executable, "-m", "soorgeon_clone", "build", "--executor", "dask", "--scheduler", cluster.address]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SOORGEON_CLONE_STORE": store}
    building = subprocess.Popen(
        command, cwd=chain.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wait_until(lambda: building.poll() is not None or (flag.exists() and flag.read_text()))
    assert building.poll() is None, building.communicate()
    task = psutil.Process(int(flag.read_text()))
    building.send_signal(signal.SIGINT)
    output, _ = building.communicate(timeout=PATIENCE)
    assert building.returncode != 0
    assert "Traceback" not in output, output
    wait_until(lambda: not task.is_running() or task.status() == psutil.STATUS_ZOMBIE)
    edit(chain, "tasks/fit.py", "time.sleep(600)", "x = clean(x)")
    assert results(run(chain, cluster, store)) == {"load": "up to date", "fit": "ran"}


def test_a_task_goes_where_it_fits(cluster: Cluster, folder: Folder, store: str) -> None:
    where = "import os\nprint(os.getcwd(), os.environ['OMP_NUM_THREADS'])"
    folder.task("large", where, resources={"cpus": 2, "memory": "6G"})
    assert results(run(folder, cluster, store)) == {"large": "ran"}
    shown = folder.outputs("output/large.ipynb")
    assert str(cluster.base / "one") in shown and shown.split()[-1] == "2"


def test_what_no_worker_has(cluster: Cluster, chain: Folder, store: str) -> None:
    chain.task("train", "1", resources={"gpus": 1, "memory": "2G"})
    with pytest.raises(UserError, match="task 'train' asks for cpus=1 memory=2e\\+09 gpus=1, and no worker has that"):
        run(chain, cluster, store)


def test_another_version_of_a_library(
    cluster: Cluster, folder: Folder, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = folder.root.parent / "near/site-packages"
    for place, version in ((cluster.base / "far/site-packages", "2.0"), (near, "1.0")):
        (place / "somelib.dist-info").mkdir(parents=True)
        (place / "somelib.py").write_text("one = 1\n")
        (place / "somelib.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: somelib\nVersion: {version}\n")
        (place / "somelib.dist-info/top_level.txt").write_text("somelib\n")
    monkeypatch.syspath_prepend(str(near))
    folder.task("load", "import somelib\nx = somelib.one", SAVE, products=("x",))
    report = run(folder, cluster, store)
    assert results(report) == {"load": "failed"}
    error = report.failed[0].error or ""
    assert "somelib 1.0 -> somelib 2.0" in error and "--ignore-environment" in error


def test_nobody_there(chain: Folder, store: str, cluster: Cluster) -> None:
    with pytest.raises(UserError, match="need a store that all of them see"):
        run(chain, cluster, None)
    chosen = Options(engine="dask", scheduler=f"tcp://127.0.0.1:{free_port()}")
    with (
        Project(chain.root, store=store) as project,
        pytest.raises(UserError, match="no Dask scheduler answers at tcp"),
    ):
        build(project, chosen)


def test_a_cluster_on_this_machine(chain: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    # new processes of Dask look at the spec of this module, and other tests leave one without
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    names = [f"t{index}" for index in range(4)]
    for name in names:
        chain.task(name, load("load"), "x", upstream=("load",))
    assert set(results(run(chain, None, None, jobs=2)).values()) == {"ran"}
    assert chain.stale() == {}
    left = [path.name for path in (chain.root / ".soorgeon-clone").iterdir()]
    assert not [name for name in left if name.startswith("store-")]


def test_elements_that_are_known_when_it_runs(cluster: Cluster, folder: Folder, store: str) -> None:
    folder.task("load", "x = {'a': (1,), 'b': (2,), 'c': 3}", SAVE, products=("x",))
    folder.script("fit", "x = pickle.load(open(item, 'rb'))[0] if isinstance(item, str) else item", SAVE)
    product = {"nb": "output/fit-[[key]].ipynb", "x": "output/fit-[[key]].pkl"}
    folder.declare(source="tasks/fit.py", name="fit-[[key]]", product=product, foreach="load")
    gather = "x = [pickle.load(open(one['x'], 'rb')) for one in upstream['fit-*'].values()]"
    folder.task("gather", gather, SAVE, upstream=("fit-*",), products=("x",))
    assert set(results(run(folder, cluster, store)).values()) == {"ran"}
    assert folder.load("output/gather-x.pkl") == [1, 2, 3]
    edit(folder, "tasks/load.py", "(2,)", "(5,)")
    found = results(run(folder, cluster, store))
    assert {name for name, result in found.items() if result == "ran"} == {"load", "fit-elements", "fit-b", "gather"}
    assert folder.load("output/gather-x.pkl") == [1, 5, 3]
    assert folder.stale() == {}
