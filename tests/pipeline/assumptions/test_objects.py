"""Kinds of objects, looked at and changed: no false alarm, and every change is seen. The table is a benchmark's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "assume" / "objects.py"


@pytest.mark.parametrize("library", ["python", "numpy", "pandas", "scikit-learn", "matplotlib", "scipy", "torch"])
def test_kinds_of_objects(library: str) -> None:
    if library == "torch":
        pytest.importorskip(library)
    done = subprocess.run([sys.executable, SCRIPT, "--only", library], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not installed: none" in done.stdout
