"""A sample of pipelines mutated from valid ones; ``benchmarks/trust/pipelines.py`` tries ten thousand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from trust.mutated_pipelines import Outcome, try_case

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes and alarms")

FIRST, CASES = 650, 200


def test_commands_that_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback, no hang, nothing that runs, nothing outside of the project."""
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path))  # each case sets its own
    outcome = Outcome()
    for seed in range(FIRST, FIRST + CASES):
        try_case(seed, outcome)
    assert outcome.problems == []
    good = sum(count for word, count in outcome.commands.items() if word.endswith("exit 0"))
    refused = sum(count for word, count in outcome.commands.items() if "UserError" in word)
    assert good > CASES / 2, "the mutations leave nothing to be tried"
    assert refused > CASES / 2, "the mutations are too tame"
