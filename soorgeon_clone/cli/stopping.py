"""SIGTERM -> the end of the program as by an exception: what it started is ended, its scratch folders are removed."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType


def stop_on_sigterm() -> None:
    """Have it so from now on; who runs commands from another thread keeps what there is."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
