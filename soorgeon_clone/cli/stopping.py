"""SIGTERM, or a terminal that goes -> the end as by an exception: what was started is ended, scratch folders go."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType


def stop_on_sigterm() -> None:
    """Have it so from now on; who runs commands from another thread keeps what there is."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores it
            signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # whoever asks again waits: what is removed is removed whole
    sys.exit(128 + number)
