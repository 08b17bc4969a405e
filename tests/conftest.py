"""Makes `oracle` importable from every test file; what the analysis cannot do itself fails each test."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from soorgeon_clone.notebook.schemas import prepare_jsonschema

sys.path.insert(0, str(Path(__file__).parent))

# A shell starts what runs in its background with Ctrl-C ignored, and so would be all that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

prepare_jsonschema()  # for the test files that import nbformat

# Tests run beside each other: threads of numerical libraries would spend half of the time waiting for a core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests write a module twice within a second: compiled code of the first would be taken for that of the second.
os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
sys.dont_write_bytecode = True


@pytest.fixture(autouse=True)
def analysis_failures() -> Iterator[list[str]]:
    """Errors of the analysis, which users are told of as the reason for a merge; a test that wants some clears them."""
    found: list[str] = []

    class Failures(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(self.format(record))

    logger, handler = logging.getLogger("soorgeon_clone.analysis.analyse"), Failures(logging.INFO)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(level)
    assert not found, found[0]
