"""Machines that share a store: what one made, no other makes again, whatever the network does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from project_folder import SAVE, Folder, executor, load
from s3_server import CREDENTIALS, free_port, make_bucket, s3_server
from tcp_proxy import Proxy

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Options, Report
from soorgeon_clone.pipeline.products import remote as remotes
from soorgeon_clone.pipeline.products.manifest import files, from_json
from soorgeon_clone.pipeline.products.remote import Folder as FolderStorage
from soorgeon_clone.pipeline.products.remote import open_remote
from soorgeon_clone.pipeline.run import build, run_task
from soorgeon_clone.pipeline.state.content import file_digest
from soorgeon_clone.pipeline.status.project import Project


@dataclass
class Machine:
    """A checkout with a cache of its own."""

    folder: Folder
    cache: Path
    store: str

    def _project(self) -> Project:
        os.environ["SOORGEON_CLONE_CACHE"] = str(self.cache)
        return Project(self.folder.root, store=self.store)

    def build(self, **options: Any) -> Report:
        with self._project() as project:
            return build(project, Options(**options), executor=executor())

    def results(self, **options: Any) -> dict[str, str]:
        report = self.build(**options)
        assert report.problem is None
        return {run.name: run.result for run in report.runs}

    def task(self, name: str, *, fetch: bool = True, **options: Any) -> str:
        with self._project() as project:
            report = run_task(project, name, Options(**options), fetch=fetch)
        assert report.ok, (report.problem, report.runs[0].error)
        return report.runs[0].result

    def status(self) -> dict[str, str]:
        with self._project() as project:
            return {one.name: one.line for one in project.status()}

    def outputs(self) -> dict[str, bytes]:
        output = self.folder.root / "output"
        return {path.name: path.read_bytes() for path in output.iterdir()} if output.is_dir() else {}


class World:
    """A store, and machines that see it. ``proxy`` stands between them and an S3 server."""

    def __init__(self, base: Path, url: str, proxy: Proxy | None, content: Any) -> None:
        self.base, self.url, self.proxy, self.content = base, url, proxy, content
        self.count = 0

    def machine(self, folder: Folder) -> Machine:
        """Another machine with the sources of a project, and nothing else."""
        self.count += 1
        root = self.base / f"machine{self.count}" / "project"
        shutil.copytree(folder.root, root, ignore=shutil.ignore_patterns("output", ".soorgeon-clone", "__pycache__"))
        twin = Folder(root)
        twin.entries = list(folder.entries)
        return Machine(twin, root.parent / "cache", self.url)

    def check(self) -> int:
        """All that manifests in the store name is there and whole. How many manifests there are."""
        found: dict[str, bytes] = self.content()
        manifests = {key: from_json(text) for key, text in found.items() if key.startswith("manifests/")}
        for key, manifest in manifests.items():
            assert manifest is not None, key
            for path, digest in files(manifest):
                assert f"objects/{digest[:2]}/{digest}" in found, f"{key} names {path}, which is not there"
        for key, content in found.items():
            if key.startswith("objects/"):
                copy = self.base / "object"
                copy.write_bytes(content)
                assert file_digest(copy) == key.rsplit("/", 1)[1], f"{key} is damaged"
        return len(manifests)


@pytest.fixture(scope="module")
def s3_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with s3_server(tmp_path_factory.mktemp("s3")) as port:
        yield port


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remotes, "PAUSE", 0.02)


@pytest.fixture
def shared(tmp_path: Path) -> World:
    """A shared folder."""
    store = tmp_path / "store"

    def content() -> dict[str, bytes]:
        there = [path for path in store.rglob("*") if path.is_file() and not path.name.startswith(".")]
        return {path.relative_to(store).as_posix(): path.read_bytes() for path in there}

    return World(tmp_path, str(store), None, content)


@pytest.fixture
def s3(tmp_path: Path, s3_port: int, monkeypatch: pytest.MonkeyPatch, request: Any) -> Iterator[World]:
    """A bucket."""
    name = f"bucket-{abs(hash(request.node.name)) % 10**9}"
    client = make_bucket(s3_port, name)

    def content() -> dict[str, bytes]:
        keys = [
            one["Key"]
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=name)
            for one in page.get("Contents", ())
        ]
        return {key.removeprefix("a/b/"): client.get_object(Bucket=name, Key=key)["Body"].read() for key in keys}

    for variable, value in CREDENTIALS.items():
        monkeypatch.setenv(variable, value)
    with Proxy(s3_port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.port}")
        yield World(tmp_path, f"s3://{name}/a/b", proxy, content)


@pytest.fixture(params=["shared", "s3"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


def environment(machine: Machine) -> dict[str, str]:
    """What a program on this machine finds in its environment."""
    return {**os.environ, "SOORGEON_CLONE_CACHE": str(machine.cache), "PYTHONPATH": str(Path(__file__).parents[3])}


RESTORED = {"load": "restored", "fit": "restored"}
UP_TO_DATE = {"load": "up to date", "fit": "up to date"}
RAN = {"load": "ran", "fit": "ran"}


def test_what_one_machine_made_no_other_makes(world: World, chain: Folder) -> None:
    first, second = world.machine(chain), world.machine(chain)
    assert second.status() == {"load": "stale: never ran", "fit": "stale: never ran; upstream is stale (load)"}
    assert first.results() == RAN
    assert world.check() == 2
    assert second.status() == {"load": "in store: never ran", "fit": "in store: never ran"}
    assert second.results() == RESTORED
    assert second.outputs() == first.outputs()
    assert second.results() == first.results() == UP_TO_DATE


def test_a_task_alone_fetches_what_it_needs_and_no_more(world: World, chain: Folder) -> None:
    chain.task("show", load("fit"), "x", upstream=("fit",))
    first, second, third = (world.machine(chain) for _ in range(3))
    assert (first.task("load"), second.task("fit")) == ("ran", "ran")
    assert set(second.outputs()) == {"load-x.pkl", "fit.ipynb", "fit-x.pkl"}
    assert third.task("show") == "ran"
    assert set(third.outputs()) == {"fit-x.pkl", "show.ipynb"}
    assert "[2, 3, 4]" in third.folder.outputs("output/show.ipynb")
    assert world.machine(chain).results() == {**RESTORED, "show": "restored"}


def test_a_task_whose_products_are_in_the_store_fetches_these_or_nothing(world: World, chain: Folder) -> None:
    world.machine(chain).build()
    second, third = world.machine(chain), world.machine(chain)
    assert second.task("fit") == "restored"
    assert set(second.outputs()) == {"fit.ipynb", "fit-x.pkl"}
    assert third.task("fit", fetch=False) == "up to date"
    assert third.outputs() == {}
    assert third.task("fit", fetch=False, force=True) == "ran"


def test_a_task_alone_replaces_what_is_older_than_the_store(world: World, chain: Folder) -> None:
    first, second = world.machine(chain), world.machine(chain)
    assert first.results() == second.results(names=frozenset({"load"})) | {"fit": "ran", "load": "ran"}
    for machine in (first, second):
        text = (machine.folder.root / "tasks/load.py").read_text()
        (machine.folder.root / "tasks/load.py").write_text(text.replace("[1, 2, 3]", "[7]"))
    assert first.task("load") == "ran"
    assert second.task("fit") == "ran"
    assert second.folder.load("output/fit-x.pkl") == [8]


def test_what_ran_again_elsewhere_counts(world: World, chain: Folder) -> None:
    """As in a schedule that runs all tasks each day, on machines that keep their caches."""
    script = chain.root / "tasks/load.py"
    script.write_text(script.read_text().replace("[1, 2, 3]", "list(__import__('os').urandom(8))"))
    first, second = world.machine(chain), world.machine(chain)
    assert (first.task("load"), first.task("fit")) == ("ran", "ran")
    assert second.task("load", force=True) == "ran"
    assert first.task("fit") == "ran"
    assert first.folder.load("output/fit-x.pkl") == [one + 1 for one in second.folder.load("output/load-x.pkl")]


def test_what_is_nowhere_is_named(world: World, chain: Folder) -> None:
    with pytest.raises(
        UserError, match="'fit' needs what 'load' makes, which is neither here nor in the store"
    ) as info:
        world.machine(chain).task("fit")
    assert "soorgeon-clone task load" in str(info.value.hint)


def test_files_with_computed_names_go_along(world: World, folder: Folder) -> None:
    folder.task(
        "load",
        'name = "a" + "b"\nopen(name + ".txt", "w").write("left behind")',
        SAVE.replace("x,", "1,"),
        products=("x",),
    )
    script = folder.root / "tasks/load.py"
    script.write_text(script.read_text() + '\n# %% tags=["soorgeon-writes-files"]\npass\n')
    folder.task("fit", load("load"), 'name = "a" + "b"\nprint(open(name + ".txt").read())', upstream=("load",))
    folder.task("show", 'name = "a" + "b"\nprint(open(name + ".txt").read())', upstream=("fit",))
    first, second, third = (world.machine(folder) for _ in range(3))
    assert first.task("load") == "ran"
    assert second.task("fit") == "ran"
    assert third.task("show") == "ran"
    assert "left behind" in third.folder.outputs("output/show.ipynb")
    # nobody can say that these are all, so that a build runs the task itself
    assert third.results() == {"load": "ran", "fit": "up to date", "show": "up to date"}


def test_folders_and_undeclared_files_come_along(world: World, folder: Folder) -> None:
    folder.script(
        "load",
        'from pathlib import Path\nout = Path(product["parts"])\n(out / "in").mkdir(parents=True)\n'
        '(out / "a").write_text("1")\n(out / "in/b").write_text("2")\nPath("side.txt").write_text("3")',
    )
    folder.declare(source="tasks/load.py", product={"nb": "output/load.ipynb", "parts": "output/parts"})
    folder.task(
        "fit",
        "from pathlib import Path",
        'print(Path(upstream["load"]["parts"], "in/b").read_text(), Path("side.txt").read_text())',
        upstream=("load",),
    )
    first, second, third = (world.machine(folder) for _ in range(3))
    assert first.task("load") == "ran"
    assert second.task("fit") == "ran"
    assert "2 3" in second.folder.outputs("output/fit.ipynb")
    assert third.results() == RESTORED
    assert (third.folder.root / "output/parts/in/b").read_text() == "2"


def test_equal_content_goes_up_once_and_what_is_here_does_not_come_down(s3: World, chain: Folder) -> None:
    proxy = s3.proxy
    assert proxy is not None
    first, second = s3.machine(chain), s3.machine(chain)
    first.build()
    up, proxy.requests = proxy.count("PUT", "/objects/"), []
    assert up == len({key for key in s3.content() if key.startswith("objects/")})
    assert first.results() == UP_TO_DATE
    assert proxy.requests == []
    # the same value by other code: only what differs goes up, and nothing comes down
    script = second.folder.root / "tasks/load.py"
    script.write_text(script.read_text().replace("[1, 2, 3]", "list(range(1, 4))"))
    assert second.results() == {"load": "ran", "fit": "restored"}
    assert proxy.count("PUT", "/objects/") == 1  # the notebook of load shows other code
    assert s3.check() == 3
    puts = [path for method, path in proxy.requests if method == "PUT"]
    assert len(puts) == len(set(puts))


def test_requests_are_collected_and_run_side_by_side(s3: World, folder: Folder) -> None:
    make = "from pathlib import Path\n\n\ndef make(product, number):\n    Path(str(product)).write_text(str(number))\n"
    folder.write("functions.py", make)
    for index in range(60):
        folder.declare(
            source="functions.make", name=f"t{index}", product=f"output/{index}.txt", params={"number": index}
        )
    proxy = s3.proxy
    assert proxy is not None
    s3.machine(folder).build()
    proxy.requests, proxy.delay, proxy.most_waiting = [], 0.05, 0
    second = s3.machine(folder)
    assert set(second.results().values()) == {"restored"}
    lists = [path for method, path in proxy.requests if "list-type=2" in path]
    assert len(lists) <= 16
    objects = proxy.count("GET", "/objects/")
    assert objects == len({key for key in s3.content() if key.startswith("objects/")})
    assert proxy.count("GET", "/manifests/") == 60
    assert len(proxy.requests) == len(lists) + objects + 60
    assert proxy.most_waiting >= 10


FAULTS = {
    "refused connections": {"refuse": 5},
    "downloads that are cut": {"cut": 4, "after": 300, "direction": "down"},
    "uploads that are cut": {"cut": 3, "after": 700, "direction": "up"},
    "slow answers": {"delay": 0.3},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_faults_that_pass_cost_a_retry(s3: World, chain: Folder, fault: dict[str, Any]) -> None:
    assert s3.proxy is not None
    vars(s3.proxy).update(fault)
    assert s3.machine(chain).results() == RAN
    assert s3.check() == 2
    vars(s3.proxy).update(fault)
    assert s3.machine(chain).results() == RESTORED


def test_an_upload_that_never_succeeds_fails_the_build_and_is_made_up_for(s3: World, chain: Folder) -> None:
    assert s3.proxy is not None
    machine = s3.machine(chain)
    machine.build(names=frozenset({"load"}))
    vars(s3.proxy).update(cut=10_000, after=1500, direction="up")
    report = machine.build()
    assert [run.result for run in report.runs] == ["up to date", "ran"]
    assert not report.ok
    assert report.problem is not None and s3.url in report.problem and "run the command again" in report.problem
    s3.proxy.cut = 0
    s3.check()
    assert s3.machine(chain).status()["fit"].startswith("stale")
    assert machine.results() == UP_TO_DATE
    assert s3.machine(chain).results() == RESTORED


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_upload_is_no_product(s3: World, chain: Folder) -> None:
    assert s3.proxy is not None
    chain.write("exported.py", "import os\n\n\ndef clean(x):\n    return os.urandom(3_000_000)\n")
    machine = s3.machine(chain)
    s3.proxy.delay = 0.2
    command = [sys.executable, "-m", "soorgeon_clone", "build", "--store", s3.url]
    running = subprocess.Popen(command, cwd=machine.folder.root, env=environment(machine), stderr=subprocess.DEVNULL)
    while not s3.proxy.count("PUT", "/objects/"):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    s3.proxy.delay = 0
    time.sleep(0.3)
    assert s3.check() <= 1
    assert machine.build().ok
    assert s3.machine(chain).results() == RESTORED


def test_a_damaged_object_is_made_again_and_mended(shared: World, chain: Folder) -> None:
    first, second = shared.machine(chain), shared.machine(chain)
    first.build()
    digest = file_digest(first.folder.root / "output/fit-x.pkl")
    (Path(shared.url) / "objects" / digest[:2] / digest).write_bytes(b"half of it")
    assert second.results() == {"load": "restored", "fit": "ran"}
    assert shared.check() == 2


def test_lost_objects_are_made_again(world: World, chain: Folder) -> None:
    first, second = world.machine(chain), world.machine(chain)
    first.build()
    if world.proxy is None:
        shutil.rmtree(Path(world.url) / "objects")
    else:
        client = make_bucket(world.proxy.target, "other")
        bucket = world.url.split("/")[2]
        for key in world.content():
            if key.startswith("objects/"):
                client.delete_object(Bucket=bucket, Key=f"a/b/{key}")
    assert second.results() == RAN
    assert world.check() == 2


def test_a_half_written_file_in_a_shared_folder_is_not_seen(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "store")
    (tmp_path / "store/objects/ab").mkdir(parents=True)
    (tmp_path / "store/objects/ab/.abc.0f0f.part").write_bytes(b"half")
    assert storage.names("objects") == []
    assert not storage.exists("objects/ab/abc")


def test_two_machines_build_at_once(world: World, chain: Folder) -> None:
    machines = [world.machine(chain) for _ in range(3)]
    command = [sys.executable, "-m", "soorgeon_clone", "build", "--store", world.url]
    running = [
        subprocess.Popen(
            command,
            cwd=machine.folder.root,
            env=environment(machine),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for machine in machines
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert world.check() == 2
    assert len({tuple(sorted(machine.outputs().items())) for machine in machines}) == 1


def test_an_unreachable_store_is_a_clear_error(chain: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in CREDENTIALS.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    machine = Machine(chain, tmp_path / "cache", "s3://bucket/prefix")
    with pytest.raises(UserError, match="the store s3://bucket/prefix cannot be") as info:
        machine.build()
    assert "--store off" in str(info.value.hint)
    machine.store = "off"
    assert machine.results() == RAN


def test_a_bucket_or_share_that_is_not_there(s3: World, chain: Folder, tmp_path: Path) -> None:
    for url in ("s3://no-such-bucket/prefix", str(tmp_path / "not" / "mounted")):
        report = Machine(chain, tmp_path / "cache", url).build()
        assert report.problem is not None and "must exist" in report.problem


def test_refused_access_is_not_tried_again(s3: World, chain: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    machine = s3.machine(chain)
    try:
        report = machine.build()
    except UserError as error:
        assert "credentials" in str(error.hint)
    else:  # the server lets everybody in
        assert report.ok


def test_credentials_stay_where_they_are(s3: World, chain: Folder) -> None:
    machine = s3.machine(chain)
    machine.build()
    secret = CREDENTIALS["AWS_SECRET_ACCESS_KEY"].encode()
    for path in machine.folder.root.parent.rglob("*"):
        assert not path.is_file() or secret not in path.read_bytes(), path
    assert all(secret not in content for content in s3.content().values())
    with pytest.raises(UserError, match="holds a user name or a password") as info:
        open_remote("s3://key:secret@bucket/prefix", Path())
    assert "secret" not in str(info.value)


@pytest.mark.parametrize(
    ("option", "variable", "declared", "used"),
    [
        (None, None, None, None),
        (None, None, "declared", "declared"),
        (None, "variable", "declared", "variable"),
        ("option", "variable", "declared", "option"),
        ("off", "variable", "declared", None),
        (None, "off", "declared", None),
    ],
)
def test_where_the_store_is_said(
    option: str | None,
    variable: str | None,
    declared: str | None,
    used: str | None,
    chain: Folder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable:
        monkeypatch.setenv("SOORGEON_CLONE_STORE", variable)
    if declared:
        chain.write("pipeline.yaml", f"store: {declared}\n" + (chain.root / "pipeline.yaml").read_text()[1:-1])
    with Project(chain.root, store=option) as project:
        assert (project.store.url if project.store else None) == used


def test_many_threads_may_wait_for_one_remote(tmp_path: Path) -> None:
    """The store hands one remote to all of its threads."""
    remote = open_remote(str(tmp_path / "store"), tmp_path)
    threads = [threading.Thread(target=remote.write, args=("objects/aa/x", b"same")) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert remote.read("objects/aa/x") == b"same"
    assert [path.name for path in (tmp_path / "store").rglob("*") if path.is_file()] == ["x"]
