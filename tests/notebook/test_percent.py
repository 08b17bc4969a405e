"""Cells go into a script and come back the same; jupytext writes and reads the same script."""

from __future__ import annotations

import random
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soorgeon_clone.notebook import formats
from soorgeon_clone.notebook.model import Cell, CellKind
from soorgeon_clone.notebook.percent import read_script, write_script
from soorgeon_clone.notebook.write import SCRIPT_METADATA, to_data

KERNEL = {"kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}}

CODE = [
    "x = 1",
    "",
    "\n",
    "a\n\n",
    "x = 1\n\n\ny = 2",
    "# only a comment",
    "%matplotlib inline\nimport numpy",
    "# %matplotlib inline",
    "# # %matplotlib inline",
    "!pip install x\ny = 2",
    "!!ls",
    "?df",
    "df?",
    "df.head??",
    "# why?",
    "cd ..",
    "cat  = 3",
    "ls",
    "/f x",
    "files = !ls",
    "x = %magic a",
    "if a:\n    !ls\n    %time x\n    # !ls",
    "%foo \\\n   bar \\\n  baz\nx",
    "%time x # noescape",
    "%%time\ny = 1",
    "%%capture out\n%%time\nprint(1)",
    "%%writefile a.py\nimport b\nx = 1",
    "%%bash\nls -l\necho a",
    "%%bash",
    "%%html\n",
    "%%R -i df\nplot(df)",
    "%%latex\n$a$",
    "%%sql res <<\nselect 1",
    's = """\n%foo\n# %% a\n!ls\n"""\nz = 1',
    "'''doc'''",
    "    x = 1\n    y",
    "plot();",
    "x = 'é ☃'",
    "def f():\n    return 1",
    "class A:\n    pass\n\n\nx = 1",
    "@dec\ndef f(): pass",
    "import x\n\n\ndef g(): pass",
    "async def f(): pass",
    "await f()",
    "x = (\n  1\n)",
    "for i in x:\n    pass\n)",
    "# def",
]
MARKDOWN = [
    "# Title",
    "## H2 `a` \\alpha",
    "text\n\n- a\n- b\n",
    "```python\nx\n```",
    "",
    "!important",
    'a"""b',
    "end\n\n",
    "def x",
    "class a",
]
RAW = ["raw\ntext", "", "<b>x</b>"]

# What jupytext would read back as something else
NASTY_CODE = [
    "x\n# %% foo\ny",
    "def f():\n    # %%\n    return 1",
    "#%% z",
    "# # %% foo",
    "# In[3]:\nx",
    "# <codecell>\nx",
    "# # # In[ ]:",
    "%%latex\n%% comment\n%a",
    "%%bash\n# %% x\n",
    "%%python\nx = 1",
    "x = 'a\x0cb'",
    "x = '\u2028'\ny",
    "# +\nx",
    "# # + a",
    "x\\\n  # %% a",
    "# ---\n# a: b\n# ---",
]
NASTY_MARKDOWN = [
    "%% foo",
    "a\n%% b [markdown]\nc\\d",
    '"""\n%% a\n"""',
    "'''\n%%\n",
    "```mermaid\n%% c\n```\nx",
    '"""a"""',
    "# %matplotlib x",
    "# %% [markdown]\n# a",
    "%%%% x",
    "%% x\n",
    "```\nnever closed",
    "---\na: b\n---",
]
TAGS = [frozenset[str](), frozenset(["parameters"]), frozenset(["a b", "soorgeon-load", 'quo"te', "é"])]


def cells_of(*pairs: tuple[CellKind, str], tags: frozenset[str] = frozenset()) -> list[Cell]:
    return [Cell(index, kind, source, tags=tags) for index, (kind, source) in enumerate(pairs)]


def draw(seed: int, code: list[str], markdown: list[str], raw: list[str]) -> list[Cell]:
    choice = random.Random(seed)
    sources: dict[CellKind, list[str]] = {"code": code, "markdown": markdown, "raw": raw}
    kinds: list[CellKind] = choice.choices(["code", "markdown", "raw"], [5, 3, 1], k=choice.choice([1, 2, 3, 8, 20]))
    # A raw cell at the top may be the header of a jupytext script.
    kinds[0] = "code"
    return [Cell(i, kind, choice.choice(sources[kind]), tags=choice.choice(TAGS)) for i, kind in enumerate(kinds)]


def contents(data: Any) -> list[tuple[str, str, frozenset[str]]]:
    return [(cell["cell_type"], cell["source"], frozenset(cell["metadata"].get("tags", ()))) for cell in data["cells"]]


def expected(cells: list[Cell]) -> list[tuple[str, str, frozenset[str]]]:
    return [(cell.kind, _without_last_blank(cell), cell.tags) for cell in cells]


def _without_last_blank(cell: Cell) -> str:
    """A single blank line at the end of a code cell is not kept, but for the cells that are written as comments."""
    lines = cell.source.split("\n")
    as_comments = cell.kind != "code" or lines[0].partition(" ")[0] in ("%%html", "%%bash", "%%latex")
    return (
        cell.source[:-1] if not as_comments and len(lines) > 1 and not lines[-1] and lines[-2].strip() else cell.source
    )


def jupytext_script(cells: list[Cell], metadata: dict[str, Any]) -> str:
    import jupytext

    fmt = {"extension": ".py", "format_name": "percent", "notebook_metadata_filter": "kernelspec,-all"}
    text: str = jupytext.writes(formats.make_node(to_data(cells, metadata)), fmt=fmt)
    return text


@pytest.mark.skipif(
    tuple(map(int, version("jupytext").split(".")[:2])) < (1, 17),
    reason="older versions leave a blank line less before a definition below comments",
)
@pytest.mark.parametrize("seed", range(60))
def test_jupytext_writes_the_same_bytes(seed: int) -> None:
    cells = draw(seed, CODE, MARKDOWN, RAW)
    assert write_script(cells, KERNEL) == jupytext_script(cells, KERNEL)


@pytest.mark.parametrize("source", CODE)
def test_jupytext_reads_the_same_cells(source: str) -> None:
    cells = cells_of(("code", "first"), ("code", source), ("code", "last"), tags=frozenset(["parameters"]))
    script = write_script(cells, SCRIPT_METADATA)
    # jupytext gives a magic without a body an empty one.
    theirs = [(kind, text.rstrip("\n"), tags) for kind, text, tags in contents(formats.read_text(script, ".py"))]
    assert theirs == [(cell.kind, cell.source.rstrip("\n"), cell.tags) for cell in cells]


@pytest.mark.parametrize("metadata", [{}, KERNEL, SCRIPT_METADATA], ids=["none", "kernel", "ours"])
@pytest.mark.parametrize("seed", range(60))
def test_cells_come_back(seed: int, metadata: dict[str, Any]) -> None:
    cells = draw(seed, CODE + NASTY_CODE, MARKDOWN + NASTY_MARKDOWN, RAW + NASTY_MARKDOWN)
    data = read_script(write_script(cells, metadata))
    assert data is not None
    assert contents(data) == expected(cells)
    assert data["metadata"] == metadata


LINES = [
    "",
    "x = 1",
    "  y",
    "# %%",
    "    # %% [markdown]",
    "# # %% a",
    "%% a",
    "%%time",
    "# %time x",
    "!ls \\",
    "a?",
    '"',
    "#",
]
LINES += ["```", "def f():", "# In[1]:", "# ---", "\\", "'it's", "%%bash", "# +", "# !ls", "\t", "é\u2028\x0c"]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["code", "markdown", "raw"]), st.lists(st.sampled_from(LINES), max_size=5)),
        min_size=1,
    )
)
def test_any_lines_come_back(drawn: list[tuple[CellKind, list[str]]]) -> None:
    # No trailing blank lines in code: see the module's docstring.
    pairs = [(kind, "\n".join(lines).rstrip() if kind == "code" else "\n".join(lines)) for kind, lines in drawn]
    cells = cells_of(*pairs)
    data = read_script(write_script(cells, SCRIPT_METADATA))
    assert data is not None
    assert contents(data) == [(cell.kind, cell.source, cell.tags) for cell in cells]


def test_a_script_reads_as_a_colleague_would_write_it() -> None:
    cells = [
        Cell(0, "markdown", "## Load\n\nThe data."),
        Cell(1, "code", "upstream = None\nproduct = None", tags=frozenset(["parameters"])),
        Cell(2, "code", "%matplotlib inline\nimport pandas as pd"),
        Cell(3, "code", "def f():\n    return 1"),
        Cell(4, "code", "f()", metadata={"title": "Call it", "collapsed": True}),
    ]
    assert write_script(cells, KERNEL) == (
        "# ---\n# jupyter:\n#   kernelspec:\n#     display_name: Python 3 (ipykernel)\n#     language: python\n"
        "#     name: python3\n# ---\n\n"
        "# %% [markdown]\n# ## Load\n#\n# The data.\n\n"
        '# %% tags=["parameters"]\nupstream = None\nproduct = None\n\n'
        "# %%\n# %matplotlib inline\nimport pandas as pd\n\n\n"
        "# %%\ndef f():\n    return 1\n\n\n"
        "# %% Call it\nf()\n"
    )


@pytest.mark.parametrize(
    ("script", "cells"),
    [
        ("# %%\nx", [("code", "x", {})]),
        ("# %%\nx\n\n\n# %%\ny\n", [("code", "x", {}), ("code", "y", {})]),
        ("#%%\nx\n#%% md\ny", [("code", "x", {}), ("code", "y", {"title": "md"})]),
        ("# %% Title [markdown]\n# a\n#\n#b", [("markdown", "a\n\nb", {"title": "Title"})]),
        ("# %% [md]\n# a", [("markdown", "a", {})]),
        ('# %% [markdown] tags=["t"]\n# a', [("markdown", "a", {"tags": ["t"]})]),
        ('# %% [markdown]\n"""\n# a\n"""', [("markdown", "# a", {})]),
        ('# %% [markdown]\nr"""# \\a"""', [("markdown", "# \\a", {})]),
        ("# %% [raw]\n# a", [("raw", "a", {})]),
        ('# %% slide=true tags=["a", "b"]\nx', [("code", "x", {"slide": True, "tags": ["a", "b"]})]),
        ('# %% language="bash" magic_args="-e"\n# ls', [("code", "%%bash -e\nls", {})]),
        ("# ---\n# jupyter:\n#   kernelspec:\n#     name: 'python3'\n# ---\n# %%\nx", [("code", "x", {})]),
    ],
)
def test_scripts_that_people_write(script: str, cells: list[tuple[str, str, dict[str, Any]]]) -> None:
    data = read_script(script)
    assert data is not None
    assert [(cell["cell_type"], cell["source"], cell["metadata"]) for cell in data["cells"]] == cells


@pytest.mark.parametrize(
    "script",
    [
        "x = 1",
        "import x\n\n# %%\ny",
        "# +\nx",
        "# %%\n%matplotlib inline",
        '# %% active="ipynb"\nx',
        '# %% tags=["active-ipynb"]\nx',
        "# %%%% sub cell\nx",
        "# %% {broken\nx",
        "# %% tags=[broken\nx",
        "# %% .class\nx = %%",
        "# ---\n# title: a\n# ---\n\n# %%\nx",
        '# ---\n# jupyter:\n#   jupytext:\n#     cell_markers: \'"""\'\n# ---\n\n# %%\nx',
        "# ---\n# jupyter:\n#   jupytext:\n#     text_representation:\n#       format_name: light\n# ---\n\n# %%\nx",
        "# ---\n# never closed",
        "#!/usr/bin/python\n# %%\nx",
        "# %% [markdown]\n# ```\n# %% in a fence\n# ```",
    ],
)
def test_the_rest_is_left_to_jupytext(script: str) -> None:
    data = read_script(script)
    if data is not None:  # read as jupytext reads it
        theirs = contents(formats.read_text(script, ".py"))
        assert contents(data) == theirs


def test_neither_way_waits_for_jupytext() -> None:
    code = (
        "import sys; from pathlib import Path; from soorgeon_clone.notebook.read import parse; "
        "from soorgeon_clone.notebook.write import to_script; "
        "book = parse(b'# %%\\n# %cd x\\ny', Path('a.py')); to_script(book.cells, {}); "
        "sys.exit('jupytext' in sys.modules or 'nbformat' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_ten_thousand_cells() -> None:
    cells = draw(1, CODE, MARKDOWN, RAW) * 1000
    data = read_script(write_script(cells, SCRIPT_METADATA))
    assert data is not None
    assert contents(data) == expected(cells)
