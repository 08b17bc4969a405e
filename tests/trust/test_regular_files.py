"""A pipe, a socket or a device in the place of a file is told or left alone: no command waits for it or reads on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from special_files import unix_socket

from trust.guard import command, memory, said
from trust.hostile import code, markdown, notebook

NOTEBOOK = notebook(markdown("## A"), code("import numpy\nx = 1"), markdown("## B"), code("print(x)"))
COMMANDS = {
    "lint": ["lint", "--no-cache"],
    "fix": ["lint", "--no-cache", "--fix"],
    "clean": ["clean"],
    "refactor": ["refactor", "--dry-run"],
    "refactor-into": ["refactor", "--into", "out"],
    "test": ["test"],
    "verify": ["verify"],
}


KINDS: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "socket": unix_socket,
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "terminal": lambda path: path.symlink_to("/dev/ptmx"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    (place / ".git").mkdir()
    return place


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("suffix", ["ipynb", "py"])
def test_as_notebook(folder: Path, kind: str, name: str, suffix: str) -> None:
    KINDS[kind](folder / f"nb.{suffix}")
    with memory(1000):
        result = command(*COMMANDS[name], f"nb.{suffix}")
    assert result.exit_code == 2
    assert "not a file" in said(result)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["lint", "fix", "clean"])
def test_in_a_folder_that_is_searched(folder: Path, kind: str, name: str) -> None:
    (folder / "nb.ipynb").write_bytes(NOTEBOOK)
    for other in ("a.ipynb", "b.py", "c.md", "d.Rmd", ".gitignore"):
        KINDS[kind](folder / other)
    result = command(*COMMANDS[name], ".")
    assert result.exit_code in (0, 1), said(result)
    assert "a.ipynb" not in said(result)


AROUND = [
    "pyproject.toml",
    "requirements.txt",
    "environment.yml",
    ".gitignore",
    "README.md",
    "exported.py",
    "ruff.toml",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", ["lint", "clean", "refactor", "refactor-into"])
def test_beside_the_notebook(folder: Path, kind: str, around: str, name: str) -> None:
    (folder / "nb.ipynb").write_bytes(NOTEBOOK)
    KINDS[kind](folder / around)
    with memory(1000):
        result = command(*COMMANDS[name], "nb.ipynb")
    assert result.exit_code in (0, 1) or (result.exit_code == 2 and around in said(result)), said(result)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("around", ["README.md", ".gitignore", "requirements.txt", ".soorgeon-clone/generated.json"])
def test_where_refactor_writes(folder: Path, kind: str, around: str) -> None:
    (folder / "nb.ipynb").write_bytes(NOTEBOOK)
    (folder / "out" / ".soorgeon-clone").mkdir(parents=True)
    KINDS[kind](folder / "out" / around)
    with memory(1000):
        result = command("refactor", "--into", "out", "nb.ipynb")
    assert result.exit_code == 2
    assert around in said(result)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_notebook_runs_or_imports(folder: Path, kind: str) -> None:
    (folder / "nb.ipynb").write_bytes(
        notebook(markdown("## A"), code("%run script.py\nfrom local import *"), markdown("## B"), code("print(y)"))
    )
    for name in ("script.py", "local.py"):
        KINDS[kind](folder / name)
    for one in ("lint", "refactor"):
        with memory(1000):
            assert command(*COMMANDS[one], "nb.ipynb").exit_code in (0, 1)


@pytest.mark.parametrize("name", ["lint", "fix", "clean", "refactor"])
def test_standard_input_may_be_a_pipe(folder: Path, name: str) -> None:
    import subprocess
    import sys

    arguments = [sys.executable, "-m", "soorgeon_clone", *COMMANDS[name], "-"]
    done = subprocess.run(arguments, input=NOTEBOOK, capture_output=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()


@pytest.mark.parametrize("length", [240, 300, 5000])
@pytest.mark.parametrize("name", ["lint", "fix", "clean", "refactor", "test"])
def test_names_longer_than_the_file_system_takes(folder: Path, name: str, length: int) -> None:
    given = "n" * length + ".ipynb"
    if length < 250:
        (folder / given).write_bytes(NOTEBOOK)
        if name == "test":
            return
    result = command(*COMMANDS[name], given)
    assert result.exit_code == 2 or length < 250, said(result)


@pytest.mark.parametrize("name", ["lint", "fix", "clean", "refactor", "test"])
def test_names_with_a_nul(name: str) -> None:
    assert command(*COMMANDS[name], "a\0b.ipynb").exit_code == 2
