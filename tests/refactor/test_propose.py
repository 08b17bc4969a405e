"""`--split-on auto`: where sections are proposed, how they are called, and what becomes of the notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from soorgeon_clone.cli.refactor import command
from soorgeon_clone.notebook.headed import with_headings
from soorgeon_clone.notebook.model import Cell, Notebook
from soorgeon_clone.notebook.read import read
from soorgeon_clone.notebook.sections import split
from soorgeon_clone.refactor.plan import make_plan
from soorgeon_clone.refactor.propose import propose
from soorgeon_clone.refactor.titles import comment_title, title_of

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "notebooks").glob("*.ipynb"))


def notebook(*cells: str) -> Notebook:
    """Return a notebook; a cell that begins with "md " is a text."""
    made = [
        Cell(index, "markdown", text[3:]) if text.startswith("md ") else Cell(index, "code", text)
        for index, text in enumerate(cells)
    ]
    return Notebook("nb", None, tuple(made))


WORK = notebook(
    "import pandas as pd",
    "df = pd.read_csv('a.csv')\ndf.head()",
    "md Clean up\n\n" + "There are rows that nobody wants, and columns with odd names, as usual. " * 5,
    "df = df.dropna()",
    "df = df.rename(columns={'a': 'b'})",
    "md ### Look at it",
    "df.plot()",
    "df.hist()",
)


def test_sections_begin_at_texts_and_are_called_like_them() -> None:
    it = propose(WORK)
    titles = [section.title for section in split(it.notebook, it.level)]
    assert titles[1:] == ["Clean up", "Look at it"]
    assert [cell.source for cell in it.notebook.cells if cell.index == 5] == ["## Look at it"]


def test_cells_keep_their_numbers() -> None:
    it = propose(WORK)
    assert [cell.index for cell in it.notebook.cells if cell.index >= 0] == list(range(8))
    assert len({cell.index for cell in it.notebook.cells}) == len(it.notebook.cells)


def test_what_cannot_be_parted_is_not_proposed_as_two() -> None:
    it = propose(
        notebook(
            "f = open('a.txt', 'w')",
            "md " + "A long text that says what comes now. " * 20,
            "f.write('a')",
            "f.write('b')",
        )
    )
    assert not it.titles and len(split(it.notebook, it.level)) == 1


def test_without_texts_data_flow_decides() -> None:
    one = ["a = [1]", "a.append(2)", "a = sorted(a)\nprint(a)", "a = a[::-1]\nprint(a)"]
    other = [text.replace("a", "b").replace("bppend", "append").replace("sorted(b)", "sorted(b)") for text in one]
    it = propose(notebook(*one, *[text.replace("print(b)", "print(b)") for text in other]))
    cuts = [section.cells[-1].index for section in split(it.notebook, it.level)]
    assert 3 in cuts, "between the two lists nothing crosses"


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_every_proposal_is_a_task(path: Path) -> None:
    given = read(str(path))
    bare = replace(given, cells=tuple(cell for cell in given.cells if cell.kind != "markdown"))
    for subject in (given, bare):
        it = propose(subject)
        plan = make_plan(it.notebook, level=it.level)
        assert len(plan.tasks) >= max(len(it.titles) - len(plan.idle), 1)
        assert [cell for cell in it.notebook.cells if cell.kind == "code"] == [
            cell for cell in subject.cells if cell.kind == "code"
        ]


COMMENTS = {
    "# Load the data\nx": "Load the data",
    "#### MODEL ####\nx": "MODEL",
    "# ------\n# clean\n# ------": "Clean",
    "# x = 3\n": "",
    "# this comment is a whole sentence that goes on for a while\n": "",
    "x = 1  # no": "",
    "# %%time": "",
}


@pytest.mark.parametrize("source", COMMENTS)
def test_titles_of_comments(source: str) -> None:
    assert comment_title(source) == COMMENTS[source]


CODE: dict[str, str] = {
    "import os\nimport sys": "Imports",
    "import os\ndef f(): pass": "Definitions",
    "import os\nN = 3": "Setup",
    "df = pd.read_csv('x')\ndf.head()": "Load df",
    "plt.plot(x)\nplt.hist(y)": "Plot",
    "model = LinearRegression()\nmodel.fit(X, y)": "Train model",
    "!ls": "Compute",
    "this is no Python": "Compute",
}


@pytest.mark.parametrize("source", CODE)
def test_titles_of_code(source: str) -> None:
    assert title_of((), [source]) == CODE[source]


TEXTS: dict[str, str] = {
    "### A *b* `c`\nmore": "A b c",
    "**Bold one**\n\nmore": "Bold one",
    "Here we go on to show that what was said above is true of all.": "Compute",
    "[A link](http://x)": "A link",
}


@pytest.mark.parametrize("text", TEXTS)
def test_titles_of_texts(text: str) -> None:
    assert title_of([Cell(0, "markdown", text)], ["f(x)"]) == TEXTS[text]


def test_headings_are_put_in_or_change_their_level() -> None:
    headed = with_headings(notebook("x", "md # T\nt", "md # Other"), {0: "a_b <c>", 1: "T"}, 2)
    assert [cell.source for cell in headed.cells] == ["## a\\_b \\<c\\>", "x", "## T\nt", "# Other"]
    assert [section.title for section in split(replace(headed, cells=headed.cells[:2]), 2)] == ["a_b <c>"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.chdir(tmp_path)
    script = "# %%\nimport math\n# %% [markdown]\n# Compute\n# %%\nx = [math.pi]\n# %%\nx.append(1)\n# %% [markdown]\n"
    Path("nb.py").write_text(script + "# #### Show\n# %%\nprint(x)\n# %%\nprint(len(x))\n")

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(command, list(arguments), catch_exceptions=code != 0)
        assert (done.exit_code == 0) == (code == 0), done.output
        return str(done.output or done.exception)

    return run


def test_a_copy_with_the_headings_is_cut_in_the_same_way(run: Callable[..., str], tmp_path: Path) -> None:
    told = run("nb.py", "--split-on", "auto", "--dry-run")
    assert "Proposed headings" in told and "Show" in told
    run("nb.py", "--split-on", "auto", "--write-headings", "copy.ipynb")
    assert {path.name for path in tmp_path.iterdir()} == {"nb.py", "copy.ipynb"}
    auto = propose(read("nb.py"))
    again = read("copy.ipynb")
    assert [s.title for s in split(again)] == [s.title for s in split(auto.notebook)]
    assert [t.name for t in make_plan(again).tasks] == [t.name for t in make_plan(auto.notebook).tasks]


def test_headings_are_written_for_auto_alone_and_not_over_the_notebook(run: Callable[..., str]) -> None:
    assert "--split-on auto" in run("nb.py", "--write-headings", "copy.ipynb", code=2)
    assert "notebook itself" in run("nb.py", "--split-on", "auto", "--write-headings", "nb.py", code=2)
    assert ".ipynb or .py" in run("nb.py", "--split-on", "auto", "--write-headings", "copy.txt", code=2)


def test_a_copy_that_a_person_changed_stays(run: Callable[..., str]) -> None:
    arguments = ("nb.py", "--split-on", "auto", "--write-headings", "copy.ipynb")
    run(*arguments)
    run(*arguments)  # the same once more
    text = Path("copy.ipynb").read_text() + " "
    Path("copy.ipynb").write_text(text)
    assert "is there already" in run(*arguments, code=2)
    assert Path("copy.ipynb").read_text() == text
    run(*arguments, "--force")
    assert Path("copy.ipynb").read_text() != text


def test_h3_cuts_at_h2_as_well() -> None:
    it = notebook("md ## A", "x = 1", "md ### B", "y = 2", "md ## C", "z = 3", "md # D", "w = 4")
    assert [section.title for section in split(it, 3)] == ["A", "B", "C"]
    assert [section.title for section in split(it, 2)] == ["A", "C"]
