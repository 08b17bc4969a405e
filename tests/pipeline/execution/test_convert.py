"""Executed notebooks as HTML and Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.execution.convert import convert, is_converted
from soorgeon_clone.pipeline.execution.written import write_notebook

from .notebooks import notebook

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="


@pytest.fixture
def executed(tmp_path: Path) -> Path:
    made: dict[str, Any] = notebook("print('<shown>')")
    made["cells"][0]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "<shown>\n"},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": PIXEL, "text/plain": "pixel"}},
    ]
    path = tmp_path / "executed.ipynb"
    write_notebook(made, path)
    return path


def test_html_shows_outputs_and_images(executed: Path, tmp_path: Path) -> None:
    product = tmp_path / "out" / "report.html"
    convert(executed, product)
    text = product.read_text("utf-8")
    assert "&lt;shown&gt;" in text and PIXEL in text and "<title>report</title>" in text
    assert [path.name for path in product.parent.iterdir()] == ["report.html"]
    first = product.read_bytes()
    convert(executed, product)
    assert product.read_bytes() == first


def test_markdown_has_its_images_beside_it(executed: Path, tmp_path: Path) -> None:
    product = tmp_path / "out" / "report.md"
    convert(executed, product)
    (image,) = (product.parent / "report_files").iterdir()
    assert f"report_files/{image.name}" in product.read_text("utf-8")
    assert image.read_bytes().startswith(b"\x89PNG")


def test_options_of_nbconvert(executed: Path, tmp_path: Path) -> None:
    product = tmp_path / "report.html"
    convert(executed, product, exporter_kwargs={"exclude_input": True})
    assert '<span class="nb">print</span>' not in product.read_text("utf-8")
    convert(executed, tmp_path / "code.txt", exporter_name="python")
    assert "print('<shown>')" in (tmp_path / "code.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "exporter", "words"),
    [("a.xyz", None, "no format of nbconvert is known"), ("a.html", "no_such_exporter", "no exporter named")],
)
def test_what_cannot_be_converted(executed: Path, name: str, exporter: str | None, words: str) -> None:
    with pytest.raises(UserError, match=words):
        convert(executed, executed.with_name(name), exporter_name=exporter)
    assert not executed.with_name(name).exists()


def test_a_product_without_the_extra(executed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"soorgeon-clone\[html\]"):
        convert(executed, executed.with_suffix(".html"))


def test_which_products_are_converted() -> None:
    assert [is_converted(Path(name)) for name in ("a.html", "a.MD", "a.ipynb", "a")] == [True, True, False, False]
