"""What goes to a store with fewer bytes comes back as it was; what is damaged, or is too much, does not."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest
from project_folder import SAVE, Folder, executor, load

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.products import compression
from soorgeon_clone.pipeline.products.compression import Compression, pack, unpack
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

TEXT = b"".join(f"{number},{number * number}\n".encode() for number in range(200_000))


def available(how: Compression) -> Compression:
    if how == "zstd":
        pytest.importorskip("zstandard")
    return how


@pytest.mark.parametrize("how", ["gzip", "zstd"])
@pytest.mark.parametrize("content", [TEXT, TEXT[:70_000], bytes(3_000_000)])
def test_it_comes_back_as_it_was(how: Compression, content: bytes, tmp_path: Path) -> None:
    source, packed, back = tmp_path / "source", tmp_path / "packed", tmp_path / "back"
    source.write_bytes(content)
    assert pack(source, packed, available(how))
    assert packed.stat().st_size < 0.5 * len(content)
    assert unpack(packed, back)
    assert back.read_bytes() == content


@pytest.mark.parametrize(("begin", "random"), [(0, 200_000), (1_000, 0), (4_000_000, 40_000_000)])
def test_what_does_not_get_smaller_is_left(begin: int, random: int, tmp_path: Path) -> None:
    source, packed = tmp_path / "source", tmp_path / "packed"
    source.write_bytes(TEXT[:begin] + os.urandom(random))
    assert not pack(source, packed, "gzip")
    assert not packed.exists()


def test_what_is_not_ours_is_left(tmp_path: Path) -> None:
    for number, content in enumerate([b"", b"soorgeon-clone", TEXT[:1000], b"soorgeon-clone gzip\nnot so"]):
        source = tmp_path / str(number)
        source.write_bytes(content)
        assert not unpack(source, tmp_path / f"back-{number}")


def test_a_few_bytes_do_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_ALLOWANCE", 1 << 20)
    monkeypatch.setattr(compression, "_MOST_GROWTH", 10)
    bomb, back = tmp_path / "bomb", tmp_path / "back"
    packed = zlib.compressobj(wbits=31)
    bomb.write_bytes(b"soorgeon-clone gzip\n" + packed.compress(bytes(50_000_000)) + packed.flush())
    assert not unpack(bomb, back)
    assert back.stat().st_size < 3 << 20


def _build(folder: Folder, store: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(cache))
    with Project(folder.root, store=str(store)) as project:
        report = build(project, Options(), executor=executor())
    assert report.ok, report
    return {run.result for run in report.runs}


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_machines_need_not_agree(how: Compression, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [Folder(tmp_path / name) for name in ("one", "two")]
    for folder in folders:
        folder.task("load", "x = list(range(100_000))", SAVE, products=("x",))
        folder.task("fit", load("load"), "x = sum(x)", SAVE, upstream=("load",), products=("x",))
    monkeypatch.setenv("SOORGEON_CLONE_STORE_COMPRESSION", available(how))
    assert _build(folders[0], tmp_path / "store", tmp_path / "cache-1", monkeypatch) == {"ran"}
    largest = max(path.stat().st_size for path in (tmp_path / "store" / "objects").rglob("*") if path.is_file())
    assert largest < 0.8 * (folders[0].root / "output/load-x.pkl").stat().st_size
    monkeypatch.delenv("SOORGEON_CLONE_STORE_COMPRESSION")
    assert _build(folders[1], tmp_path / "store", tmp_path / "cache-2", monkeypatch) == {"restored"}
    assert folders[1].load("output/load-x.pkl") == list(range(100_000))


def test_how_is_said_in_pipeline_yaml(folder: Folder, tmp_path: Path) -> None:
    folder.task("load", "x = 1", SAVE, products=("x",))
    path = folder.root / "pipeline.yaml"
    path.write_text(path.read_text().replace('{"tasks"', '{"store_compression": "rar", "tasks"'))
    with (
        pytest.raises(UserError, match="the compression of the store is 'rar'"),
        Project(folder.root, store=str(tmp_path / "store")) as project,
    ):
        project.status()
