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
    r"NewConnectionError|ConnectionError|ConnectTimeout|ReadTimeout|name resolution|No matching distribution|"
    r"ProxyError|SSLError|Could not find a version"
)


# Requirements -> why they cannot be had, so that only the first test waits for pip's patience to end.
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
            venv.create(folder, with_pip=True)
            _install(folder, requirements)
            done.touch()
    return folder / "bin"


def _install(folder: Path, requirements: tuple[str, ...]) -> None:
    options = ["-q", "--no-compile", "--disable-pip-version-check", "--retries", "2"]
    ran = subprocess.run(
        [folder / "bin" / "python", "-m", "pip", "install", *options, *requirements],
        capture_output=True,
        text=True,
        timeout=900,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    if ran.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        last = ran.stderr.strip().splitlines()[-1:] or ["no message"]
        if _UNREACHABLE.search(ran.stderr):
            _missing[requirements] = f"pip cannot get {requirements[0]} from the package index here: {last[0]}"
            pytest.skip(_missing[requirements])
        raise AssertionError(f"pip install {' '.join(requirements)}:\n{ran.stderr[-3000:]}")
