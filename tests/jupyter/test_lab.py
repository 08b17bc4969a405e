"""The tutorial's way in a real JupyterLab: open a task as a notebook, say what else it needs, run all cells, save."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from jupyter_lab import Tab, lab, opened
from project_folder import SAVE, Folder, load

pytestmark = pytest.mark.long
PICTURES = os.environ.get("LAB_PICTURES")  # a folder for what a person would have seen


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("SOORGEON_CLONE_CACHE", "off")
    folder = Folder(tmp_path / "project")
    folder.write("exported.py", "def double(x):\n    return [2 * one for one in x]\n")
    folder.task("load", "x = [1]", SAVE, products=("x",))
    folder.task("more", "from exported import double\nx = double([20])", SAVE, products=("x",))
    folder.task("fit", load("load"), "x", upstream=("load",))
    # laid out as Jupytext would not
    (folder.root / "tasks/fit.py").write_text(
        '# %%\nimport pickle\nfrom exported import double\n# %% tags=["parameters"]\n'
        'upstream = ["load"]\nproduct = None\n# %%\n'
        'with open(upstream["load"]["x"], "rb") as file:\n    x = pickle.load(file)\n\n\n\n# %%\ndouble(x)\n'
    )
    return folder


def test_a_task_is_opened_changed_run_and_saved(folder: Folder, tmp_path: Path) -> None:
    assert folder.ran() == ["load", "more", "fit"]
    before = {path.name: path.read_bytes() for path in folder.root.glob("tasks/*.py")}
    settings = tmp_path / "settings"
    settings.mkdir()
    with lab(folder.root, settings) as url:
        asyncio.run(_session(url, tmp_path / "profile", folder))
    text = before["fit.py"].decode()
    text = text.replace('upstream = ["load"]', 'upstream = ["load", "more"]')
    text = text.replace(
        "double(x)", 'with open(upstream["more"]["x"], "rb") as file:\n    x += pickle.load(file)\ndouble(x)'
    )
    assert (folder.root / "tasks/fit.py").read_text() == text
    assert {name: folder.root.joinpath("tasks", name).read_bytes() for name in before if name != "fit.py"} == {
        name: text for name, text in before.items() if name != "fit.py"
    }
    assert folder.ran() == ["fit"]


async def _session(url: str, profile: Path, folder: Folder) -> None:
    async with opened(f"{url}/tree/tasks?reset", profile) as tab:
        fit = folder.root / "tasks/fit.py"
        before = fit.read_bytes()
        await _open_with_notebook(tab, "fit.py")
        await _saved(tab)
        assert fit.read_bytes() == before
        await _replaced(tab, "upstream = ", 'upstream = ["load", "more"]\nproduct = None')
        await _replaced(
            tab, "double(x)", 'with open(upstream["more"]["x"], "rb") as file:\n    x += pickle.load(file)\ndouble(x)'
        )
        await tab.click(".lm-MenuBar-item", "Run")
        await tab.click(".lm-Menu-item", "Run All Cells")
        shown = await tab.until("[...document.querySelectorAll('.jp-OutputArea-output')].map(e => e.innerText).join()")
        if PICTURES:
            await tab.picture(Path(PICTURES) / "lab.png")
        assert shown.strip() == "[2, 80]"
        await _saved(tab)


async def _open_with_notebook(tab: Tab, name: str) -> None:
    await tab.click(".jp-DirListing-item", name, right=True)
    await tab.click(".lm-Menu-item", "Open With")
    await tab.click(".lm-Menu-item", "Notebook")
    await tab.until("document.querySelectorAll('.jp-Notebook .jp-CodeCell').length > 2")
    await tab.until("document.querySelector('.jp-Notebook-ExecutionIndicator[data-status=idle]') !== null")


async def _replaced(tab: Tab, begin: str, text: str) -> None:
    await tab.click(".jp-Notebook .cm-content", begin)
    await tab.press("a", 65, control=True)
    await tab.write(text)


async def _saved(tab: Tab) -> None:
    await tab.press("s", 83, control=True)
    await tab.until("!document.querySelector('.lm-TabBar-tab.jp-mod-current.jp-mod-dirty')")
    await asyncio.sleep(0.5)
