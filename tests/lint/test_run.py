"""Many files: in processes or not, from the cache or not, results are the same and in order."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lint.notebooks import ipynb
from soorgeon_clone.files import regular
from soorgeon_clone.lint import cache
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.run import Request, run

FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = sorted([*FIXTURES.rglob("*.ipynb"), *FIXTURES.rglob("lint/*.py")])


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_processes_and_cache_change_nothing(own_cache: Path) -> None:
    requests = [Request(path, Settings()) for path in FILES]
    plain = run(requests, jobs=1, use_cache=False)
    assert not own_cache.exists()
    assert [one.file for one in plain] == [str(path) for path in FILES]
    assert any(one.diagnostics for one in plain)
    assert run(requests, jobs=2) == plain
    assert len(list(own_cache.rglob("lint/*/*"))) == len({path.parent for path in FILES})
    assert run(requests, jobs=1) == plain


def test_a_damaged_cache_is_no_trouble(own_cache: Path) -> None:
    requests = [Request(path, Settings()) for path in FILES[:8]]
    plain = run(requests, jobs=1)
    for content in (
        b"",
        b"{",
        b"[]",
        *(f'{{"{FILES[0].name}": {one}}}'.encode() for one in ("1", "[1]", "[0, 1, 2, 3]")),
    ):
        for file in own_cache.rglob("lint/*/*"):
            file.write_bytes(content)
        assert run(requests, jobs=1) == plain


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test has just written counts as written a while ago."""
    monkeypatch.setattr(cache, "_SETTLED", 0)


def recalled(path: Path, settings: Settings) -> bool:
    return cache.Kept(str(path.parent), settings).recall(path) is not None


@pytest.mark.usefixtures("own_cache")
def test_the_cache_knows_what_a_result_depends_on(tmp_path: Path) -> None:
    path, settings = tmp_path / "a.ipynb", Settings(select=("SG201",))
    path.write_bytes(ipynb("print(x)"))
    run([Request(path, settings)])
    assert recalled(path, settings)
    assert recalled(path, Settings(select=("SG201",)))
    for other in (Settings(select=("SG202",)), Settings(select=("SG201",), severity={"SG2": "info"}), Settings()):
        assert not recalled(path, other)
    path.rename(tmp_path / "b.ipynb")
    assert not recalled(tmp_path / "b.ipynb", settings) and not recalled(path, settings)


@pytest.mark.usefixtures("own_cache", "settled")
def test_a_file_that_has_not_changed_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(ipynb("print(x)"))
    first = run([Request(path, Settings())])
    read: list[object] = []
    monkeypatch.setattr(
        regular, "read_bytes", lambda file, _read=regular.read_bytes: (read.append(file), _read(file))[1]
    )
    assert run([Request(path, Settings())]) == first
    assert path not in read
    path.write_bytes(path.read_bytes())  # as a checkout does
    assert run([Request(path, Settings())]) == first
    assert read.count(path) == 1
    assert run([Request(path, Settings())]) == first
    assert read.count(path) == 1


@pytest.mark.usefixtures("own_cache")
def test_a_file_that_has_just_changed_is_read(tmp_path: Path) -> None:
    """Its time may not tell: two writes in one tick of the clock have the same."""
    path = tmp_path / "a.ipynb"
    for name in "xyz":
        path.write_bytes(ipynb(f"print({name})"))
        os.utime(path, ns=(1, 1))
        found = run([Request(path, Settings(select=("SG202",)))])
        assert [one.finding.message for one in found[0].diagnostics] == [f"`{name}` is not defined"]


@pytest.mark.usefixtures("own_cache")
def test_results_of_the_analysis_are_not_kept(tmp_path: Path) -> None:
    """They depend on modules beside the notebook, and on what the user says about libraries."""
    path = tmp_path / "a.ipynb"
    path.write_bytes(ipynb("x = 1"))
    run([Request(path, Settings(select=("SG301",)))])
    assert not recalled(path, Settings(select=("SG301",)))


def test_the_same_content_elsewhere_gets_its_own_path(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.ipynb").write_bytes(ipynb("print(x)"))
    results = run([Request(tmp_path / folder / "x.ipynb", Settings()) for folder in ("one", "two")])
    assert [one.diagnostics[0].file for one in results] == [str(tmp_path / f / "x.ipynb") for f in ("one", "two")]


def test_concurrent_runs(own_cache: Path) -> None:
    requests = [Request(path, Settings()) for path in FILES[:20]]
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: run(requests, jobs=1), range(8)))
    assert all(one == runs[0] for one in runs)
    assert not list(own_cache.rglob(".new-*"))


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(ipynb("x = 1"))

    def refuse(_: object) -> bytes:  # who runs the tests may be root, who may read every file
        raise PermissionError

    monkeypatch.setattr(regular, "read_bytes", refuse)
    assert "no permission" in run([Request(path, Settings())])[0].trouble


def test_trouble_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text("{")
    (tmp_path / "good.ipynb").write_bytes(ipynb("print(x)\nx = 1"))
    names = ("bad.ipynb", "gone.ipynb", "good.ipynb")
    results = run([Request(tmp_path / name, Settings()) for name in names])
    assert [bool(one.trouble) for one in results] == [True, True, False]
    assert "no such file" in results[1].trouble
    assert results[2].diagnostics
