"""The notebooks of fixtures/: each task shows what its section shows, and independent sections stay independent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from oracle.running import compare, run_pipeline, run_straight

NOTEBOOKS = Path(__file__).parents[1] / "fixtures" / "notebooks"

# notebook -> its tasks with their upstream
PLANS: dict[str, dict[str, set[str]]] = {
    "housing": {
        "load": set(),
        "clean": {"load"},
        "train-test-split": {"clean"},  # the constants at the top are in exported.py
        "linear-regression": {"train-test-split"},
        "random-forest-regressor": {"train-test-split"},
    },
}


@pytest.mark.parametrize("name", sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")))
def test_pipeline_shows_what_the_notebook_shows(name: str, tmp_path: Path) -> None:
    straight, pipeline = (_copy(tmp_path / folder) for folder in ("straight", "pipeline"))
    expected = run_straight(straight / f"{name}.ipynb")
    built = run_pipeline(pipeline / f"{name}.ipynb")
    found = compare(expected, built.cells, [straight, pipeline])
    assert not found, "\n".join(map(str, found))
    if name in PLANS:
        assert {task: set(upstream) for task, upstream in built.upstream.items()} == PLANS[name]


@pytest.mark.parametrize("name", ["housing", pytest.param("timeseries", marks=pytest.mark.long)])
def test_into_another_folder(name: str, tmp_path: Path) -> None:
    straight, source = (_copy(tmp_path / folder) for folder in ("straight", "notebooks"))
    expected = run_straight(straight / f"{name}.ipynb")
    into = tmp_path / "elsewhere"
    built = run_pipeline(source / f"{name}.ipynb", folder=into)
    found = compare(expected, built.cells, [straight, source, into])
    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("name", ["magics", pytest.param("survey", marks=pytest.mark.long)])
def test_the_runner_shows_what_jupyter_shows(name: str, tmp_path: Path) -> None:
    ours, kernels = (_copy(tmp_path / folder) for folder in ("ours", "kernel"))
    expected = run_straight(kernels / f"{name}.ipynb", isolation="kernel")
    found = compare(expected, run_straight(ours / f"{name}.ipynb"), [ours, kernels])
    assert not found, "\n".join(map(str, found))


def _copy(folder: Path) -> Path:
    shutil.copytree(NOTEBOOKS, folder)
    return folder
