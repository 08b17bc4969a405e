"""Ploomber in an environment of its own; ``PLOOMBER=path/to/ploomber`` names one that is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from environments import environment

PACKAGES = ["ploomber==0.23.3", "ipykernel", "pandas", "scikit-learn", "matplotlib", "cloudpickle", "pyarrow"]


@pytest.fixture(scope="module")
def ploomber() -> Path:
    if given := os.environ.get("PLOOMBER"):
        return Path(given)
    return environment("ploomber", *PACKAGES) / "ploomber"
