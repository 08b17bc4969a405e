"""The pages of docs/rules say what the rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint.marks import expected
from soorgeon_clone.lint.check import check_bytes
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.pages import WITH_FIX, pages
from soorgeon_clone.notebook.read import read

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(pages()))
def test_up_to_date(name: str) -> None:
    command = "python -m soorgeon_clone.lint.pages docs/rules"
    assert (ROOT / "docs" / "rules" / name).read_text(encoding="utf-8") == pages()[name], f"run: {command}"


def test_no_page_is_left_over() -> None:
    assert {path.name for path in (ROOT / "docs" / "rules").iterdir()} == set(pages())


def test_rules_with_a_fix_are_marked() -> None:
    by_order = {"SG101", "SG201", "SG207"}
    fixed = set(by_order)
    for path in sorted((ROOT / "fixtures" / "lint").iterdir()):
        settings = Settings(select=tuple({code for code, _, _ in expected(read(path))} or {"SG001"}))
        found = check_bytes(path.read_bytes(), path, settings).diagnostics
        fixed |= {one.code for one in found if one.finding.fix is not None}
    assert fixed == WITH_FIX
