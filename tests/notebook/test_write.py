"""What is written as .ipynb is valid, looks like Jupyter's own, and reads back the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.read import parse, read
from soorgeon_clone.notebook.write import SCRIPT_METADATA, to_ipynb, to_node, to_script, write_node

METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
OUTPUT = {"output_type": "stream", "name": "stdout", "text": "é\nf\n"}
SHOWN = {
    "output_type": "display_data",
    "metadata": {},
    "data": {
        "text/plain": "a\nb",
        "application/json": {"a": 1},
        "application/vnd.x+json": ["a\n", "b"],
        "image/png": "eA==\n",
    },
}
CELLS = [
    Cell(
        0, "markdown", "## Load\n\n![a](attachment:a)", id="m1", attachments={"a": {"image/svg+xml": "<svg>\n</svg>"}}
    ),
    Cell(
        1, "code", "%cd x\n\ny\n", id="c1", tags=frozenset({"parameters"}), execution_count=3, outputs=(OUTPUT, SHOWN)
    ),
    Cell(2, "code", ""),
    Cell(3, "raw", "<b>", metadata={"format": "text/html"}),
    Cell(4, "code", "x = 'é\\n'", metadata={"tags": ["b", "a"], "collapsed": True}, tags=frozenset({"a", "b", "c"})),
]


def test_ipynb_reads_back_the_same() -> None:
    book = parse(to_ipynb(CELLS, METADATA).encode(), Path("nb.ipynb"))
    assert book.metadata == METADATA
    for before, after in zip(CELLS, book.cells, strict=True):
        assert after.id == before.id or before.id is None
        metadata = {key: value for key, value in after.metadata.items() if key != "tags"}
        assert {key: value for key, value in before.metadata.items() if key != "tags"} == metadata
        assert replace(after, id=None, metadata={}) == replace(before, id=None, metadata={})


def test_ipynb_is_valid_and_laid_out_as_nbformat_does() -> None:
    import nbformat

    text = to_ipynb(CELLS, METADATA)
    node = nbformat.reads(text, as_version=4)
    nbformat.validate(node)
    assert nbformat.writes(node) == text.rstrip("\n")
    assert text.endswith("}\n")


def test_tags_keep_their_order() -> None:
    cells = json.loads(to_ipynb(CELLS, METADATA))["cells"]
    assert cells[4]["metadata"]["tags"] == ["b", "a", "c"]
    assert "tags" not in cells[2]["metadata"]
    taken_away = replace(CELLS[4], tags=frozenset({"a"}))
    assert json.loads(to_ipynb([taken_away], {}))["cells"][0]["metadata"]["tags"] == ["a"]


def test_ids_are_valid_different_and_the_same_each_time() -> None:
    cells = [Cell(i, "code", "x", id=name) for i, name in enumerate([None, None, "a", "a", "not valid!", "a" * 65])]
    text = to_ipynb(cells, {})
    ids = [cell["id"] for cell in json.loads(text)["cells"]]
    assert len(set(ids)) == len(ids)
    assert ids[2] == "a"
    assert to_ipynb(cells, {}) == text


def test_lone_surrogates_in_outputs_are_kept() -> None:
    cell = Cell(0, "code", "x", outputs=({"output_type": "stream", "name": "stdout", "text": "\ud83d é"},))
    text = to_ipynb([cell], {})
    assert parse(text.encode(), Path("a.ipynb")).cells[0].outputs == cell.outputs


def test_odd_line_ends_stay_in_the_source() -> None:
    cell = Cell(0, "code", "a = 'x\x0cy\u2028z'\n\n")
    assert parse(to_ipynb([cell], {}).encode(), Path("a.ipynb")).cells[0].source == cell.source


@pytest.mark.parametrize("metadata", [{}, METADATA, SCRIPT_METADATA])
def test_scripts_read_back_through_a_file(tmp_path: Path, metadata: dict[str, object]) -> None:
    path = tmp_path / "load.py"
    path.write_text(to_script(CELLS, metadata), encoding="utf-8", newline="\n")
    book = read(path)
    assert [(cell.kind, cell.source, cell.tags) for cell in book.cells] == [
        (cell.kind, cell.source.rstrip("\n"), cell.tags) for cell in CELLS
    ]
    assert book.metadata == metadata


def test_nodes(tmp_path: Path) -> None:
    import nbformat

    node = to_node(Notebook("a", None, tuple(CELLS), METADATA))
    nbformat.validate(node)
    assert [cell.source for cell in node.cells] == [cell.source for cell in CELLS]
    node.cells[1].outputs = []
    assert CELLS[1].outputs == (OUTPUT, SHOWN)
    path = tmp_path / "out.ipynb"
    write_node(node, path)
    assert [cell.source for cell in read(path).cells] == [cell.source for cell in CELLS]
    assert path.read_bytes().endswith(b"}\n")
