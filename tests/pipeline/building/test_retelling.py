"""Text counts: when nothing else of a task changed, its notebook is made anew and nothing runs."""

from __future__ import annotations

from typing import Any

import pytest
from project_folder import SAVE, Folder

from soorgeon_clone.pipeline.building.retold import retold

PERCENT = "# %% [markdown]\n# {title}\n\n# %% tags=['parameters']\nupstream = None\nproduct = None\n\n"
COUNT = "# %%\nopen('runs', 'a').write('1'){comment}\nx = 2\nx\n"


def source(folder: Folder, title: str, body: str = COUNT, comment: str = "", product: Any = "output/a.ipynb") -> None:
    text = PERCENT.replace("'", '"').format(title=title) + body.replace("{comment}", comment)
    folder.write("tasks/a.py", text)
    folder.declare(source="tasks/a.py", product=product)


def shown(folder: Folder) -> str:
    return (folder.root / "output/a.ipynb").read_text()


def runs(folder: Folder) -> int:
    return len((folder.root / "runs").read_text())


@pytest.mark.parametrize("change", ["Markdown", "a comment", "a cell of comments"])
def test_a_text_makes_the_notebook_anew(change: str, folder: Folder) -> None:
    source(folder, "Old")
    folder.build()
    if change == "Markdown":
        source(folder, "New words")
    elif change == "a comment":
        source(folder, "Old", comment="  # New words")
    else:
        source(folder, "Old", "# %%\n# New words\n\n" + COUNT)
    assert folder.stale() == {"a": "PROSE"}
    assert folder.results() == {"a": "retold"}
    assert runs(folder) == 1
    assert "New words" in shown(folder)
    assert folder.stale() == {}
    assert folder.results() == {"a": "up to date"}


@pytest.mark.parametrize("title", ["Old", "New"])
def test_it_is_what_a_run_would_give(title: str, folder: Folder) -> None:
    source(folder, "Old")
    folder.build()
    source(folder, title, "# %%\n# Words\n\n" + COUNT)
    assert folder.results() == {"a": "retold"}
    retold_text = shown(folder)
    folder.build(force=True)
    assert shown(folder) == retold_text


def test_downstream_stays_fresh(chain: Folder) -> None:
    chain.build()
    path = chain.root / "tasks/load.py"
    path.write_text(path.read_text() + "\n# %% [markdown]\n# More words\n")
    assert chain.stale() == {"load": "PROSE"}
    assert chain.results() == {"load": "retold", "fit": "up to date"}


def test_downstream_that_reads_nothing_of_it_stays_fresh(folder: Folder) -> None:
    source(folder, "Old")
    folder.task("b", "x = 1", SAVE, upstream=("a",), products=("x",))
    folder.build()
    source(folder, "New")
    assert folder.results() == {"a": "retold", "b": "up to date"}


def test_who_reads_the_notebook_sees_the_new_one(folder: Folder) -> None:
    source(folder, "Old")
    folder.task("b", "x = open(upstream['a']).read()", SAVE, upstream=("a",), products=("x",))
    folder.build()
    source(folder, "New words")
    assert folder.results() == {"a": "retold", "b": "ran"}
    assert "New words" in folder.load("output/b-x.pkl")


@pytest.mark.parametrize(
    "body",
    [
        "# %%\nimport inspect\ndef f():{comment}\n    return 1\nopen('runs', 'a').write('1')\ninspect.getsource(f)\n",
        "# %%\nimport warnings{comment}\nwarnings.warn('look here')\nopen('runs', 'a').write('1')\n",
    ],
    ids=["it looks at its source", "a warning shows its place"],
)
def test_what_shows_its_text_runs(body: str, folder: Folder) -> None:
    source(folder, "Old", body)
    folder.build()
    source(folder, "Old", body, comment="  # new words")
    assert folder.stale() == {"a": "PROSE"}
    assert folder.results() == {"a": "ran"}
    assert runs(folder) == 2


def test_back_and_forth_with_the_cache(folder: Folder) -> None:
    other = COUNT.replace("x = 2", "x = 3")
    source(folder, "Old")
    folder.build()
    source(folder, "Old", other)
    assert folder.results() == {"a": "ran"}
    source(folder, "New words")
    assert folder.results() == {"a": "retold"}
    assert "New words" in shown(folder)
    assert folder.results() == {"a": "up to date"}


def test_a_page_is_made_anew(folder: Folder) -> None:
    pytest.importorskip("nbconvert")
    source(folder, "Old", product="output/a.html")
    folder.build()
    assert not (folder.root / "output/a.executed.ipynb").exists()
    source(folder, "New words", product="output/a.html")
    assert folder.results() == {"a": "retold"}
    assert runs(folder) == 1
    assert "New words" in (folder.root / "output/a.html").read_text()
    source(folder, "Newest words", product="output/a.html")
    assert folder.results() == {"a": "retold"}
    (folder.root / ".soorgeon-clone/executed/a.ipynb").write_text("{}")
    source(folder, "Other words", product="output/a.html")
    assert folder.results() == {"a": "ran"}
    assert "Other words" in (folder.root / "output/a.html").read_text()


def test_a_function_has_no_text(folder: Folder) -> None:
    folder.write("funcs.py", "def make(product):\n    product.write_text('1')\n")
    folder.declare(source="funcs.make", product="output/x.txt")
    folder.build()
    folder.write("funcs.py", "# words\ndef make(product):\n    # more\n    product.write_text('1')\n")
    assert folder.stale() == {}


def test_other_code_is_not_told_anew() -> None:
    def notebook(*sources: str, outputs: Any = ()) -> dict[str, Any]:
        cells = [{"cell_type": "code", "source": one, "metadata": {}, "outputs": list(outputs)} for one in sources]
        return {"cells": cells, "metadata": {}}

    assert retold(notebook("x = 1"), notebook("x = 2")) is None
    assert retold(notebook("x = 1"), notebook("x = 1", "y = 1")) is None
    told = retold(notebook("x = 1"), notebook("# y\nx = 1"))
    assert told is not None and told["cells"][0]["execution_count"] == 1
