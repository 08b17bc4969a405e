"""A run that is ended by SIGTERM leaves no folder behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM")
@pytest.mark.parametrize("command", [("test",), ("refactor", "--verify")])
def test_sigterm(command: tuple[str, ...], tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    code = "import time\ntime.sleep(60)"
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "## A"},
        {"cell_type": "code", "metadata": {}, "source": code, "outputs": [], "execution_count": None},
    ]
    data = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "nb.ipynb").write_text(json.dumps(data))
    process = subprocess.Popen(
        [sys.executable, "-m", "soorgeon_clone", *command, "nb.ipynb"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    deadline = time.monotonic() + 60
    while not list(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 143
    assert not list(scratch.iterdir())
