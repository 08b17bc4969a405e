"""``plot`` and ``report`` write pictures that hold every task."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import browser
import pytest
from click.testing import CliRunner
from project_folder import SAVE, Folder, load

from soorgeon_clone.cli.plot import command as plot
from soorgeon_clone.cli.report import command as report
from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.plot.model import arrow

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
    assert not re.search(r'src="(?!data:)', text)
    linked = {unquote(unescape(path)) for path in re.findall(r'href="([^"]*)"', text)}
    assert linked == {"output/load.ipynb", "output/load-x.pkl", "output/fit & <more>.ipynb"}, "products, from the page"
    assert 'data-task="fit &amp; &lt;more&gt;"' in text
    assert "&lt;shown&gt;" in text
    assert '<span class="mi">2</span>' in text


def test_a_broken_source_blocks_no_picture(folder: Folder) -> None:
    folder.write("tasks/load.py", "x = (\n")
    assert 't0["load' in run("-b", "mermaid")


def test_report_has_a_table(folder: Folder) -> None:
    result = CliRunner().invoke(report, ["-o", "r.html"], catch_exceptions=False)
    assert result.exit_code == 0
    text = (folder.root / "r.html").read_text()
    assert '<th scope="col">task</th>' in text
    assert '<a href="output/load-x.pkl">load-x.pkl</a>' in text


def test_a_report_tells_what_failed_in_its_table(folder: Folder) -> None:
    folder.script("load", "1 / 0", SAVE)
    folder.build()
    CliRunner().invoke(report, ["-o", "r.html"], catch_exceptions=False)
    page = unescape((folder.root / "r.html").read_text())
    assert "<td>failed; stale: code changed</td>" in page
    assert re.search(r"<td>Before</td><td>[^<]* s, ran</td>", page)


def test_a_report_elsewhere_links_to_products(folder: Folder) -> None:
    CliRunner().invoke(report, ["-o", "pages/deep/r.html"], catch_exceptions=False)
    text = (folder.root / "pages/deep/r.html").read_text()
    assert 'href="../../output/load-x.pkl"' in text


def test_failures_come_first_and_boilerplate_is_folded(folder: Folder) -> None:
    folder.task("fit & <more>", load("load"), "print('so far')", "1 / 0", upstream=("load",))
    folder.build()
    CliRunner().invoke(report, ["-o", "r.html"], catch_exceptions=False)
    text = (folder.root / "r.html").read_text()
    sections = re.findall(r'<section data-task="([^"]*)"', text)
    assert sections == ["fit &amp; &lt;more&gt;", "load"]
    assert text.index("<h3>Error</h3>") < text.index("<h3>Executed notebook</h3>")
    assert "<summary>added: parameters" in text
    assert "Before</td>" in text, "the runs before the last one"


def test_pages_in_a_browser(folder: Folder) -> None:
    run("-o", "a.html")
    for dark in (False, True):
        page = browser.opened(folder.root / "a.html", "fit%20%26%20%3Cmore%3E", dark=dark)
        shown = re.findall(r'<section data-task="([^"]*)"[^>]*class="shown"', page)
        assert shown == ["fit &amp; &lt;more&gt;"]
        assert re.search(r'<g class="task chosen"[^>]*tabindex="0"', page)


def test_tables_look_as_in_jupyter_and_are_as_high_as_they_need(folder: Folder) -> None:
    rows = "".join(f"<tr><th>{n}</th></tr>" for n in range(3))
    shown = f"display(HTML('<table>{rows}</table>'))"
    folder.script("load", "from IPython.display import HTML, display", shown, "x = [1]", SAVE)
    folder.build()
    run("-o", "a.html")
    assert 'height="115" data-html="&lt;table&gt;' in (folder.root / "a.html").read_text()
    assert 'srcdoc="<!doctype html><style>' in unescape(browser.opened(folder.root / "a.html", "load"))


def test_labels_say_what_is_loaded() -> None:
    short = arrow("a", "b", ["x", "y"])
    assert (short.label, short.tip) == ("x, y", "x, y")
    names = [f"variable_{number}" for number in range(9)]
    long = arrow("a", "b", names)
    assert long.label == "variable_0, variable_1, ..." and long.tip == ", ".join(names)
    assert arrow("a", "b", ["x" * 50]).label == "x" * 33 + "..."
    assert arrow("a", "b", []).label == ""


def test_an_unknown_form(folder: Folder) -> None:
    with pytest.raises(UserError, match="must end with"):
        CliRunner().invoke(plot, ["-o", "a.doc"], catch_exceptions=False)


def test_a_png_does_not_go_to_the_terminal(folder: Folder) -> None:
    assert CliRunner().invoke(plot, ["-b", "png", "-o", "-"]).exit_code == 2
