"""Virtual environments for programs that cannot live beside each other: made once, kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from filelock import FileLock

_UNREACHABLE = re.compile(
    r"Failed to fetch|Request failed|error sending request|[Cc]onnection|timed out|dns error|"
    r"not found in the package registry"
)


# Requirements -> why they cannot be had, so that only the first test waits for uv's patience to end.
_missing: dict[tuple[str, ...], str] = {}


def environment(name: str, *requirements: str) -> Path:
    """The folder of programs of an environment with these packages. Skips the test where no index can be reached."""
    if requirements in _missing:
        pytest.skip(_missing[requirements])
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    key = hashlib.sha256("\n".join((version, *requirements)).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "soorgeon-clone-tests"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"{name}-py{version}-{key}"
    done = folder / "complete"
    with FileLock(cache / f"{folder.name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder)
            _install(folder, requirements)
            done.touch()
    return folder / "bin"


def _install(folder: Path, requirements: tuple[str, ...]) -> None:
    # uv takes a fortieth of pip's time for these
    ran = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", folder / "bin" / "python", *requirements],
        capture_output=True,
        text=True,
        timeout=900,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    if ran.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        last = ran.stderr.strip().splitlines()[-1:] or ["no message"]
        if _UNREACHABLE.search(ran.stderr):
            _missing[requirements] = f"uv cannot get {requirements[0]} from the package index here: {last[0]}"
            pytest.skip(_missing[requirements])
        raise AssertionError(f"uv pip install {' '.join(requirements)}:\n{ran.stderr[-3000:]}")
