"""Nothing is imported from the working folder before the user's own code runs (all: benchmarks/trust/canaries.py)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from soorgeon_clone.pipeline.execution import boot
from soorgeon_clone.pipeline.execution.straight import run_straight
from trust.canaries import COMMANDS, LIBRARIES, MODULE, SCRIPT, STANDARD, before_us, fill, run

# One command for each way in which something is started or read; those of a kind are in the benchmark.
_SAMPLE = (
    *(("lint", "--fix", "--check-run", "note.ipynb"), ("clean", "."), ("status",), ("plot", "--output", "made.png")),
    *(("report", "--output", "made.html"), ("nb", "--inject"), ("export", "--to", "argo", "--store", "s3://bucket/x")),
    *(("refactor", "note.ipynb", "--into", "made"), ("build", "--force", "--isolation", "spawn")),
    *(("build", "--force", "--isolation", "kernel"), ("build", "--force", "--executor", "dask"), ("interact",)),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The folder, and the file in which imported canaries write."""
    base = tmp_path_factory.mktemp("canaries")
    fill(base / "project", base / "log", (*LIBRARIES, *STANDARD))
    yield base / "project", base / "log"


def test_the_sample_is_of_the_benchmark() -> None:
    assert set(_SAMPLE) <= set(COMMANDS)


def test_the_canaries_sing(place: tuple[Path, Path]) -> None:
    folder, log = place
    assert run(folder, log, (sys.executable, "-c"), ("import click, json, sitecustomize",)).imported


@pytest.mark.parametrize("command", _SAMPLE, ids=" ".join)
def test_commands(command: tuple[str, ...], place: tuple[Path, Path]) -> None:
    done = run(*place, SCRIPT, command)
    assert (done.imported, done.exit_code) == ((), 0), done.output


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes a pipe")
def test_settings_of_the_folder_are_not_even_opened(tmp_path: Path) -> None:
    fill(tmp_path / "project", tmp_path / "log", ())
    (tmp_path / "project/matplotlibrc").unlink()
    os.mkfifo(tmp_path / "project/matplotlibrc")  # who opens it waits for ever
    done = run(tmp_path / "project", tmp_path / "log", SCRIPT, ("plot", "--output", "made.png"))
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("command", [("clean", "."), ("status",)], ids=" ".join)
def test_as_a_module(command: tuple[str, ...], place: tuple[Path, Path]) -> None:
    done = run(*place, MODULE, command)
    assert set(done.imported) <= before_us(*place), "what Python itself imports for any -m"
    assert done.exit_code == 0, done.output


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python has no -P before 3.11")
def test_as_a_module_on_a_safe_path(place: tuple[Path, Path]) -> None:
    done = run(*place, (sys.executable, "-P", "-m", "soorgeon_clone"), ("status",))
    assert (done.imported, done.exit_code) == ((), 0), done.output


@pytest.mark.parametrize("safe", ["", "1"])
def test_processes_of_ours_begin_with_a_clean_path(safe: str, tmp_path: Path) -> None:
    (tmp_path / "shown.py").write_text("import sys\ndef main(*arguments):\n    print(sys.path, arguments)\n")
    environment = {"PYTHONPATH": str(tmp_path / "given"), "PYTHONSAFEPATH": safe}
    program, script, _, *_ = boot.command("shown")
    done = run(tmp_path, tmp_path / "log", (program, script, str(tmp_path)), ("shown", "a", "b"), **environment)
    path, arguments = done.output.strip().rsplit(" (", 1)
    assert arguments == "'a', 'b')"
    assert str(tmp_path / "given") in path and f"'{tmp_path}'" not in path and "''" not in path
    assert str(Path(boot.__file__).parent) not in path


@pytest.mark.parametrize("isolation", ["fork", "spawn", "kernel"])
def test_the_users_code_sees_its_own_modules_as_in_jupyter(isolation: str, tmp_path: Path) -> None:
    """Before those that are installed, but for what a kernel itself has imported; after the standard library."""
    if isolation == "fork" and not hasattr(os, "fork"):
        return
    names = ("utils", "cloudpickle", "yaml", "pathspec", "filelock", "server", "streams", "random")
    for name in names:
        (tmp_path / f"{name}.py").write_text("own = True\n")
    source = "\n".join(f"import {name}; print('{name}', hasattr({name}, 'own'))" for name in names)
    cell = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    done = run_straight(notebook, tmp_path, isolation=isolation)  # type: ignore[arg-type]
    shown = dict(line.split() for line in done.notebook["cells"][0]["outputs"][0]["text"].splitlines())
    assert shown == {**dict.fromkeys(names, "True"), "random": "False"}
