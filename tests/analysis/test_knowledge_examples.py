"""Calls do what the effect tables say: each library's examples run in a process of their own (see observing)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from soorgeon_clone.analysis.knowledge.effects import FOLDER

HERE = Path(__file__).parent
LIBRARIES = sorted(path.stem for path in (FOLDER / "examples").glob("*.yaml"))


@pytest.mark.parametrize("library", LIBRARIES)
def test_examples_do_what_the_table_says(library: str, tmp_path: Path) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "observing", library],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join((str(FOLDER.parents[2]), str(HERE))),
            "MPLBACKEND": "agg",
            "PYTHONWARNINGS": "ignore",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    deviations = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('["')]
    assert [f"{call}: {code}: {what}" for call, code, what in deviations] == []
