"""Every rule has a manual, a fixture that it finds fault with, and one that it lets pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lint.marks import agree, expected
from soorgeon_clone.lint.check import check_bytes
from soorgeon_clone.lint.config import Settings
from soorgeon_clone.lint.manual import manual_of
from soorgeon_clone.lint.model import Limits
from soorgeon_clone.lint.registry import all_rules
from soorgeon_clone.notebook.read import read

FIXTURES = Path(__file__).parents[2] / "fixtures" / "lint"
FILES = sorted(path for path in FIXTURES.iterdir() if path.suffix in (".py", ".ipynb"))
LIMITS = Limits(output_kilobytes=10)

# What depends on the environment is tested in test_surroundings; what needs refactor's plan in tests/cli/test_lint.
ELSEWHERE = {"SG402", "SG403", "SG308"}


def rules_for(path: Path) -> Settings:
    """The default rules, and the one that the fixture is about; not those that speak about every small fixture."""
    own = re.match(r"SG\d+", path.name)
    quiet = sorted(ELSEWHERE - {own.group() if own else ""})
    return Settings(extend_select=(own.group(),) if own else (), ignore=tuple(quiet), limits=LIMITS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_finds_what_the_fixture_marks_and_nothing_else(path: Path) -> None:
    settings = rules_for(path)
    result = check_bytes(path.read_bytes(), path, settings)
    assert not result.trouble
    assert not agree(expected(read(path)), result.diagnostics)


@pytest.mark.parametrize("code", sorted(set(all_rules()) - {"SG308"}))
def test_has_a_bad_and_a_good_fixture(code: str) -> None:
    marked = [path for path in FILES if any(key[0] == code for key in expected(read(path)))]
    assert marked, f"no fixture marks {code}"
    if code != "SG508":  # every other fixture has a good name
        assert any(path.name.startswith(f"{code}_") and "good" in path.name for path in FILES), (
            f"no good one for {code}"
        )


@pytest.mark.parametrize("code", sorted(all_rules()))
def test_has_a_manual(code: str) -> None:
    rule = all_rules()[code]
    manual = manual_of(rule)
    assert manual.what.endswith(".")
    assert all((manual.why, manual.bad, manual.good))
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", rule.name)
    assert re.fullmatch(r"SG[0-5]\d\d", code)


def test_names_are_unique() -> None:
    names = [rule.name for rule in all_rules().values()]
    assert len(set(names)) == len(names)
