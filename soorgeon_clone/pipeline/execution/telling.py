"""What a job prints and logs -> messages to the build, while it happens. What the notebook shows stays as it is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from soorgeon_clone.pipeline.execution.channel import Channel, FileChannel
from soorgeon_clone.pipeline.execution.streams import Sink

_METHODS = (("debug", logging.DEBUG), ("info", logging.INFO), ("warning", logging.WARNING), ("error", logging.ERROR))


class Shared:
    """The end of a channel for several threads: the one that reads descriptors tells of output as well."""

    def __init__(self, channel: Channel | FileChannel) -> None:
        self._channel = channel
        self._lock = threading.RLock()

    def send(self, *message: Any) -> None:
        """Send one message."""
        with self._lock:
            self._channel.send(*message)


def telling(sink: Sink, channel: Shared) -> Sink:
    """Return a sink that tells the build of each text that ``sink`` takes."""

    def tell(name: str, text: str) -> None:
        sink(name, text)
        channel.send("printed", name, text)

    return tell


def tell_records(level: int, channel: Shared) -> None:
    """Tell the build of log records of this level and above, also of those that nobody in this process wants.

    No handler is added and no level set: a library, or the notebook, may look whether there is one.
    """
    formatter = logging.Formatter()

    def told(logger: logging.Logger, number: int, text: object, args: Any, options: Any) -> None:
        if number < level:
            return
        record = logger.makeRecord(logger.name, number, "", 0, text, args, options.get("exc_info") or None)
        try:
            channel.send("logged", number, logger.name, formatter.format(record))
        except Exception:  # a text that does not fit its arguments: logging itself says so, if it is shown
            return

    def wrapped(usual: Callable[..., None], number: int) -> Callable[..., None]:
        def log(self: logging.Logger, msg: object, *args: Any, **options: Any) -> None:
            told(self, number, msg, args, options if options.get("exc_info") not in (True, 1) else {})
            usual(self, msg, *args, **{**options, "stacklevel": options.get("stacklevel", 1) + 1})

        return log

    for name, number in _METHODS:
        setattr(logging.Logger, name, wrapped(getattr(logging.Logger, name), number))
