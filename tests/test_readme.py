"""README keeps its word: two one-line commands first, and only commands and options that exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from soorgeon_clone.cli.app import COMMANDS, app

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_the_first_two_shell_blocks_are_one_line_each() -> None:
    example, tests = re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)[:2]
    for block in (example, tests):
        assert block.count("\n") == 1
        assert "-m venv" in block
    assert '".[examples]"' in example
    assert '".[test]"' in tests


def test_ci_runs_the_second_block() -> None:
    assert "README.md" in (PROJECT / ".ci" / "run").read_text(encoding="utf-8")


def test_commands_exist() -> None:
    named = set(re.findall(r"^\| `(\w+)[^`]*` \|", README, re.M))
    assert named
    assert named <= COMMANDS.keys()


@pytest.mark.parametrize("option", [*re.findall(r"^\| `(--[\w-]+)", README, re.M), "--json"])
def test_options_of_refactor_exist(option: str) -> None:
    refactor = app.get_command(click.Context(app), "refactor")
    assert refactor is not None
    assert option in {name for parameter in refactor.params for name in parameter.opts}


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (PROJECT / link).exists()
