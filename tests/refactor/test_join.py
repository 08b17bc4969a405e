"""`join`: the notebook of a pipeline makes the same tasks again, and what a person wrote runs as one notebook."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from oracle.running import refactor
from project_folder import SAVE, Folder, load

from soorgeon_clone.cli.join import command
from soorgeon_clone.cli.test import run_notebook
from soorgeon_clone.notebook.read import read
from soorgeon_clone.pipeline.status.project import Project
from soorgeon_clone.refactor.join import join
from soorgeon_clone.refactor.plan import make_plan

NOTEBOOKS = Path(__file__).parents[2] / "fixtures" / "notebooks"


@pytest.mark.parametrize("name", sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")))
@pytest.mark.parametrize("into", [(), ("--into", "pipe")], ids=["beside", "into"])
def test_the_notebook_makes_the_same_tasks(name: str, into: tuple[str, ...], tmp_path: Path) -> None:
    shutil.copytree(NOTEBOOKS, tmp_path, dirs_exist_ok=True)
    report = refactor(tmp_path / f"{name}.ipynb", *into)
    with Project(tmp_path / report["folder"]) as project:
        joined = join(project.dag, name)
        upstream = {task.name: task.upstream for task in project.dag.tasks.values()}
    assert not joined.by_files
    plan = make_plan(joined.notebook)
    assert {task.name: task.upstream for task in plan.tasks} == upstream
    original = make_plan(read(tmp_path / f"{name}.ipynb"))
    assert [task.saves for task in plan.tasks] == [task.saves for task in original.tasks]
    code = "\n".join(cell.source for cell in joined.notebook.cells)
    assert "upstream[" not in code and "from exported" not in code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    folder = Folder(tmp_path / "project")
    folder.root.mkdir(exist_ok=True)
    monkeypatch.chdir(folder.root)
    return folder


def test_what_a_person_wrote_hands_files_over(folder: Folder) -> None:
    folder.task("a", "x = [1]", SAVE, products=("x",))
    folder.task("b", load("a"), "import os\nos.chdir('output')\nx.append(2)\nprint('b', x)", upstream=("a",))
    folder.task("c", load("a"), "print('c', x)", upstream=("a",))
    done = CliRunner().invoke(command, [], catch_exceptions=False)
    assert done.exit_code == 0 and "hand files over" in done.output
    run = run_notebook(read("project-joined.ipynb"))
    texts = [out["text"] for cell in run.notebook["cells"] for out in cell.get("outputs", ()) if "text" in out]
    assert run.status == "ok" and "".join(map("".join, texts)) == "b [1, 2]\nc [1]\n"


def test_nothing_is_overwritten_unasked(folder: Folder) -> None:
    folder.task("a", "x = [1]", SAVE, products=("x",))
    (folder.root / "mine.ipynb").write_text("by hand")
    done = CliRunner().invoke(command, ["-o", "mine.ipynb"])
    assert "mine.ipynb is there already" in str(done.exception)
    assert (folder.root / "mine.ipynb").read_text() == "by hand"
    for options in (["--force"], []):  # what is there already is no reason to ask
        assert CliRunner().invoke(command, ["-o", "mine.ipynb", *options], catch_exceptions=False).exit_code == 0
    assert read("mine.ipynb").cells


def test_a_task_that_is_no_notebook_is_named(folder: Folder) -> None:
    folder.write("functions.py", "def f(product):\n    open(product, 'w').write('x')\n")
    folder.declare(source="functions.f", product="output/f.txt")
    done = CliRunner().invoke(command, [])
    assert "task 'f' is functions.f" in str(done.exception)


def test_edited_tasks_keep_what_was_added(folder: Folder, tmp_path: Path) -> None:
    (folder.root / "nb.py").write_text(
        "# %% [markdown]\n# ## A\n# %%\nx = [1]\n# %% [markdown]\n# ## B\n# %%\nprint(x)\n"
    )
    refactor(folder.root / "nb.py")
    task = folder.root / "tasks/b.py"
    task.write_text(
        task.read_text().replace(
            'tags=["parameters"]', 'tags=["soorgeon-imports"]\nimport math\n\n# %% tags=["parameters"]', 1
        )
        + "\nprint(math.pi)\n"
    )
    with Project(folder.root) as project:
        joined = join(project.dag, "nb")
    assert not joined.by_files
    assert [cell.source for cell in joined.notebook.cells if cell.kind == "code"][1] == "import math"
