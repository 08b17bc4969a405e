"""Many files: in processes or not, from the cache or not, results are the same and in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lint.notebooks import ipynb
from soorgeon_clone.files import regular
from soorgeon_clone.lint import cache
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.run import Request, lint, run

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
    assert len(list(own_cache.rglob("lint/*/*"))) == len(FILES)
    assert run(requests, jobs=1) == plain


def test_a_damaged_cache_is_no_trouble(own_cache: Path) -> None:
    requests = [Request(path, Settings()) for path in FILES[:8]]
    plain = run(requests, jobs=1)
    for number, file in enumerate(sorted(own_cache.rglob("lint/*/*"))):
        file.write_bytes([b"", b"{", b"[]", b'{"note": "", "diagnostics": [[1]]}'][number % 4])
    assert run(requests, jobs=1) == plain


def test_the_cache_knows_what_a_result_depends_on(tmp_path: Path) -> None:
    data = ipynb("print(x)")
    codes = ("SG201",)
    base = cache.key(data, Path("a.ipynb"), Settings(), codes)
    others = [
        cache.key(data + b" ", Path("a.ipynb"), Settings(), codes),
        cache.key(data, Path("b.ipynb"), Settings(), codes),
        cache.key(data, Path("a.ipynb"), Settings(severity={"SG2": "info"}), codes),
        cache.key(data, Path("a.ipynb"), Settings(), ("SG202",)),
    ]
    assert len({base, *others}) == 5
    assert cache.key(data, Path("elsewhere/a.ipynb"), Settings(), codes) == base


def test_the_same_content_elsewhere_gets_its_own_path(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.ipynb").write_bytes(ipynb("print(x)"))
    results = run([Request(tmp_path / folder / "x.ipynb", Settings()) for folder in ("one", "two")])
    assert [one.diagnostics[0].file for one in results] == [str(tmp_path / f / "x.ipynb") for f in ("one", "two")]


def test_concurrent_runs(own_cache: Path) -> None:
    requests = [Request(path, Settings()) for path in FILES[:20]]
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: [lint(one) for one in requests], range(8)))
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
