"""A path -> something there that is no file, for those who must not read it."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def unix_socket(path: Path) -> None:
    """Leave a socket at ``path``. It is bound from its folder: a whole path may be longer than a socket's."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)
