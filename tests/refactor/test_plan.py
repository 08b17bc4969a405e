"""What a plan does where nothing else helps."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.refactor.carriers.program import Program
from soorgeon_clone.refactor.plan import make_plan


@pytest.mark.parametrize("where", ["soorgeon_clone.analysis.access.subscript", "soorgeon_clone.refactor.plan.wire"])
def test_an_error_of_ours_refuses_no_notebook(
    where: str, monkeypatch: pytest.MonkeyPatch, analysis_failures: list[str]
) -> None:
    module, _, name = where.rpartition(".")
    function = getattr(importlib.import_module(module), name)

    def broken(first: Any, *others: Any) -> Any:
        if isinstance(first, Program) and len(first.units) == 1:
            return function(first, *others)
        raise KeyError("no such thing")

    monkeypatch.setattr(where, broken)
    cells = [
        Cell(index, kind, text)
        for index, (kind, text) in enumerate(
            [("markdown", "## a"), ("code", "xs = [1]"), ("markdown", "## b"), ("code", "print(xs[0])")]
        )
    ]
    plan = make_plan(Notebook("nb", None, tuple(cells)))
    assert len(plan.tasks) == 1
    assert "its analysis failed (KeyError: 'no such thing')" in plan.merges[0].reason
    assert "broken" in analysis_failures[0]
    analysis_failures.clear()
