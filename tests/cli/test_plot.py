"""``plot`` and ``report`` write pictures that hold every task."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from project_folder import SAVE, Folder, load

from soorgeon_clone.cli.plot import command as plot
from soorgeon_clone.cli.report import command as report

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    folder = Folder(tmp_path / "project")
    folder.task("load", "print('<shown>')", "x = [1]", SAVE, products=("x",))
    folder.task("fit & <more>", load("load"), upstream=("load",))
    folder.build()
    folder.script("load", "x = [2]", SAVE)
    monkeypatch.chdir(folder.root)
    return folder


def run(*arguments: str) -> str:
    result = CliRunner().invoke(plot, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_mermaid(folder: Folder) -> None:
    text = run("-b", "mermaid")
    assert text.startswith("flowchart TD\n")
    assert '-->|"x"|' in text
    assert "fit #38; #60;more#62;" in text
    assert ":::stale" in text
    run("-o", "a.mmd")
    assert (folder.root / "a.mmd").read_text() == text


def test_svg(folder: Folder) -> None:
    run("-o", "pictures/a.svg")
    root = ElementTree.parse(folder.root / "pictures/a.svg").getroot()
    groups = root.findall(f"{SVG}g")
    assert [group.get("data-task") for group in groups] == ["load", "fit & <more>"]
    assert len(root.findall(f"{SVG}path")) == 1
    assert "x" in [text.text for text in root.findall(f"{SVG}text")]


def test_png(folder: Folder) -> None:
    pytest.importorskip("matplotlib")
    run("-o", "a.png")
    assert (folder.root / "a.png").read_bytes().startswith(b"\x89PNG")


def test_html_stands_alone(folder: Folder) -> None:
    run()
    text = (folder.root / "pipeline.html").read_text()
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert 'data-task="fit &amp; &lt;more&gt;"' in text
    assert "&lt;shown&gt;" in text
    assert "x = [2]" in text


def test_a_broken_source_blocks_no_picture(folder: Folder) -> None:
    folder.write("tasks/load.py", "x = (\n")
    assert 't0["load' in run("-b", "mermaid")


def test_report_has_a_table(folder: Folder) -> None:
    result = CliRunner().invoke(report, ["-o", "r.html"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "<th>task</th>" in (folder.root / "r.html").read_text()


def test_an_unknown_form(folder: Folder) -> None:
    result = CliRunner().invoke(plot, ["-o", "a.doc"])
    assert (result.exit_code, "must end with" in result.output) == (2, True)


def test_a_png_does_not_go_to_the_terminal(folder: Folder) -> None:
    assert CliRunner().invoke(plot, ["-b", "png", "-o", "-"]).exit_code == 2
