"""A task that is a shell script: how it is run, in the task's process."""

from __future__ import annotations

import subprocess
from pathlib import Path


def run(script: Path) -> None:
    """Run a script by bash; what it prints is the task's. Raises RuntimeError for another exit code than 0."""
    ended = subprocess.run(["bash", str(script)], stdin=subprocess.DEVNULL, check=False)
    if ended.returncode:
        raise RuntimeError(f"the script ended with exit code {ended.returncode}")
