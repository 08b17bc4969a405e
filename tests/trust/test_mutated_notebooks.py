"""Notebooks with something wrong go through lint, refactor, status and plot: no traceback, no hang, no file outside.

benchmarks/trust/notebooks.py does the same with as many as asked for.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from trust.mutants import mutant
from trust.passing import pass_through

BATCHES, IN_ONE = 10, 10


@pytest.mark.parametrize("batch", range(BATCHES))
def test_mutants(batch: int, tmp_path: Path) -> None:
    for seed in range(batch * IN_ONE, (batch + 1) * IN_ONE):
        counts = pass_through(*mutant(seed), tmp_path / str(seed))
        assert counts.total() >= 3
