"""A log record -> its lines, visible. Apart from `say`, because importing logging takes longer than --help."""

from __future__ import annotations

import logging

from soorgeon_clone.visible import visible


class LogFormatter(logging.Formatter):
    """A log record -> its text, visible."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and indented what follows it: no message can pass for another record."""
        return visible(super().format(record)).replace("\n", "\n  ")
