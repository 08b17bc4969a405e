"""The pages of docs/ hold together: each is found from the first, links lead somewhere, and what they show runs."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from soorgeon_clone.cli.app import COMMANDS, app
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.refactor.plan import make_plan

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"])
_LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
_BLOCK = re.compile(r"^```(.*)\n((?:.*\n)*?)^```", re.MULTILINE)


def links(page: Path) -> list[str]:
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    return [link for link in _LINK.findall(text) if not link.startswith(("http:", "https:", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """Return the anchors that headings of a page have, as GitHub makes them."""
    text = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#{1,6} (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def test_every_page_is_found_from_the_first() -> None:
    found = {DOCS / "README.md"}
    todo = list(found)
    while todo:
        page = todo.pop()
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target.exists() and target not in found:
                found.add(target)
                todo.append(target)
    assert set(DOCS.rglob("*.md")) <= found
    assert any("docs/README.md" in link for link in links(ROOT / "README.md"))


def test_pictures_are_used() -> None:
    used = {(page.parent / link).resolve() for page in PAGES for link in links(page)}
    assert set((DOCS / "pictures").iterdir()) <= used


# -- the pages' notebooks -------------------------------------------------------------------------------------------

NOTEBOOKS = [
    (page, number, tasks, code)
    for page in PAGES
    for number, (info, code) in enumerate(_BLOCK.findall(page.read_text(encoding="utf-8")))
    if (found := re.fullmatch(r"python notebook: (\d+) tasks?", info))
    for tasks in [int(found[1])]
]


@pytest.mark.parametrize(
    ("page", "number", "tasks", "code"), NOTEBOOKS, ids=[f"{page.stem}-{number}" for page, number, *_ in NOTEBOOKS]
)
def test_notebooks_become_as_many_tasks_as_said(page: Path, number: int, tasks: int, code: str) -> None:
    cells = []
    for part in re.split(r"^# (?=## )", code, flags=re.MULTILINE)[1:]:
        heading, _, source = part.partition("\n")
        cells += [Cell(len(cells), "markdown", heading), Cell(len(cells) + 1, "code", source)]
    assert len(make_plan(Notebook("nb", None, tuple(cells))).tasks) == tasks


# -- the pages' commands --------------------------------------------------------------------------------------------


def _commands() -> list[tuple[str, str]]:
    """Return the blocks that are to run, the tutorial's first: where, and what."""
    pages = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
    found = []
    for page in pages:
        for info, code in _BLOCK.findall(page.read_text(encoding="utf-8")):
            if info.startswith("sh run"):
                found.append((info.removeprefix("sh run").removeprefix(" in ").strip(), code))
    return found


def test_commands_run_in_their_order(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    programs = tmp_path / "bin"
    programs.mkdir()
    script = programs / "soorgeon-clone"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m soorgeon_clone "$@"\n')
    script.chmod(0o755)
    (programs / "python3").symlink_to(sys.executable)
    shutil.copytree(ROOT / "fixtures" / "notebooks", tmp_path / "fixtures" / "notebooks")
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "SOORGEON_CLONE_CACHE": "off",
    }
    for where, code in _commands():
        done = subprocess.run(
            ["bash", "-euc", code], cwd=tmp_path / where, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"


# -- the page of commands -------------------------------------------------------------------------------------------


def cli_page() -> str:
    """Return docs/cli.md as the commands themselves tell it."""
    parts = [
        "# Commands and options",
        "As `soorgeon-clone COMMAND --help` shows them. This page is generated; see tests/docs/test_docs.py.",
        "Exit codes: 0 done, 1 the work could not be done, 2 wrong input or usage.",
    ]
    for name, (_, summary) in COMMANDS.items():
        command = app.get_command(click.Context(app), name)
        assert command is not None
        parts += [f"## {name}", summary, *_help(command, f"soorgeon-clone {name}")]
        if isinstance(command, click.Group):
            for inner, sub in sorted(command.commands.items()):
                parts += [f"### {name} {inner}", *_help(sub, f"soorgeon-clone {name} {inner}")]
    return "\n\n".join(parts) + "\n"


def _help(command: click.Command, program: str) -> list[str]:
    command = copy.copy(command)
    command._help_option = None  # click keeps it from the first call, be that one through the program, which has -h
    context = click.Context(command, info_name=program, terminal_width=100, max_content_width=100)
    return [f"```text\n{command.get_help(context).rstrip()}\n```"]


def test_the_page_of_commands_is_what_they_say() -> None:
    page = DOCS / "cli.md"
    if os.environ.get("UPDATE_DOCS"):
        page.write_text(cli_page(), encoding="utf-8")
    told = re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))
    assert told == re.sub(r"\s+", " ", cli_page()), "run: UPDATE_DOCS=1 pytest tests/docs"
