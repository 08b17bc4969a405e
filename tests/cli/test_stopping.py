"""A run that is ended by a signal leaves no folder behind."""

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
def _as_in_a_terminal() -> None:
    """Let signals end the process, which a run in the background (``nohup``) has ignored."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("command", "number", "code"),
    [(("test",), "SIGTERM", 143), (("refactor", "--verify"), "SIGHUP", 129), (("test",), "SIGINT", 130)],
)
def test_signals(command: tuple[str, ...], number: str, code: int, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source = "import time\ntime.sleep(60)"
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "## A"},
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None},
    ]
    data = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "nb.ipynb").write_text(json.dumps(data))
    process = subprocess.Popen(
        [sys.executable, "-m", "soorgeon_clone", *command, "nb.ipynb"],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(scratch)},
        preexec_fn=_as_in_a_terminal,
    )
    deadline = time.monotonic() + 60
    while not list(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    for _ in range(3):  # who asks again waits
        process.send_signal(getattr(signal, number))
    assert process.wait(30) == code
    assert not list(scratch.iterdir())
