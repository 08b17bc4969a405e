"""SIGTERM, or a terminal that goes -> the end as by an exception: what was started is ended, scratch folders go.

Ctrl-C is one already. Pressed twice, or sent to a process and to its group as well, it is the same one.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType

_SAME = 2.0  # seconds after a Ctrl-C in which another does not interrupt what the first one set going
_last = -_SAME


def stop_on_sigterm() -> None:
    """Have it so from now on; who runs commands from another thread keeps what there is."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores it
            signal.signal(number, _stop)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # in the background a shell ignores it
        signal.signal(signal.SIGINT, _interrupt)


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # whoever asks again waits: what is removed is removed whole
    sys.exit(128 + number)


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _last
    before, _last = _last, time.monotonic()
    if _last - before >= _SAME:
        signal.default_int_handler(number, frame)
