"""Notebooks that cannot run as they are: what is said of the name that nobody defines."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracle.small import notebook_of, plan_of

from soorgeon_clone.errors import UserError

NOTEBOOK = notebook_of(["print(np.ones(2))"])


def test_a_name_that_nobody_defines() -> None:
    with pytest.raises(UserError, match="cell 2, line 1: `np` is used but nothing has defined it") as raised:
        plan_of(NOTEBOOK)
    assert raised.value.hint is not None
    assert "--force" in raised.value.hint


def test_a_name_of_a_startup_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    startup = tmp_path / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-imports.py").write_text("import numpy as np\n")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    with pytest.raises(UserError) as raised:
        plan_of(NOTEBOOK)
    assert f"It may come from {startup / '00-imports.py'}" in str(raised.value.hint)
