"""The user's cache: where it is, who may look into it, and what in it is no file."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from soorgeon_clone.cli.cache import command as cache_command
from soorgeon_clone.files import cache_folder
from soorgeon_clone.lint import cache as lint_cache
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.model import FileResult
from soorgeon_clone.pipeline.products.cache import Cache, collect
from soorgeon_clone.pipeline.products.manifest import Manifest
from soorgeon_clone.pipeline.state.content import file_digest, notebook_digest
from trust.site import Site, look

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


def keep_a_result(folder: Path) -> None:
    (folder / "a.ipynb").write_bytes(b"{}")
    kept = lint_cache.Kept(str(folder), Settings())
    kept.keep(folder / "a.ipynb", lint_cache.Seen((), lint_cache.digest_of(b"{}")), FileResult("a.ipynb"))
    kept.write()


@pytest.mark.parametrize("off", ["off", "OFF", "0", "no", "none", "false", "", " off "])
def test_off_is_no_folder(off: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor for results of lint, which once went to a folder of that name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", off)
    assert cache_folder.default_folder() is None and lint_cache.folder() is None
    keep_a_result(tmp_path)
    assert lint_cache.Kept(str(tmp_path), Settings()).recall(tmp_path / "a.ipynb") is None
    assert [one.name for one in tmp_path.iterdir()] == ["a.ipynb"]


@pytest.mark.parametrize("first", ["lint", "build"])
def test_only_the_user_may_look_into_the_cache(first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Products hold what the data holds, executed notebooks what was injected. Whoever makes the folder."""
    folder = tmp_path / "a/cache"
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(folder))
    if first == "lint":
        keep_a_result(tmp_path)
    else:
        (tmp_path / "x").write_text("1")
        Cache(folder, "").keep(tmp_path / "x", file_digest(tmp_path / "x"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_usual_folder_is_closed_if_an_earlier_version_left_it_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOORGEON_CLONE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    usual, named = tmp_path / "soorgeon-clone", tmp_path / "named"
    for folder in (usual, named):
        folder.mkdir()
        folder.chmod(0o755)
    cache_folder.make_private(usual)
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(named))
    cache_folder.make_private(named)
    modes = [stat.S_IMODE(folder.stat().st_mode) for folder in (usual, named)]
    assert modes == [0o700, 0o755]  # a folder that somebody named may be open on purpose


KINDS = ("pipe", "folder", "link to a device", "link to nowhere", "link to a file")


def spoil(path: Path, kind: str, outside: Path) -> None:
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        (path / "inside").mkdir(parents=True)
    else:
        targets = {"link to a device": Path("/dev/zero"), "link to nowhere": outside / "new"}
        path.symlink_to(targets.get(kind, outside / "precious"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["manifests", "objects", "size"])
def test_what_is_no_file_in_the_cache_is_nothing(what: str, kind: str, site: Site) -> None:
    """It is made again in its place; nothing hangs, and nothing is written through a link."""
    shutil.rmtree(site.store)
    (site.root / "side.txt").unlink()
    outside = look(site.outside)
    paths = [site.cache / "size"] if what == "size" else [p for p in (site.cache / what).rglob("*") if p.is_file()]
    for path in paths:
        spoil(path, kind, site.outside)
    shutil.rmtree(site.root / "output")
    expected = "restored" if what == "size" else "ran"
    assert site.results()["load"] == expected
    assert site.outputs() == site.products and look(site.outside) == outside
    shutil.rmtree(site.root / "output")
    assert site.results()["load"] == "restored"


def test_collecting_deletes_nothing_through_links(site: Site) -> None:
    elsewhere = site.outside / "objects"
    (elsewhere / "ab").mkdir(parents=True)
    (elsewhere / "ab/precious").write_text("precious")
    before = look(elsewhere)
    prefix = next((site.cache / "objects").iterdir())
    shutil.rmtree(prefix)
    prefix.symlink_to(elsewhere / "ab")
    collect(site.cache, 0)
    shutil.rmtree(site.cache / "objects")
    (site.cache / "objects").symlink_to(elsewhere)
    assert collect(site.cache, 0).objects == 0
    assert look(elsewhere) == before
    result = CliRunner().invoke(cache_command, ["gc", "--all"], env={"SOORGEON_CLONE_CACHE": str(site.cache)})
    assert result.exit_code == 0 and look(elsewhere) == before


def test_an_object_is_never_written_outside(site: Site) -> None:
    """Folders in the cache that are links, and files beside objects that somebody laid there."""
    shutil.rmtree(site.cache / "objects")
    (site.cache / "objects").symlink_to(site.outside)
    shutil.rmtree(site.store)
    outside = look(site.outside)
    report = site.build(force=True, store="off")
    assert report.ok and look(site.outside) == outside
    with site.project(store="off") as project:
        assert project.cache is not None
        project.cache.store("own", "ab", one_product(site), site.root)
        assert "it is a link" in str(project.cache.problem)
    assert look(site.outside) == outside


def one_product(site: Site) -> Manifest:
    digest = file_digest(site.root / "output/load-x.pkl")
    return Manifest({"output/load-x.pkl": (digest, digest)})


DEEP = b'{"cells": [{"outputs": [' + b"[" * 100_000


NO_NOTEBOOKS = (
    b"", b"{", b"[]", b'{"cells": 1}', b'{"cells": [1]}', b"\xff", DEEP, b'{"cells": [{"source": "\\ud800"}]}',
    b'{"cells": [{"outputs": [{"a": 1e999}]}]}',
)  # fmt: skip


@pytest.mark.parametrize("text", NO_NOTEBOOKS)
def test_a_product_that_is_called_a_notebook(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(text)
    assert len(notebook_digest(path)) == 40


def test_what_is_no_file_has_no_digest(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), Path("/dev/stdin"), tmp_path / "a\0b"):
        for digest in (file_digest, notebook_digest):
            with pytest.raises(OSError, match=r"."):
                digest(path)
