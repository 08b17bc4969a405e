"""The cache brings back products of earlier states, in this and other checkouts, and never a wrong one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from project_folder import SAVE, Folder, load

from soorgeon_clone.files.cache_folder import default_folder
from soorgeon_clone.pipeline.products.cache import collect, usage


def git(root: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(root), *arguments],
        check=True,
        capture_output=True,
    )


def edit(folder: Folder, old: str, new: str, path: str = "tasks/load.py") -> None:
    text = (folder.root / path).read_text()
    assert old in text
    (folder.root / path).write_text(text.replace(old, new))


def objects(cache: Path) -> list[Path]:
    return [path for path in (cache / "objects").rglob("*") if path.is_file()]


def test_going_back_to_earlier_code_runs_nothing(chain: Folder) -> None:
    chain.build()
    first = {path: path.read_bytes() for path in (chain.root / "output").iterdir()}
    edit(chain, "[1, 2, 3]", "[7]")
    assert chain.ran() == ["load", "fit"]
    edit(chain, "[7]", "[1, 2, 3]")
    assert chain.status()["load"].line == "cached: code changed"
    assert {name: one.cached for name, one in chain.status().items()} == {"load": True, "fit": True}
    assert chain.results() == {"load": "restored", "fit": "restored"}
    assert {path: path.read_bytes() for path in (chain.root / "output").iterdir()} == first
    edit(chain, "[1, 2, 3]", "[7]")
    assert chain.results() == {"load": "restored", "fit": "restored"}
    assert chain.load("output/fit-x.pkl") == [8]


def test_a_product_that_was_lost_or_spoiled_comes_back(chain: Folder) -> None:
    chain.build()
    (chain.root / "output/load-x.pkl").unlink()
    (chain.root / "output/fit-x.pkl").write_bytes(b"spoiled in its place")
    assert chain.results() == {"load": "restored", "fit": "restored"}
    assert chain.load("output/fit-x.pkl") == [2, 3, 4]


def test_deleted_records_are_proved_by_the_cache(chain: Folder) -> None:
    chain.build()
    shutil.rmtree(chain.root / ".soorgeon-clone")
    assert chain.stale() == {}
    assert chain.results() == {"load": "up to date", "fit": "up to date"}
    (chain.root / "output/load-x.pkl").write_bytes(b"spoiled")
    shutil.rmtree(chain.root / ".soorgeon-clone")
    assert chain.results() == {"load": "restored", "fit": "up to date"}


def test_checkouts_share_it(chain: Folder, tmp_path: Path) -> None:
    git(chain.root, "init", "-q")
    chain.write(".gitignore", "output\n.soorgeon-clone\n")
    git(chain.root, "add", ".")
    git(chain.root, "commit", "-qm", "first")
    chain.build()
    other = Folder(tmp_path / "other")
    git(tmp_path, "clone", "-q", str(chain.root), str(other.root))
    assert other.results() == {"load": "restored", "fit": "restored"}
    assert other.load("output/fit-x.pkl") == [2, 3, 4]
    (other.root / "output/fit-x.pkl").write_bytes(b"edited in its place")
    assert chain.stale() == {}


def test_projects_that_only_look_alike_do_not(chain: Folder, tmp_path: Path) -> None:
    chain.build()
    other = Folder(tmp_path / "other")
    shutil.copytree(chain.root, other.root, ignore=shutil.ignore_patterns("output", ".soorgeon-clone"))
    assert other.ran() == ["load", "fit"]


def test_a_checkout_with_other_data_runs(folder: Folder, tmp_path: Path) -> None:
    folder.write("data.csv", "1")
    folder.task("load", "x = open('data.csv').read()", SAVE, products=("x",))
    git(folder.root, "init", "-q")
    git(folder.root, "add", ".")
    git(folder.root, "commit", "-qm", "first")
    folder.build()
    other = Folder(tmp_path / "other")
    git(tmp_path, "clone", "-q", str(folder.root), str(other.root))
    (other.root / "data.csv").write_text("2")
    assert other.ran() == ["load"]
    (folder.root / "data.csv").write_text("2")
    assert folder.results() == {"load": "restored"}
    assert folder.load("output/load-x.pkl") == "2"


def test_files_written_without_being_declared_come_back_too(folder: Folder) -> None:
    folder.task("load", "open('extra.txt', 'w').write('side')", "x = 1", SAVE, products=("x",))
    folder.build()
    (folder.root / "extra.txt").unlink()
    assert folder.results() == {"load": "restored"}
    assert (folder.root / "extra.txt").read_text() == "side"


DAMAGE = {
    "an object is cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "an object is empty": lambda path: path.write_bytes(b""),
    "an object is gone": Path.unlink,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_objects_are_never_used(damage: object, chain: Folder, cache: Path) -> None:
    chain.build()
    shutil.rmtree(chain.root / "output")
    for path in objects(cache):
        damage(path)  # type: ignore[operator]
    assert chain.ran() == ["load", "fit"]
    assert chain.load("output/fit-x.pkl") == [2, 3, 4]
    shutil.rmtree(chain.root / "output")
    assert chain.results() == {"load": "restored", "fit": "restored"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"products": 1}', b'{"products": {"a": 1}}', b"\xff"])
def test_damaged_manifests_are_never_used(content: bytes, chain: Folder, cache: Path) -> None:
    chain.build()
    shutil.rmtree(chain.root / "output")
    for path in (cache / "manifests").rglob("*.json"):
        path.write_bytes(content)
    assert chain.ran() == ["load", "fit"]


def test_a_cache_that_cannot_be_written_is_no_failure(
    chain: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(blocked / "cache"))
    assert chain.ran() == ["load", "fit"]
    assert chain.ran() == []


def test_an_edit_in_place_of_a_large_product_does_not_reach_later_builds(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large products are hard links to the cache: then the cache holds the edited bytes, and must notice."""
    monkeypatch.setattr("soorgeon_clone.pipeline.products.cache._LINK_FROM", 1000)
    folder.task("load", "x = b'1' * 5000", SAVE, products=("x",))
    folder.build()
    with (folder.root / "output/load-x.pkl").open("r+b") as file:
        file.seek(2000)
        file.write(b"edited")
    assert folder.results() == {"load": "ran"}
    assert folder.load("output/load-x.pkl") == b"1" * 5000


def test_large_products_are_read_beside_the_next_task(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Downstream tasks that must run in any case start before the digest is known; the records are complete after."""
    monkeypatch.setattr("soorgeon_clone.pipeline.building.attempt._LARGE", 100)
    folder.task("a", "x = b'1' * 5000", SAVE, products=("x",))
    folder.task("b", load("a"), "x += b'2'", SAVE, upstream=("a",), products=("x",))
    folder.task("c", load("b"), "len(x)", upstream=("b",))
    assert folder.ran() == ["a", "b", "c"]
    assert "5001" in folder.outputs("output/c.ipynb")
    assert folder.ran() == []
    edit(folder, "b'1' * 5000", "b'1' * 4999 + b'1'", "tasks/a.py")
    assert folder.ran() == ["a"]
    edit(folder, "b'1' * 4999 + b'1'", "b'3' * 5000", "tasks/a.py")
    assert folder.ran() == ["a", "b", "c"]
    edit(folder, "b'3' * 5000", "b'1' * 5000", "tasks/a.py")
    assert folder.results() == {"a": "restored", "b": "restored", "c": "up to date"}
    assert folder.ran(force=True) == ["a", "b", "c"]
    assert folder.ran() == []


def test_the_limit_removes_what_was_used_least_recently(chain: Folder, cache: Path) -> None:
    chain.build()
    edit(chain, "[1, 2, 3]", "[7]")
    chain.build()
    total = usage(cache)
    assert total.objects == len(objects(cache)) > 0
    for age, path in enumerate(sorted(objects(cache))):
        os.utime(path, (1000 + age, 1000 + age))
    oldest = min(objects(cache), key=lambda path: path.stat().st_mtime)
    after = collect(cache, total.bytes - 1)
    assert (after.objects, after.removed_objects) == (total.objects - 1, 1)
    assert not oldest.exists()
    assert collect(cache, 0).objects == 0
    assert not list((cache / "manifests").rglob("*.json"))
    assert chain.ran() == []


def test_it_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    assert default_folder() is None


def test_a_build_keeps_the_cache_within_its_limit(chain: Folder, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE_LIMIT", "1kB")
    chain.build()
    assert usage(cache).bytes <= 1000


def test_status_and_build_agree_about_tasks_that_write_files(folder: Folder) -> None:
    """Their products are in the cache, the files that they leave may not be: nothing is brought back."""
    folder.task("write", "open('left' + '-behind', 'w').close()", "x = 1", SAVE, products=("x",))
    script = folder.root / "tasks/write.py"
    script.write_text(script.read_text().replace("# %%\nopen", '# %% tags=["soorgeon-writes-files"]\nopen'))
    assert folder.ran() == ["write"]
    (folder.root / "output/write-x.pkl").unlink()
    (folder.root / "left-behind").unlink()
    assert not folder.status()["write"].cached
    assert folder.ran() == ["write"]
    assert (folder.root / "left-behind").exists()
    shutil.rmtree(folder.root / ".soorgeon-clone")
    assert folder.stale() == {"write": "NEVER_RAN"}
    assert folder.ran() == ["write"]
