"""A store that is made smaller loses nothing that is of use, also while others build."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from project_folder import SAVE, Folder, load
from s3_server import CREDENTIALS, make_bucket, s3_server

from soorgeon_clone.cli.cache import command
from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.products.manifest import files, from_json
from soorgeon_clone.pipeline.products.prune import Pruned, Survey, leased, prunable, prune, survey
from soorgeon_clone.pipeline.products.remote import open_remote
from soorgeon_clone.pipeline.products.store import family
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    folder = Folder(tmp_path / "project")
    folder.task("load", "x = 'first'", SAVE, products=("x",))
    folder.task("fit", load("load"), "x += '!'", SAVE, upstream=("load",), products=("x",))
    monkeypatch.chdir(folder.root)
    return folder


def published(folder: Folder, store: str) -> list[str]:
    with Project(folder.root, store=store) as project:
        report = build(project, Options())
    assert report.ok
    return [run.result for run in report.runs]


def look(folder: Folder, store: str) -> Survey:
    with Project(folder.root, store=store) as project:
        assert project.store is not None
        families = {family(project.own_digest(task)): task.name for task in project.dag.tasks.values()}
        products = {frozenset(one.path for one in task.products): task.name for task in project.dag.tasks.values()}
        return survey(project.store.remote, families, products)


def pruned(folder: Folder, store: str, before: float | None = None) -> Pruned:
    remote = open_remote(store, folder.root)
    return prune(remote, lambda: look(folder, store), time.time() + 1 if before is None else before)


def lost(store: str) -> list[str]:
    """The objects that manifests name and that are not there."""
    remote = open_remote(store, Path("/"))
    found = []
    for key in remote.names("manifests"):
        manifest = from_json(remote.read(key) or b"")
        assert manifest is not None
        found += [one for _, one in files(manifest) if not remote.exists(f"objects/{one[:2]}/{one}")]
    return found


def test_what_no_task_of_today_can_use_goes(folder: Folder, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    published(folder, store)
    folder.script("load", "x = 'second'", SAVE)
    published(folder, store)
    before = look(folder, store)
    # 'fit' has not changed: what it made of the first 'load' would be of use again.
    assert sorted((one.task, one.current) for one in before.held) == [
        ("fit", True),
        ("fit", True),
        ("load", False),
        ("load", True),
    ]
    assert all(one.bytes > 0 for one in before.held)
    went = pruned(folder, store)
    assert (len(went.manifests), len(went.objects)) == (1, 2)
    assert look(folder, store).bytes == before.bytes - went.bytes
    assert lost(store) == []
    assert pruned(folder, store) == Pruned((), (), 0)
    other = Folder(tmp_path / "other")
    for path in ("pipeline.yaml", "tasks/load.py", "tasks/fit.py"):
        other.write(path, (folder.root / path).read_text())
    assert published(other, store) == ["restored", "restored"]


def test_what_is_young_stays(folder: Folder, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    published(folder, store)
    folder.script("load", "x = 'second'", SAVE)
    published(folder, store)
    assert pruned(folder, store, before=time.time() - 3600) == Pruned((), (), 0)


def test_what_a_build_has_a_lease_on_stays(folder: Folder, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    published(folder, store)
    with Project(folder.root, store=store) as project:
        assert project.store is not None
        for name in ("aa", "bb"):
            project.store.remote.write(f"objects/{name}/{name * 20}", b"source")
        lease = project.store.lease(["aa" * 20])
        assert list(pruned(folder, store).objects) == [f"objects/bb/{'bb' * 20}"]
        assert leased(project.store.remote, time.time() + 8 * 24 * 3600) == frozenset(), "of a build that was killed"
        project.store.release(lease)
    assert list(pruned(folder, store).objects) == [f"objects/aa/{'aa' * 20}"]


def test_a_bucket(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server(tmp_path) as port:
        make_bucket(port, "pruned")
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}.items():
            monkeypatch.setenv(name, value)
        store = "s3://pruned/project"
        published(folder, store)
        folder.script("load", "x = 'second'", SAVE)
        published(folder, store)
        went = pruned(folder, store)
        assert (len(went.manifests), len(went.objects)) == (1, 2)
        assert lost(store) == []


def test_builders_at_work_lose_nothing(folder: Folder, tmp_path: Path) -> None:
    """One builder goes back and forth between states, so that it finds objects that are of no use to the other."""
    store = str(tmp_path / "store")
    other = Folder(tmp_path / "other")
    other.task("load", "x = 0", SAVE, products=("x",))
    problems: list[BaseException] = []
    done = threading.Event()

    def prune_again_and_again() -> None:
        try:
            while not done.wait(0.02):  # the builder is to have its turn
                pruned(folder, store)
        except BaseException as error:
            problems.append(error)

    thread = threading.Thread(target=prune_again_and_again)
    published(folder, store)
    thread.start()
    try:
        for number in range(12):
            other.script("load", f"x = {number % 3}", SAVE)
            published(other, store)
    finally:
        done.set()
        thread.join()
    assert not problems
    assert lost(store) == []


def test_on_the_command_line(folder: Folder, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    published(folder, store)
    folder.script("load", "x = 'second'", SAVE)
    published(folder, store)

    def shown(*arguments: str) -> str:
        result = CliRunner().invoke(command, [*arguments, "--store", store])
        assert result.exit_code == 0, result.output + repr(result.exception)
        return result.stdout

    table = shown("show").splitlines()
    assert table[0].split()[:3] == ["task", "states", "size"]
    assert [line.split()[:2] for line in table[1:3]] == [["load", "2"], ["fit", "2"]]
    assert "0 states and 0 files with 0 bytes would go." in shown("prune", "--dry-run")
    assert "1 states and 2 files with" in shown("prune", "--dry-run", "--older-than", "0s")
    assert len(look(folder, store).held) == 4
    assert "removed." in shown("prune", "--older-than", "0s")
    assert len(look(folder, store).held) == 3
    assert prunable(look(folder, store), frozenset(), time.time() + 1) == Pruned((), (), 0)
    result = CliRunner().invoke(command, ["prune", "--store", store, "--older-than", "soon"])
    assert "is no age such as" in result.output


def test_the_cache_of_this_machine(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked after by task as well, and what other projects have there stays."""

    def built() -> list[str]:
        with Project(".") as project:
            return [run.result for run in build(project, Options()).runs]

    def told(*arguments: str) -> str:
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code == 0, result.output + repr(result.exception)
        return result.stdout

    built()
    folder.script("load", "x = 'second'", SAVE)
    built()
    other = Folder(tmp_path / "other")
    other.task("load", "x = 'third'", SAVE, products=("x",))
    monkeypatch.chdir(other.root)
    built()
    monkeypatch.chdir(folder.root)
    for options in ([], ["--local", "--store", str(tmp_path / "store")]):
        table = [line.split() for line in told("show", *options).splitlines()]
        assert [row[:2] for row in table[1:3]] == [["load", "2"], ["fit", "2"]]
        assert table[3][:3] == ["(other", "projects)", "1"]
    assert "0 states and 0 files" in told("prune")
    assert "1 states and 2 files" in told("prune", "-n", "--older-than", "0s")
    assert "1 states and 2 files" in told("prune", "--older-than", "0s")
    assert "0 states and 0 files" in told("prune", "-n", "--older-than", "0s")
    (folder.root / "output").rename(folder.root / "away")
    assert built() == ["restored", "restored"]
    monkeypatch.chdir(other.root)
    (other.root / "output").rename(other.root / "away")
    assert built() == ["restored"]
    assert "would go" in told("gc", "--all", "--dry-run")
    assert "0 bytes in 0 files remain" in told("gc", "--all")
    assert not [path for path in (tmp_path / "cache" / "manifests").rglob("*") if path.is_file()]
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    assert "no store, and the cache is switched off" in str(CliRunner().invoke(command, ["show"]).exception)
