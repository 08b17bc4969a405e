"""Projects to build, and a cache of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from project_folder import SAVE, Folder, load


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(folder))
    return folder


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache: what is stale runs."""
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """An empty project."""
    return Folder(tmp_path / "project")


@pytest.fixture
def chain(folder: Folder) -> Folder:
    """load -> fit: load makes x = [1, 2, 3], fit shows clean(x) of exported.py and saves it."""
    folder.write("exported.py", "def clean(x):\n    return [one + 1 for one in x]\n\n\ndef unused(x):\n    return x\n")
    folder.task("load", "x = [1, 2, 3]", SAVE, products=("x",))
    folder.task(
        "fit",
        "from exported import clean",
        load("load"),
        "x = clean(x)\nx",
        SAVE,
        upstream=("load",),
        products=("x",),
    )
    return folder
