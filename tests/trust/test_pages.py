"""Pages, drawings and files made of any text stay what they are: SVG is XML, HTML gains no element, scripts no code."""

from __future__ import annotations

import ast
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from soorgeon_clone.notebook.model import Cell
from soorgeon_clone.notebook.read import parse
from soorgeon_clone.notebook.write import to_script
from soorgeon_clone.pipeline.plot.html import notebook_html
from soorgeon_clone.pipeline.plot.layout import place
from soorgeon_clone.pipeline.plot.mermaid import mermaid_of
from soorgeon_clone.pipeline.plot.model import Arrow, Box, Drawing
from soorgeon_clone.pipeline.plot.svg import svg_of
from soorgeon_clone.verify.html import html_of
from soorgeon_clone.verify.model import Difference, Report, SectionResult
from soorgeon_clone.visible import visible
from trust.texts import as_name, hostile, lay_out, no_terminal_is_told, notebook, run, write_pipeline

TEXTS = hostile(300)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


# What cells are made of: Markdown without HTML, code in colours, outputs.
ELEMENTS = {
    *("a href rel", "p", "ul", "ol", "ol start", "li", "em", "strong", "code", "code class", "blockquote", "hr", "br"),
    *("del", "table", "thead", "tbody", "tr", "th", "td", *(f"h{level} class" for level in range(3, 7))),
    *("div class", "span class", "pre", "pre class", "details class", "summary"),
    *("img alt src", "iframe data-html height loading sandbox"),
}


class Elements(HTMLParser):
    """Counts what a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(f"{tag} {' '.join(sorted(name for name, _ in attrs))}".strip())

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")


def drawing(names: list[str]) -> Drawing:
    boxes = tuple(Box(f"{number} {name}", "stale", note=name, tip=name) for number, name in enumerate(names))
    arrows = tuple(Arrow(one.name, other.name, names[0]) for one, other in pairwise(boxes))
    return Drawing(boxes, arrows)


def test_any_text_in_svg_is_xml_and_only_text() -> None:
    plain = ElementTree.fromstring(svg_of(place(drawing(["a"] * 8)), title="a"))
    for start in range(0, 296, 8):
        texts = TEXTS[start : start + 8]
        tree = ElementTree.fromstring(svg_of(place(drawing(texts)), title=texts[0]).encode())
        assert [one.tag for one in tree.iter()] == [one.tag for one in plain.iter()]
        assert {one.get("data-task") for one in tree.iter() if one.get("data-task")} == {
            re.sub(r"[\t\n]", " ", visible(f"{number} {text}")) for number, text in enumerate(texts)
        }, "XML reads line ends in attributes as blanks"


def test_mermaid_gains_no_line() -> None:
    plain = mermaid_of(drawing(["a"] * 8)).split("\n")
    for start in range(0, 296, 8):
        text = mermaid_of(drawing(TEXTS[start : start + 8]))
        assert text.encode() and len(text.split("\n")) == len(plain)
        for line, model in zip(text.split("\n"), plain, strict=True):
            assert re.sub(r'"[^"]*"', '""', line) == re.sub(r'"[^"]*"', '""', model)


def report(text: str) -> Report:
    difference = Difference("output", 0, text, text, text, text)
    section = SectionResult(1, text, text, "different", 1, 1, difference)
    return Report(notebook=text, pipeline=text, sections=(section,), notes=(text,))


def test_the_page_of_verify_gains_no_element() -> None:
    plain = Elements(html_of(report("a"))).found
    for text in TEXTS:
        page = html_of(report(text))
        assert page.encode() and Elements(page).found == plain, ascii(text)


def test_executed_notebooks_gain_only_the_elements_of_markdown_and_colours(tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    for text in TEXTS:
        path.write_text(json.dumps(notebook([text])))
        page = notebook_html(path)
        assert page.encode() and set(Elements(page).found) <= ELEMENTS, ascii(text)


def test_html_of_an_output_is_its_own_in_a_sandbox(tmp_path: Path) -> None:
    html = "<b>\u200b\u2028\u202e</b>\ud800<script>parent.canary()</script>"
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": html}}
    cell = {"cell_type": "code", "source": "x", "metadata": {}, "execution_count": 1, "outputs": [output]}
    (tmp_path / "nb.ipynb").write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]})
    )
    parser = Elements(page := notebook_html(tmp_path / "nb.ipynb"))
    assert (
        parser.found == ["pre", "code", "span class", "iframe data-html height loading sandbox"] and " sandbox " in page
    )
    assert "\u200b\u2028\u202e" in page, "not shown by us: what the output says is its own"


def test_plots_and_reports_of_a_pipeline(tmp_path: Path) -> None:
    texts = [*(as_name(text) for text in TEXTS[:40]), "no formula: $x_$ and $^$"]
    write_pipeline(tmp_path, texts)
    for arguments in ("plot -o a.svg", "plot -o a.html", "plot -o a.mmd", "report -o r.html", "plot -o a.png"):
        done = run(arguments.split())
        assert done.code == 0, done.err
    ElementTree.parse(tmp_path / "a.svg")
    for page in ("a.html", "r.html"):
        found = Elements((tmp_path / page).read_text(encoding="utf-8")).found
        assert found.count("script") == 1 and "comment" not in found
        assert found.count("section aria-label data-task") == found.count("g class data-task") == len(texts)


def test_a_source_that_cannot_be_read_takes_no_page_from_the_others(tmp_path: Path) -> None:
    write_pipeline(tmp_path, ["a"])
    (tmp_path / "t0.py").unlink()
    (tmp_path / "t0.ipynb").write_text(json.dumps(notebook(["a"])).replace("unused = 1", "\\ud800"))
    spec = (tmp_path / "pipeline.yaml").read_text()
    (tmp_path / "pipeline.yaml").write_text(spec.replace("t0.py", "t0.ipynb"))
    assert run(["report"]).code == 0
    assert "half of a character" in (tmp_path / "pipeline-report.html").read_text(encoding="utf-8")


# Scripts and YAML


def code_of(script: str) -> list[str]:
    """Return the statements of a script; a fake magic does not count."""
    return [ast.unparse(statement) for statement in ast.parse(script).body]


BREAKS = ("\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", '\n"""\n', "'''\n")


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_no_text_becomes_code(kind: str) -> None:
    for text in [*TEXTS, *(f"# a{one}canary(){other}b" for one in BREAKS for other in BREAKS)]:
        source = text.replace("\0", "").encode("utf-8", "replace").decode()
        metadata = {"title": text, "tags": [text], text: text}
        tags = frozenset({text})
        cells = [
            Cell(0, kind, source, tags=tags, metadata=metadata),
            Cell(1, "code", "x = 1", tags=tags, metadata=metadata),
        ]  # type: ignore[arg-type]
        spec = {"name": text, "display_name": text, text: text}
        script = to_script(cells, {"kernelspec": spec, "jupytext": {text: text}})
        if '"""' in source or "'''" in source:
            continue
        docs = [one for one in ast.parse(script).body if not isinstance(one, ast.Expr) or not _is_text(one)]
        assert [ast.unparse(one) for one in docs] == ["x = 1"], script
        read = parse(script.encode(), Path("a.py"))
        assert read.cells[1].source == "x = 1", script


def _is_text(statement: ast.Expr) -> bool:
    return isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)


def test_a_title_with_a_carriage_return_is_left_out() -> None:
    script = to_script([Cell(0, "code", "x = 1", metadata={"title": "t\rcanary()"})], {})
    assert code_of(script) == ["x = 1"]


def test_task_names_become_no_code(tmp_path: Path) -> None:
    names = ["a\rcanary()", "b\ncanary()", 'c"""\ncanary()\n"""', "d\u2028canary()"]
    tasks = [{"source": f"t{i}.py", "name": name, "product": {"nb": f"o/{i}.ipynb"}} for i, name in enumerate(names)]
    (tmp_path / "pipeline.yaml").write_text(yaml.safe_dump({"tasks": tasks}))
    assert run(["scaffold"]).code == 0
    for index in range(len(names)):
        assert "canary" not in "".join(code_of((tmp_path / f"t{index}.py").read_text(encoding="utf-8")))


def test_names_of_folders_become_no_code(tmp_path: Path) -> None:
    folder = tmp_path / 'x");canary();("'
    folder.mkdir()
    (folder / "helper.py").write_text("y = 1")
    (folder / "a.ipynb").write_text(json.dumps(notebook(["a"])).replace("unused = 1", "import helper"))
    done = run(["refactor", str(folder / "a.ipynb"), "--into", "p"])
    assert done.code == 0, done.err
    for script in (tmp_path / "p").rglob("*.py"):
        assert not any(
            isinstance(node, ast.Name) and node.id == "canary"
            for node in ast.walk(ast.parse(script.read_text("utf-8")))
        ), script


@pytest.mark.parametrize("form", ["py", "ipynb"])
def test_projects_of_hostile_notebooks_are_well_formed(form: str, tmp_path: Path) -> None:
    named = lay_out(tmp_path, TEXTS[:40])
    for number, path in enumerate((tmp_path / "plain.ipynb", *named[:3])):
        root = tmp_path / f"p{number}"
        done = run(["refactor", str(path), "-f", form, "--into", str(root)])
        assert done.code == 0, done.err + done.traceback.encode()
        declared = yaml.safe_load((root / "pipeline.yaml").read_text(encoding="utf-8"))
        assert all((root / task["source"]).is_file() for task in declared["tasks"])
        readme = (root / "README.md").read_text(encoding="utf-8")
        assert visible(readme) == readme and len([line for line in readme.split("\n") if line.startswith("#")]) == 2
        for script in root.rglob("*.py"):
            tree = ast.parse(script.read_text(encoding="utf-8"))
            assert not any(isinstance(node, ast.Name) and node.id == "canary" for node in ast.walk(tree)), script
        for file in root.rglob("*.ipynb"):
            assert json.loads(file.read_text(encoding="utf-8"))["nbformat"] == 4


def test_params_keep_every_character(tmp_path: Path) -> None:
    """A line separator in a value is no line end of pipeline.yaml."""
    values = ["a\u2028b", "a\x85b", "a\x0cb", "a\u2029\nb", "a\rb", "\ufeffa", "\x1b]52;c;aGk=\x07"]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "## A"},
        {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "source": "\n".join(f"p{i} = {value!a}" for i, value in enumerate(values)),
            "execution_count": None,
            "outputs": [],
        },
    ]
    (tmp_path / "a.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}))
    assert run(["refactor", "a.ipynb"]).code == 0
    (task,) = yaml.safe_load((tmp_path / "pipeline.yaml").read_text(encoding="utf-8"))["tasks"]
    assert [task["params"][f"p{i}"] for i in range(len(values))] == values


@pytest.mark.parametrize("target", ["airflow", "argo", "aws-batch"])
def test_exports_of_a_project_in_a_hostile_folder(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "d\"\"\"\rcanary()\n\x1b]52;c;aGk=\x07\u202e'''; canary()#\\N"
    folder.mkdir()
    write_pipeline(folder, ['a""";canary()', "b'''#", "c\\N", *(text for text in TEXTS if text.isprintable())][:20])
    monkeypatch.chdir(folder)
    store = 's3://b/"\rcanary()'
    with (folder / "pipeline.yaml").open("a", encoding="utf-8") as file:
        file.write('export: {image: "i\\"\\rcanary()"}\n')
    done = run(["export", "--to", target, "--store", store, "--out", "made", "--force"])
    assert done.code == 0, done.err
    assert not no_terminal_is_told(done, [target])
    made = [file for file in (folder / "made").rglob("*") if file.is_file()]
    assert made
    for file in made:
        text = file.read_bytes().decode("utf-8")
        assert "\x1b" not in text, file
        if file.suffix == ".py":
            tree = ast.parse(text)
            assert not any(isinstance(node, ast.Name) and node.id == "canary" for node in ast.walk(tree)), file
        elif file.suffix == ".yaml":
            assert list(yaml.safe_load_all(text))
        elif file.suffix == ".json":
            assert json.loads(text)
