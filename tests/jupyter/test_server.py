"""What Jupyter's server opens and saves, without a browser: its contents manager with the extension."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from project_folder import SAVE, Folder, load

filemanager = pytest.importorskip("jupyter_server.services.contents.filemanager")
jupytext = pytest.importorskip("jupytext")

from soorgeon_clone.jupyter.server import with_tasks  # noqa: E402

SCRIPT = (
    "# %% [markdown]\n# # Fit\n# %%\nimport  pickle\n\n\n"
    '# %% tags=["parameters"]\nupstream = ["load"]\nproduct = None\n\n\n\n# %%\nx = 1\n# %% some title\ny = 2'
)


class Jupyter:
    """A contents manager, called as the server calls it."""

    def __init__(self, manager: Any) -> None:
        self.manager = manager

    def get(self, path: str, **options: Any) -> Any:
        return self._done(self.manager.get(path, **options))

    def save(self, path: str, content: Any) -> Any:
        return self._done(self.manager.save({"type": "notebook", "format": "json", "content": content}, path))

    @staticmethod
    def _done(result: Any) -> Any:
        async def waited() -> Any:
            return await result

        return asyncio.run(waited()) if inspect.isawaitable(result) else result


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "project")
    folder.task("load", "x = [1]", SAVE, products=("x",))
    folder.task("fit", load("load"), "x", upstream=("load",), params={"n": 3})
    return folder


@pytest.fixture(params=["waiting", "direct"])
def jupyter(request: pytest.FixtureRequest, folder: Folder) -> Jupyter:
    if request.param == "waiting":
        base = jupytext.build_async_jupytext_contents_manager_class(filemanager.AsyncFileContentsManager)
    else:
        base = jupytext.build_sync_jupytext_contents_manager_class(filemanager.FileContentsManager)
    return Jupyter(with_tasks(base)(root_dir=str(folder.root)))


def sources(model: Any) -> list[str]:
    return [cell["source"] for cell in model["content"]["cells"]]


@pytest.mark.parametrize("text", [SCRIPT, SCRIPT + "\n", SCRIPT.replace("\n", "\r\n")], ids=["plain", "end", "crlf"])
def test_a_script_is_changed_only_where_the_notebook_was(text: str, jupyter: Jupyter, folder: Folder) -> None:
    path = folder.root / "tasks/fit.py"
    path.write_bytes(text.encode())
    model = jupyter.get("tasks/fit.py", type="notebook")
    (folder_cell,) = [one for one in sources(model) if "os.chdir" in one]
    (values,) = [one for one in sources(model) if "product = {" in one]
    assert sources(model).index(folder_cell) < sources(model).index("import  pickle")
    assert "n = 3" in values
    saved = jupyter.save("tasks/fit.py", model["content"])
    assert (saved["type"], saved["content"]) == ("notebook", None)
    assert path.read_bytes() == text.encode()
    next(cell for cell in model["content"]["cells"] if cell["source"] == "x = 1")["source"] = "x = 11\nz = 3"
    jupyter.save("tasks/fit.py", model["content"])
    assert path.read_bytes() == text.encode().replace(
        b"x = 1", b"x = 11\r\nz = 3" if "\r" in text else b"x = 11\nz = 3"
    )


def test_a_notebook_is_saved_without_the_cells(jupyter: Jupyter, folder: Folder) -> None:
    code = {"cell_type": "code", "execution_count": None, "outputs": []}
    cells = [
        {**code, "id": "a", "metadata": {}, "source": ["import os"]},
        {**code, "id": "b", "metadata": {"tags": ["parameters"]}, "source": ["upstream = None"]},
    ]
    data = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    text = json.dumps(data, indent=1, sort_keys=True) + "\n"
    folder.write("tasks/it.ipynb", "").write_text(text)
    folder.declare(source="tasks/it.ipynb", product="output/it.ipynb")
    model = jupyter.get("tasks/it.ipynb")
    assert len(sources(model)) == 4 and "os.chdir" in sources(model)[0]
    jupyter.save("tasks/it.ipynb", model["content"])
    assert (folder.root / "tasks/it.ipynb").read_text() == text


def test_what_the_code_names_has_its_paths_at_once(jupyter: Jupyter, folder: Folder) -> None:
    folder.task("other", "x = [2]", SAVE, products=("x",))
    model = jupyter.get("tasks/fit.py", type="notebook")
    values: dict[str, Any] = {"upstream": ["other"]}
    exec(next(one for one in sources(model) if "product = {" in one), values)
    assert values["upstream"] == {"other": {"nb": "output/other.ipynb", "x": "output/other-x.pkl"}}


def test_other_files_and_mistakes_are_left_alone(
    jupyter: Jupyter, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.write("notes.py", "# %%\nx = 1\n")
    assert sources(jupyter.get("notes.py", type="notebook")) == ["x = 1"]
    model = jupyter.get("tasks/fit.py", type="notebook")
    # a copy is no task, and what is saved there has nothing of ours
    jupyter.save("tasks/copy.py", model["content"])
    assert "chdir" not in (folder.root / "tasks/copy.py").read_text()
    folder.write("pipeline.yaml", "tasks: 3")
    with caplog.at_level(logging.WARNING):
        assert not any("chdir" in one for one in sources(jupyter.get("tasks/fit.py", type="notebook")))
    assert jupyter.get("tasks/fit.py", type="file")["content"] == (folder.root / "tasks/fit.py").read_text()


def test_what_inject_wrote_into_the_file_stays_there(jupyter: Jupyter, folder: Folder) -> None:
    from soorgeon_clone.pipeline.declared.inject_file import inject
    from soorgeon_clone.pipeline.declared.injected_cells import in_file
    from soorgeon_clone.pipeline.status.project import Project

    path = folder.root / "tasks/fit.py"
    with Project(folder.root) as project:
        path.write_text(inject(path.read_text(), "fit.py", in_file(project.dag, project.dag.tasks["fit"])))
    before = path.read_bytes()
    model = jupyter.get("tasks/fit.py", type="notebook")
    assert sum("product = {" in one for one in sources(model)) == 1
    jupyter.save("tasks/fit.py", model["content"])
    assert path.read_bytes() == before


def test_an_empty_source_opens(jupyter: Jupyter, folder: Folder) -> None:
    (folder.root / "tasks" / "fit.py").write_text("", encoding="utf-8")
    assert jupyter.get("tasks/fit.py", type="notebook", content=True)["content"]["cells"] == []
