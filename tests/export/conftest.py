"""The program as containers find it: in the PATH, with neither cache nor store of the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment variables with which `soorgeon-clone` is this one."""
    return program_environment(tmp_path_factory.mktemp("bin"))


def program_environment(folder: Path) -> dict[str, str]:
    """The same, with the program written to a folder."""
    program = folder / "soorgeon-clone"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={PROJECT} exec {sys.executable} -m soorgeon_clone "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SOORGEON_", "PYTHON"))}
    return {**kept, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "SOORGEON_CLONE_CACHE": "off"}
