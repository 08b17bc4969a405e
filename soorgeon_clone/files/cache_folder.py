"""The environment -> the user's cache folder, which the runner and the linter share."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

SWITCH = "SOORGEON_CLONE_CACHE"
OFF = ("", "0", "off", "no", "none", "false")


def default_folder() -> Path | None:
    """Return the user's cache folder; None where the environment switches it off (``SOORGEON_CLONE_CACHE=off``)."""
    chosen = os.environ.get(SWITCH)
    try:
        if chosen is not None:
            return None if chosen.strip().lower() in OFF else Path(chosen).expanduser()
        if sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        elif sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return base / "soorgeon-clone"


def make_private(folder: Path) -> None:
    """Make the cache folder so that only its user can look into it: products hold what the data holds. Raises OSError.

    One that somebody named, and that is there, stays as open as it is; that may be on purpose.
    """
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except FileNotFoundError:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        return
    if mode & 0o077 and folder == default_folder() and SWITCH not in os.environ:
        with contextlib.suppress(OSError):
            folder.chmod(mode & 0o700)
