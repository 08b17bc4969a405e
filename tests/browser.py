"""A page in headless Chromium, where that is installed: the page as it is after its script ran, and what went wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing but the page: no look at the network, no first steps, no GPU.
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr"),
)


def opened(page: Path, anchor: str = "", *, dark: bool = False) -> str:
    """Return the page's elements after it was opened at an anchor. A message on the console fails the test."""
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    url = f"{page.resolve().as_uri()}{f'#{anchor}' if anchor else ''}"
    done = _run(["--virtual-time-budget=2000", scheme, "--dump-dom", url])
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert not console, console
    return done.stdout


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed")
    with tempfile.TemporaryDirectory() as profile:
        command = [found, *QUIET, f"--user-data-dir={profile}", *arguments]
        # A wrapper of the system may read variables of its own that a test has changed.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SOORGEON")}
        return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=True)
