"""What a running task lays down for itself is for its user alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from project_folder import Folder

from soorgeon_clone.pipeline.building.model import Options
from soorgeon_clone.pipeline.execution.straight import run_straight
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions are another thing there")

# Prints for a place whether others can reach it: no, where a folder on the way lets nobody in.
_REACHED = """
import os
from pathlib import Path
def reached(place):
    return all(folder.stat().st_mode & 0o5 for folder in Path(place).resolve().parents)
"""


def shown(source: str, folder: Path, isolation: str) -> str:
    cell = {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": _REACHED + source}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    done = run_straight(notebook, folder, isolation=isolation)  # type: ignore[arg-type]
    assert done.error is None, done.error
    text: str = done.notebook["cells"][0]["outputs"][0]["text"]
    return text


@pytest.mark.parametrize("isolation", ["fork", "spawn"])
def test_the_folder_of_the_server(isolation: str, tmp_path: Path) -> None:
    source = "print(reached(Path(get_ipython().ipython_dir) / 'x'))"
    assert shown(source, tmp_path, isolation) == "False\n"


def test_a_kernel_speaks_through_sockets_that_nobody_else_can_open(tmp_path: Path) -> None:
    source = """
import json
from ipykernel.connect import get_connection_file
file = get_connection_file()
told = json.loads(Path(file).read_text())
print(told["transport"], reached(file), reached(f"{told['ip']}-{told['iopub_port']}"), Path(file).stat().st_mode & 0o77)
"""
    assert shown(source, tmp_path, "kernel") == "ipc False False 0\n"


def test_checkouts_on_a_cluster(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "project")
    base = "[p.stat().st_mode & 0o77 for p in Path.cwd().parents if p.name == 'soorgeon-clone']"
    folder.task("look", f"from pathlib import Path\nprint({base})")
    with Project(folder.root, store="off") as project:
        assert build(project, Options(engine="dask", jobs=1)).ok
    assert folder.outputs("output/look.ipynb") == "[0]\n"
