"""Ploomber in an environment of its own, in pytest's cache; ``PLOOMBER=path/to/ploomber`` names one that is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ["ploomber==0.23.3", "ipykernel", "pandas", "scikit-learn", "matplotlib", "cloudpickle", "pyarrow"]


@pytest.fixture(scope="module")
def ploomber(request: pytest.FixtureRequest) -> Path:
    if given := os.environ.get("PLOOMBER"):
        return Path(given)
    folder = Path(request.config.cache.mkdir(f"ploomber-{sys.version_info[0]}.{sys.version_info[1]}"))
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    if not (folder / "complete").exists():
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(programs / "python"), "-m", "pip", "install", "--quiet", *PACKAGES],
            [str(programs / "ploomber"), "--version"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr or done.stdout).strip().splitlines()[-1:]
                pytest.skip(f"Ploomber cannot be installed here: {' '.join(last)}")
        (folder / "complete").touch()
    return programs / "ploomber"
