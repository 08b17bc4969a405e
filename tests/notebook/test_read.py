"""Every notebook that Jupyter opens is read; everything else gets one clear message."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from soorgeon_clone.errors import UserError
from soorgeon_clone.notebook.read import parse, place, read


def ipynb(*cells: Any, **more: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}


def code(source: Any = "x = 1", **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **more}


def markdown(source: Any = "text", **more: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}, **more}


def parsed(data: Any, name: str = "nb.ipynb") -> Any:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return parse(raw, Path(name))


def sources(data: Any, name: str = "nb.ipynb") -> list[tuple[str, str]]:
    return [(cell.kind, cell.source) for cell in parsed(data, name).cells]


def test_a_notebook(tmp_path: Path) -> None:
    path = tmp_path / "My notebook.ipynb"
    output = {"output_type": "stream", "name": "stdout", "text": "1"}
    cell = code(["x = 1\n", "x"], id="abc", execution_count=3, outputs=[output], metadata={"tags": ["parameters"]})
    picture = {"a.png": {"image/png": ""}}
    raw = {"cell_type": "raw", "source": "raw"}
    path.write_text(json.dumps(ipynb(cell, markdown("# T", attachments=picture), raw)), encoding="utf-8")
    book = read(path)
    assert (book.name, book.path) == ("My notebook", path)
    assert read(str(path)) == book
    first, second, third = book.cells
    assert (first.index, first.kind, first.source, first.id) == (0, "code", "x = 1\nx", "abc")
    assert (first.tags, first.execution_count, first.outputs) == (frozenset({"parameters"}), 3, (output,))
    assert (second.kind, second.source, second.attachments) == ("markdown", "# T", picture)
    assert (third.kind, third.source, third.id) == ("raw", "raw", None)


ODD = [
    ("source as text", ipynb(code("a\nb")), [("code", "a\nb")]),
    ("source as lines", ipynb(code(["a\n", "b"])), [("code", "a\nb")]),
    ("null source", ipynb(code(None), markdown(None)), [("code", ""), ("markdown", "")]),
    ("null among lines", ipynb(code(["a", None])), [("code", "a")]),
    ("no source", ipynb({"cell_type": "code"}), [("code", "")]),
    ("null metadata", ipynb(code(metadata=None), metadata=None), [("code", "x = 1")]),
    ("odd tags, id, outputs", ipynb(code(metadata={"tags": [1, "a"]}, id=3, outputs=None)), [("code", "x = 1")]),
    ("CRLF", ipynb(code("a\r\nb\r\n"), code(["a\r\n", "b"])), [("code", "a\nb\n"), ("code", "a\nb")]),
    ("carriage returns", ipynb(code("a\rb")), [("code", "a\nb")]),
    ("form feed", ipynb(code("a\n\x0c\nb")), [("code", "a\n\x0c\nb")]),
    ("surrogate pair", ipynb(code("'\U0001f600'")), [("code", "'\U0001f600'")]),
    ("lone surrogate in Markdown", ipynb(markdown("a\ud83db")), [("markdown", "a\ufffdb")]),
    ("no nbformat", {"cells": [code()]}, [("code", "x = 1")]),
    ("later minor", ipynb(code(), nbformat_minor=99), [("code", "x = 1")]),
    ("byte-order mark", b"\xef\xbb\xbf" + json.dumps(ipynb(code())).encode(), [("code", "x = 1")]),
    ("UTF-16", json.dumps(ipynb(code("'é'")), ensure_ascii=False).encode("utf-16"), [("code", "'é'")]),
    ("not a number", json.dumps(ipynb(code(), metadata={"x": float("nan")})).encode(), [("code", "x = 1")]),
    (
        "format 3",
        {
            "nbformat": 3,
            "nbformat_minor": 0,
            "metadata": {"name": ""},
            "worksheets": [
                {
                    "cells": [
                        {"cell_type": "heading", "level": 2, "source": ["Load"], "metadata": {}},
                        {"cell_type": "code", "input": ["x = 1\n", "x"], "outputs": [], "language": "python"},
                        {"cell_type": "markdown", "source": "text"},
                    ]
                }
            ],
        },
        [("markdown", "## Load"), ("code", "x = 1\nx"), ("markdown", "text")],
    ),
    (
        "format 3 with gaps",
        {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": None}]}]},
        [("code", "")],
    ),
    ("format 2", {"nbformat": 2, "worksheets": [{"cells": [{"cell_type": "code", "input": "x"}]}]}, [("code", "x")]),
]


@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in ODD], ids=[case[0] for case in ODD])
def test_what_opens_in_jupyter_is_read(data: Any, expected: list[tuple[str, str]]) -> None:
    assert sources(data) == expected


def test_tags_are_texts() -> None:
    book = parsed(ipynb(code(metadata={"tags": [1, "a", None]}), code(metadata={"tags": "a"})))
    assert [cell.tags for cell in book.cells] == [frozenset({"a"}), frozenset()]


TEXT = [
    ("a.py", "# %% [markdown]\n# ## A\n\n# %%\n# %cd x\ny", [("markdown", "## A"), ("code", "%cd x\ny")]),
    ("a.py", "# %%\r\nx\r\n", [("code", "x")]),
    ("a.py", "\ufeff# %%\nx", [("code", "x")]),
    ("a.py", "# %%\n%cd x\n# %cd y\n", [("code", "%cd x\n# %cd y")]),  # Hydrogen
    ("a.py", "# # T\n\nimport x\n\n# +\ny\n\nz\n", [("markdown", "# T"), ("code", "import x"), ("code", "y\n\nz")]),
    ("a.py", "x = 1\ny = 2", [("code", "x = 1\ny = 2")]),
    ("a.py", '# %% [markdown]\n# a\n\n# %% active="ipynb"\n# x', [("markdown", "a"), ("code", "x")]),
    ("a.md", "# T\n\ntext\n\n```python\nx\n```\n", [("markdown", "# T\n\ntext"), ("code", "x")]),
    ("a.Rmd", "# T\n\n```{python}\nx\n```\n", [("markdown", "# T"), ("code", "x")]),
    ("a.qmd", "# T\n\n```{python}\nx\n```\n", [("markdown", "# T"), ("code", "x")]),
    ("a.PY", "# %%\nx", [("code", "x")]),
    ("a", "# %%\nx", [("code", "x")]),
    ("a", json.dumps(ipynb(code())), [("code", "x = 1")]),
    ("a.txt", json.dumps(ipynb(code())), [("code", "x = 1")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), TEXT)
def test_text_notebooks(name: str, text: str, expected: list[tuple[str, str]]) -> None:
    book = parsed(text.encode(), name)
    assert [(cell.kind, cell.source) for cell in book.cells] == expected
    if not text.startswith("{"):
        assert {cell.id for cell in book.cells} == {None}
    assert parsed(text.encode(), name) == book


def test_text_notebooks_have_tags_and_a_kernel() -> None:
    script = (
        "# ---\n# jupyter:\n#   kernelspec:\n#     language: python\n#     name: python3\n"
        '# ---\n\n# %% tags=["parameters"]\nx = 1\n'
    )
    book = parsed(script.encode(), "a.py")
    assert book.cells[0].tags == frozenset({"parameters"})
    assert book.metadata["kernelspec"]["name"] == "python3"
    light = parsed(b'# + tags=["parameters"]\nx = 1\n', "a.py")
    assert light.cells[0].tags == frozenset({"parameters"})


def test_a_script_in_another_encoding() -> None:
    assert sources("# -*- coding: latin-1 -*-\n# %%\nx = 'é'".encode("latin-1"), "a.py") == [("code", "x = 'é'")]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}},
        {"kernelspec": {"name": "conda-env-r-py", "language": "python"}},
        {"kernelspec": {"name": "my-project"}},
        {"kernelspec": {"name": "xpython"}},
        {"kernelspec": None, "language_info": None},
        {"kernelspec": "python3", "language_info": []},
        {"kernelspec": {"name": 3, "language": None}, "language_info": {"name": "ipython"}},
        {"language_info": {"name": "python", "version": "2.7.1"}},
    ],
)
def test_python_kernels(metadata: dict[str, Any]) -> None:
    assert sources(ipynb(code(), metadata=metadata)) == [("code", "x = 1")]


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}, "R"),
        ({"kernelspec": {"name": "ir"}}, "ir"),
        ({"kernelspec": {"name": "julia-1.9", "display_name": "Julia 1.9"}}, "Julia 1.9"),
        ({"language_info": {"name": "scala"}}, "scala"),
        ({"kernelspec": {"name": "bash"}}, "bash"),
        ({"kernelspec": {"name": "SageMath", "language": "sage"}}, "sage"),
        ({"kernelspec": {"name": "javascript", "display_name": None}}, "javascript"),
    ],
)
def test_other_kernels_are_refused(metadata: dict[str, Any], language: str) -> None:
    with pytest.raises(UserError) as raised:
        parsed(ipynb(code(), metadata=metadata))
    assert raised.value.exit_code == 2
    assert f"in {language}, not in Python" in raised.value.message
    assert raised.value.hint


def test_r_markdown_is_refused() -> None:
    with pytest.raises(UserError, match="in R, not in Python"):
        parsed(b"# T\n\n```{r}\nx\n```\n", "a.Rmd")


WHOLE = json.dumps(ipynb(code("x = 'a long text'"), markdown("b\\c")), indent=1).encode()

BAD = [
    ("empty file", b"", "is empty"),
    ("only white space", b"\xef\xbb\xbf \n", "is empty"),
    ("prose", b"hello", "line 1, column 1: this is not a notebook"),
    ("a picture", b"\x89PNG\r\n\x1a\n", "line 1: byte 0x89 is not valid utf-8"),
    ("a list", b"[1, 2]", "JSON, but without cells"),
    ("a number", b"3", "JSON, but without cells"),
    ("an object", b'{"a": 1}', "JSON, but without cells"),
    ("merge conflict", WHOLE.replace(b"\n", b"\n<<<<<<< HEAD\n", 1), "unresolved merge"),
    ("trailing comma", b'{"cells": [1,], "a": 1}', "not a notebook"),
    ("nested", b'{"cells": ' + b"[" * 100_000, "not a notebook"),
    ("no cells", json.dumps(ipynb()).encode(), "has no cells"),
    ("cells is null", b'{"cells": null}', "cells are not a list"),
    ("cells is an object", b'{"cells": {}}', "cells are not a list"),
    ("worksheets is null", b'{"nbformat": 3, "worksheets": null}', "has no cells"),
    ("worksheets of numbers", b'{"nbformat": 3, "worksheets": [3]}', "cannot be upgraded"),
    ("future format", json.dumps(ipynb(code(), nbformat=5)).encode(), "format 5 is not known"),
    ("odd format", json.dumps(ipynb(code(), nbformat="4")).encode(), "format '4' is not known"),
    ("a number for a cell", json.dumps(ipynb(code(), 3)).encode(), "cell 2: not a cell but int"),
    ("unknown cell type", json.dumps(ipynb({"cell_type": "chart"})).encode(), "cell 1: cell type 'chart'"),
    ("no cell type", json.dumps(ipynb({})).encode(), "cell 1: cell type None"),
    ("a number for a source", json.dumps(ipynb(code(3))).encode(), "cell 1: its source is int"),
    ("numbers for lines", json.dumps(ipynb(code([3]))).encode(), "cell 1: its source is list"),
    ("lone surrogate", json.dumps(ipynb(code(), code("a\nb = '\ud83d'"))).encode(), "cell 2, line 2: half of"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input_gets_one_clear_message(data: bytes, words: str) -> None:
    with pytest.raises(UserError) as raised:
        parsed(data)
    assert raised.value.exit_code == 2
    assert raised.value.message.startswith("nb.ipynb")
    assert words in raised.value.message
    assert "\n" not in raised.value.message


def test_a_notebook_cut_off_anywhere_says_so() -> None:
    for end in range(1, len(WHOLE) - 1):
        with pytest.raises(UserError) as raised:
            parsed(WHOLE[:end])
        assert raised.value.exit_code == 2
        if end > 1 and WHOLE[:end].strip() != b"{":
            assert "cut off" in raised.value.message, WHOLE[:end][-20:]


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.r", "a.zip"])
def test_other_files_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="is not a notebook"):
        parsed(b"a,b\n1,2\n", name)


def test_a_script_with_a_broken_header() -> None:
    with pytest.raises(UserError) as raised:
        parsed(b"# ---\n# jupyter:\n#   a: [b\n# ---\n\n# %%\nx", "a.py")
    assert raised.value.exit_code == 2


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path, words in [
        (tmp_path / "no.ipynb", "no such file"),
        (tmp_path, "is a folder"),
        (tmp_path / "a" / "b.ipynb", "no such file"),
        (Path("a\0b.ipynb"), "cannot be read"),
        (tmp_path / ("n" * 300), "cannot be read"),
    ]:
        with pytest.raises(UserError) as raised:
            read(path)
        assert raised.value.exit_code == 2
        assert words in raised.value.message


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0)
    with pytest.raises(UserError, match="no permission"):
        read(path)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    for data in (json.dumps(ipynb(code())).encode(), b"# %%\nx = 1\n", b"text\n\n```python\nx = 1\n```\n"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        book = read("-")
        assert book.path is None
        assert book.name == "notebook"
        assert book.cells[-1].source == "x = 1"
        assert str(place(book, book.cells[-1], 1)).startswith("standard input, cell")


def test_places() -> None:
    book = parsed(ipynb(code(), code(id="abc")))
    assert str(place(book, book.cells[1], 3)) == "nb.ipynb, cell 2 (id abc), line 3"
    assert str(place(book, book.cells[0])) == "nb.ipynb, cell 1"
    assert str(place(book)) == "nb.ipynb"


def test_big_notebooks() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "a" * 50_000_000}
    assert len(parsed(ipynb(code(outputs=[output]))).cells) == 1
    assert len(parsed(ipynb(*(code(["x\n"] * 20) for _ in range(10_000)))).cells) == 10_000
    assert len(parsed(ipynb(code("x" * 1_000_000))).cells[0].source) == 1_000_000


def test_random_bytes_never_escape_as_something_else() -> None:
    import random

    chance = random.Random(1)
    for _ in range(300):
        data = bytearray(WHOLE)
        for _ in range(chance.choice([1, 3, 20])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            parsed(bytes(data))
        except UserError as error:
            assert error.exit_code == 2


CHUNKS = [
    ("a.qmd", "```{python}\n#| eval: false\nx = = 1\n```\n", {"skip-execution"}),
    ("a.qmd", "```{python}\n#| label: one\n#| error:  True\n1/0\n```\n", {"raises-exception"}),
    ("a.qmd", "```{python}\n#| eval: true\nx\n```\n", set()),
    ("a.Rmd", "```{python eval=FALSE}\nx\n```\n", {"skip-execution"}),
    ("a.Rmd", '```{python, eval=F, tags=c("a")}\nx\n```\n', {"skip-execution", "a"}),
    ("a.Rmd", "```{python error=TRUE}\n1/0\n```\n", {"raises-exception"}),
]


@pytest.mark.parametrize(("name", "text", "tags"), CHUNKS)
def test_options_of_chunks_are_tags(name: str, text: str, tags: set[str]) -> None:
    (cell,) = parsed(text.encode(), name).cells
    assert cell.tags == tags
