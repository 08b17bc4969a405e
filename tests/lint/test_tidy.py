"""The formatter changes code and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lint.notebooks import code, ipynb, text
from soorgeon_clone.lint.tidy import formatted, stripped

FIXTURES = Path(__file__).parents[2] / "fixtures" / "notebooks"
NAME = Path("x.ipynb")


def sources(data: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(data)["cells"]]


def test_formats_and_sorts() -> None:
    data = ipynb(
        text("# a   b"),
        "import sys\nimport os\nx   = {'a':1}",
        "%matplotlib inline\n!ls   -l\ny=  2",
        "%%bash\nls   -l",
    )
    assert sources(formatted(data, NAME).data) == [
        "# a   b",
        'import os\nimport sys\n\nx = {"a": 1}',
        "%matplotlib inline\n!ls   -l\ny = 2",
        "%%bash\nls   -l",
    ]
    assert sources(formatted(data, NAME, imports=False).data)[1].startswith("import sys\nimport os\n")


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.ipynb")), ids=lambda path: path.name)
def test_keeps_all_but_code(path: Path) -> None:
    old = path.read_bytes()
    new = formatted(old, path).data
    before, after = json.loads(old), json.loads(new)
    for one, other in zip(before["cells"], after["cells"], strict=True):
        if one["cell_type"] == "code":
            one["source"] = other["source"] = []
    assert before == after
    assert list(before) == list(after)
    assert formatted(new, path).data == new
    layout = json.dumps(json.loads(ipynb("x = 1")), indent=5).encode()
    assert formatted(layout, NAME).data == layout


def test_one_bad_cell_is_left_and_the_others_are_formatted() -> None:
    done = formatted(ipynb("y   = 1", "x = (", "%matplotlib inline\nz   = 2"), NAME)
    assert sources(done.data) == ["y = 1", "x = (", "%matplotlib inline\nz = 2"]
    assert [one.partition(":")[0] for one in done.invalid] == ["x.ipynb, cell 2 is left as it is"]
    assert not done.left


@pytest.mark.parametrize(
    "source",
    [
        "import json as j\nimport ast as j",  # the last one holds
        "from numpy import *\nfrom math import *",
        "from math import sqrt\nfrom cmath import *",
        "import os\nimport mysetup\nimport json",  # a module of the user's own sees what was imported before
        "import numpy\nimport mysetup",
        "try:\n    import sys as m\n    import os as m\nexcept ImportError:\n    m = None",
        "def f():\n    ' a'\nprint(f.__doc__)",
        f"x = ['{'a' * 50}', '{'b' * 50}'] #@param",
    ],
)
def test_what_means_something_as_it_is_stays(source: str, tmp_path: Path) -> None:
    (tmp_path / "mysetup.py").write_text("")
    (tmp_path / ".git").mkdir()
    done = formatted(ipynb("y   = 1", source), tmp_path / "x.ipynb")
    first, second = sources(done.data)
    assert first == "y = 1"
    assert second.replace('"', "'").split() == source.split()
    assert len(done.left) == 1
    assert "cell 2" in done.left[0]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import numpy\nimport json\nimport mysetup", "import json\n\nimport mysetup\nimport numpy"),
        ("from b import y\nfrom a import x", "from a import x\nfrom b import y"),
        ("def f( ):\n    '''Text.   '''", 'def f():\n    """Text."""'),
        ("x=1;", "x = 1;"),
        ("x  = 3 #@param {type: 'number'}", "x = 3  # @param {type: 'number'}"),
    ],
)
def test_what_means_the_same_is_formatted(source: str, wanted: str, tmp_path: Path) -> None:
    done = formatted(ipynb(source), tmp_path / "x.ipynb")
    assert (sources(done.data), done.left) == ([wanted], ())


MYST = (
    "---\njupytext:\n  text_representation:\n    extension: .md\n    format_name: myst\n"
    "kernelspec:\n  display_name: Python 3\n  language: python\n  name: python3\n---\n\n"
    "```{{code-cell}} ipython3\n:tags: [a]\n\n{}\n```\n"
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "# %%\n%matplotlib inline\n!ls   -l\n{};\n# %%\ny = 2\n"),
        ("a.py", "\ufeff# %%\n{}\n"),
        ("a.py", "# %%\r\n{}\r\n"),
        ("a.md", "# T\n\n```python\n{}\n```\n\n```\ny   = 1\n```\n"),
        ("a.Rmd", "# T\n\n```{{python}}\n{}\n```\n"),
        ("a.qmd", "# T\n\n```{{python}}\n#| echo: false\n{}\n```\n"),
        ("a.md", MYST),
    ],
    ids=["bare magics", "BOM", "Windows", "Markdown", "R Markdown", "Quarto", "MyST"],
)
def test_text_formats(name: str, text: str, tmp_path: Path) -> None:
    done = formatted(text.format("x   = 1").encode(), tmp_path / name)
    assert (done.data.decode(), done.invalid, done.left) == (text.format("x = 1"), (), ())


def test_a_mark_before_json_stays() -> None:
    data = b"\xef\xbb\xbf" + ipynb("x   = 1")
    assert formatted(data, None).data == b"\xef\xbb\xbf" + ipynb("x = 1")


def test_strips() -> None:
    output = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}
    data = ipynb(code("print(1)", 3, output), text("a"), code("x = 1", 4))
    done = stripped(data, outputs=True, counts=True)
    cells = json.loads(done)["cells"]
    assert [(c.get("outputs"), c.get("execution_count")) for c in cells] == [([], None), (None, None), ([], None)]
    assert stripped(done, outputs=True, counts=True) == done
    kept = json.loads(stripped(data, outputs=False, counts=True))["cells"]
    assert kept[0]["outputs"] == [output]
    assert kept[0]["execution_count"] is None
    assert stripped(b"# %%\nx = 1\n", outputs=True, counts=True) == b"# %%\nx = 1\n"
