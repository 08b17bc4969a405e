"""``nb`` and ``scaffold`` change sources, and nothing in them that they should not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from project_folder import SAVE, Folder, load

from soorgeon_clone.cli.nb import command as nb
from soorgeon_clone.cli.scaffold import command as scaffold
from soorgeon_clone.notebook.read import read


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    folder = Folder(tmp_path / "project")
    folder.task("load", "x = [1]", SAVE, products=("x",))
    folder.task("fit", load("load"), "x", upstream=("load",), params={"n": 3})
    monkeypatch.chdir(folder.root)
    return folder


def run(command: Any, *arguments: str) -> str:
    result = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def cell(kind: str, source: Any, *tags: str, **more: Any) -> dict[str, Any]:
    code = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, **code, **more, "metadata": {"tags": list(tags)} if tags else {}, "source": source}


def notebook(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


PARAMETERS = '# %% tags=["parameters"]\nupstream = None\nproduct = None\n'
HEADER = "# ---\n# jupyter:\n#   kernelspec:\n#     display_name: Python 3\n#     name: python3\n# ---\n\n"
LIGHT = '# + tags=["parameters"]\nupstream = None\nproduct = None\n'
DECLARED = cell("code", "upstream = None", "parameters")
SOURCES = {
    "percent.py": f"{PARAMETERS}\n# %%\nx = 1\n",
    "last.py": f"# %%\nx = 1\n\n{PARAMETERS}",
    "no-end.py": PARAMETERS.rstrip(),
    "crlf.py": f"{PARAMETERS}\n# %%\nx = 1\n".replace("\n", "\r\n"),
    "header.py": f"{HEADER}{PARAMETERS}\n\n\n# %% [markdown]\n# Text\n",
    "light.py": f"{LIGHT}\n# +\nx = 1\n",
    "light-closed.py": f"{LIGHT}# -\n\nx = 1\n",
    "imports.py": f"{HEADER}# %% [markdown]\n# Text\n\n# %%\nimport exported\n\n{PARAMETERS}\n# %%\nx = 1\n",
    "imports-crlf.py": f"# %%\nimport exported\n\n{PARAMETERS}".replace("\n", "\r\n"),
    "no-marker.py": f"{HEADER}import exported\n\n{PARAMETERS}\n# %%\nx = 1\n",
    "light-imports.py": f"#!/usr/bin/env python\n{HEADER}import exported\n\n{LIGHT}# -\n\nx = 1\n",
    "imports.ipynb": json.dumps(
        notebook(cell("code", "import exported", id="a"), cell("markdown", "and", id="b"), DECLARED), indent=1
    ),
    "one.ipynb": json.dumps(notebook(cell("code", ["upstream = None"], "parameters", id="a")), indent=1) + "\n",
    "wide.ipynb": json.dumps(
        notebook(cell("markdown", "# Größe"), DECLARED, cell("markdown", "end"), z=1, a="é"),
        indent=4,
        ensure_ascii=False,
    ),
    "flat.ipynb": json.dumps(notebook(DECLARED)),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_cell_comes_and_goes_and_nothing_else_changes(name: str, folder: Folder) -> None:
    path = folder.root / "tasks" / name
    path.write_bytes(SOURCES[name].encode())
    folder.declare(source=f"tasks/{name}", name="it", product="output/it.ipynb")
    assert "injected" in run(nb, "--inject", "it")
    once = path.read_bytes()
    assert b"output/it.ipynb" in once
    cells = read(path).cells
    at = next(index for index, cell in enumerate(cells) if "parameters" in cell.tags)
    assert "product = " in cells[at + 1].source and "injected-parameters" in cells[at + 1].tags
    if "imports" in name:
        code = [cell for cell in cells if cell.kind == "code"]
        assert "os.chdir" in code[0].source and "import exported" in code[1].source
    assert run(nb, "--inject", "it") == "Nothing to do.\n"
    assert path.read_bytes() == once
    assert "removed" in run(nb, "--remove", "it")
    assert path.read_bytes() == SOURCES[name].encode()


def test_sync_changes_only_what_is_there(folder: Folder) -> None:
    assert run(nb, "--sync") == "Nothing to do.\n"
    run(nb, "--inject", "fit")
    folder.entries[1]["params"] = {"n": 4}
    folder.declare(**folder.entries[1])
    assert run(nb, "--sync") == "tasks/fit.py: injected\n"
    assert "n = 4" in (folder.root / "tasks/fit.py").read_text()
    assert "injected" not in (folder.root / "tasks/load.py").read_text()


def test_an_injected_source_is_not_stale_and_runs_alone(folder: Folder) -> None:
    folder.build()
    run(nb, "--inject")
    assert folder.stale() == {}
    done = subprocess.run([sys.executable, "fit.py"], cwd=folder.root / "tasks", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert folder.ran(force=True) == ["load", "fit"]


def test_one_choice_is_needed(folder: Folder) -> None:
    assert CliRunner().invoke(nb, []).exit_code == 2
    assert CliRunner().invoke(nb, ["--inject", "--remove"]).exit_code == 2


def edit(path: Path, old: str, new: str) -> None:
    """Change a file, later than all others."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    at = max(one.stat().st_mtime_ns for one in path.parent.parent.rglob("*") if one.is_file()) + 10**9
    os.utime(path, ns=(at, at))


def test_a_script_and_its_twin(folder: Folder) -> None:
    script, twin = folder.root / "tasks/load.py", folder.root / "tasks/notebooks/load.ipynb"
    assert (
        run(nb, "--pair", "notebooks", "load") == f"tasks/load.py: paired with {Path('tasks/notebooks/load.ipynb')}\n"
    )
    assert "formats: notebooks//ipynb,py:percent" in script.read_text()
    assert [cell.source for cell in read(twin).cells] == [cell.source for cell in read(script).cells]
    assert run(nb, "--pair", "notebooks", "load") == run(nb, "--sync") == "Nothing to do.\n"

    edit(twin, "x = [1]", "x = [2]")
    assert "synced" in run(nb, "--sync")
    assert "x = [2]" in script.read_text() and run(nb, "--sync") == "Nothing to do.\n"
    data = json.loads(twin.read_text())
    shown = [{"name": "stdout", "output_type": "stream", "text": ["shown"]}]
    data["cells"][-1]["outputs"] = shown
    twin.write_text(json.dumps(data))
    edit(script, "x = [2]", "x = [3]")
    assert "synced" in run(nb, "--sync")
    data = json.loads(twin.read_text())
    assert "x = [3]" in str(data) and data["cells"][-1]["outputs"] == shown

    assert run(nb, "--inject", "load") == "tasks/load.py: injected\n"
    assert "injected-parameters" in script.read_text() and "injected-parameters" in twin.read_text()
    edit(twin, "x = [3]", "x = [4]")
    assert run(nb, "--remove") == "tasks/load.py: removed\n"
    assert "injected" not in script.read_text() + twin.read_text() and "x = [4]" in script.read_text()
    assert folder.ran() == ["load", "fit"]


def test_a_twin_that_cannot_be(folder: Folder) -> None:
    assert CliRunner().invoke(nb, ["--pair", "/x"]).exit_code == 2
    assert "is not inside" in str(CliRunner().invoke(nb, ["--pair", "../../x"]).exception)
    before = (folder.root / "tasks/load.py").read_text()
    folder.write("tasks/notebooks/load.ipynb", json.dumps(notebook(DECLARED)))
    assert "load.ipynb exists already" in str(CliRunner().invoke(nb, ["--pair", "notebooks"]).exception)
    assert (folder.root / "tasks/load.py").read_text() == before
    run(nb, "--pair", "others")
    folder.write("tasks/others/load.ipynb", "{")
    edit(folder.root / "tasks/others/load.ipynb", "{", "[")
    assert "cannot be read" in str(CliRunner().invoke(nb, ["--sync"]).exception)


def test_another_format(folder: Folder) -> None:
    folder.write(
        "pipeline.yaml", "tasks:\n- source: tasks/load.py  # kept\n  product: {nb: output/load.ipynb, x: a.pkl}\n"
    )
    assert run(nb, "--format", "ipynb") == "tasks/load.py -> tasks/load.ipynb\n"
    assert "source: tasks/load.ipynb  # kept" in (folder.root / "pipeline.yaml").read_text()
    assert not (folder.root / "tasks/load.py").exists()
    assert folder.ran() == ["load"]
    run(nb, "--format", "py:percent")
    assert folder.ran() == []


def test_scaffold(folder: Folder) -> None:
    before = {path: path.read_bytes() for path in folder.root.rglob("*.py")}
    folder.declare(source="tasks/deep/new-task.py", product={"nb": "output/new.ipynb"}, params={"n": 1})
    folder.declare(source="tasks/other.ipynb", product={"nb": "output/other.ipynb"})
    folder.declare(source="fns.first", product="output/first.txt")
    folder.declare(source="fns.second", product="output/second.txt", params={"k": 2})
    text = run(scaffold)
    assert text.splitlines() == [
        f"new-task: created {Path('tasks', 'deep', 'new-task.py')}",
        f"other: created {Path('tasks', 'other.ipynb')}",
        "first: created fns.py",
        "second: added a function to fns.py",
    ]
    assert {path: path.read_bytes() for path in before} == before
    script = (folder.root / "tasks/deep/new-task.py").read_text()
    assert script.startswith('# %% [markdown]\n# # New task\n\n# %% tags=["parameters"]\n')
    assert "\nupstream = None\n" in script
    assert run(scaffold).startswith("Nothing to do")
    results = folder.results()
    assert (results["new-task"], results["other"], results["first"]) == ("ran", "ran", "failed")
    assert "def second(k, product, upstream=None):" in (folder.root / "fns.py").read_text() or (
        "def second(product, k, upstream=None):" in (folder.root / "fns.py").read_text()
    )
