"""What refactor writes, Ploomber builds as well, and every cell shows the same.

Ploomber gets an environment of its own, kept in pytest's cache; ``PLOOMBER=path/to/ploomber`` names one that is there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from oracle.running import compare, refactor
from ploomber_beside import ploomber

NOTEBOOKS = Path(__file__).parents[2] / "fixtures" / "notebooks"

pytestmark = pytest.mark.long
__all__ = ["ploomber"]  # a fixture


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("housing", ["--df-format", "parquet", "--file-format", "ipynb", "--into", "pipe"]),
        ("magics", []),
        ("survey", ["--serializer", "cloudpickle"]),
    ],
)
def test_ploomber_builds_it(name: str, options: list[str], ploomber: Path, tmp_path: Path) -> None:
    straight, source = tmp_path / "straight", tmp_path / "source"
    for folder in (straight, source):
        shutil.copytree(NOTEBOOKS, folder)
    report = refactor(source / f"{name}.ipynb", *options)
    root = source / report["folder"]
    # Both run in kernels of Ploomber's environment; papermill comes with Ploomber.
    _run([ploomber.with_name("papermill"), f"{name}.ipynb", "out.ipynb", "--kernel", "python3"], straight)
    _run([ploomber, "build"], root)
    cells = [cell for task in report["tasks"] for cell in _cells(root / task["products"]["nb"])]
    found = compare(_cells(straight / "out.ipynb"), cells, [straight, source])
    assert not found, "\n".join(map(str, found))


def _run(command: list[str | Path], folder: Path) -> None:
    program = Path(command[0])
    environment = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": ""}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def _cells(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if "injected-parameters" not in cell["metadata"].get("tags", [])]
