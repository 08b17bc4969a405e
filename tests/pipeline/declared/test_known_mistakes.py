"""What Ploomber is known to get wrong about what is stale, one test for each row of the list."""

from __future__ import annotations

import os
import time

import pytest
from project_folder import SAVE, Folder, load

pytestmark = pytest.mark.usefixtures("no_cache")


def test_a_module_that_a_task_imports_was_edited(chain: Folder) -> None:
    chain.build()
    chain.write("exported.py", "def clean(x):\n    return [one * 2 for one in x]\n\n\ndef unused(x):\n    return x\n")
    assert chain.stale() == {"fit": "FUNCTION"}
    assert chain.ran() == ["fit"]
    assert chain.load("output/fit-x.pkl") == [2, 4, 6]


def test_a_product_was_damaged_by_hand(chain: Folder) -> None:
    chain.build()
    (chain.root / "output/load-x.pkl").write_bytes(b"damaged")
    assert chain.stale()["load"] == "PRODUCT_CHANGED"
    assert chain.ran() == ["load"]
    assert chain.load("output/load-x.pkl") == [1, 2, 3]


def test_a_run_failed_after_overwriting_its_product_and_the_edit_was_reverted(chain: Folder) -> None:
    """What was there before comes back, whichever way the task wrote to it."""
    chain.build()
    good = (chain.root / "tasks/load.py").read_text()
    chain.script("load", "x = 'broken'", SAVE, "1 / 0")
    assert [run.name for run in chain.build().failed] == ["load"]
    assert chain.load("output/load-x.pkl") == [1, 2, 3]
    (chain.root / "tasks/load.py").write_text(good)
    assert chain.stale() == {}
    chain.script("load", "open('output/' + 'load-x.pkl', 'w').write('broken')", "1 / 0")
    chain.build()
    (chain.root / "tasks/load.py").write_text(good)
    assert chain.stale() == {}
    assert chain.load("output/load-x.pkl") == [1, 2, 3]


@pytest.mark.parametrize(
    "entry",
    [{"on_finish": "exported.finish"}, {"nbconvert_export_kwargs": {"exclude_input": True}}],
    ids=["hook", "export"],
)
def test_a_key_that_changes_the_output_was_added(entry: dict[str, object], chain: Folder) -> None:
    chain.write("exported.py", "def clean(x):\n    return x\n\n\ndef finish():\n    pass\n")
    chain.build()
    product = {"nb": "output/load.ipynb", "x": "output/load-x.pkl"}
    chain.declare(source="tasks/load.py", product=product, **entry)
    assert chain.stale()["load"] in ("FUNCTION", "SETTINGS")
    assert "load" in chain.ran()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = [1, 2, 3]", "# a comment\nx = [1,2,3]  # another"),
        ("# %%\nx = ", "# %% [markdown]\n# # A heading\n\n# %%\nx = "),
    ],
    ids=["comment", "Markdown"],
)
def test_a_comment_or_markdown_changed(old: str, new: str, chain: Folder) -> None:
    chain.build()
    path = chain.root / "tasks/load.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert chain.stale() == {"load": "PROSE"}
    assert chain.results() == {"load": "retold", "fit": "up to date"}
    assert chain.stale() == {}
    assert chain.ran() == []


def test_upstream_ran_again_and_gave_the_same_bytes(chain: Folder) -> None:
    chain.build()
    chain.script("load", "x = [3 - 2, 2, 3]", SAVE)
    assert chain.ran() == ["load"]


@pytest.mark.parametrize("value", ["{1: 2}", "{a: {2: [x, 1.5, null]}}", "[[1, 2], {true: no}]", "1.0e+3"])
def test_params_that_json_changes(value: str, folder: Folder) -> None:
    """Tuples, which only a function can give, have a test of their own."""
    folder.script("a", "print(n)")
    entry = f"{{source: tasks/a.py, product: output/a.ipynb, params: {{n: {value}}}}}"
    folder.write("pipeline.yaml", f"tasks:\n  - {entry}\n")
    assert folder.ran() == ["a"]
    assert folder.ran() == []


@pytest.mark.parametrize("hours", [-30, 30])
def test_clocks_differ_between_machines(hours: int, chain: Folder) -> None:
    chain.build()
    for path in chain.root.rglob("*"):
        if path.is_file() and ".soorgeon-clone" not in path.parts:
            os.utime(path, (time.time() + hours * 3600,) * 2)
    assert chain.stale() == {}
    (chain.root / "tasks/load.py").write_text((chain.root / "tasks/load.py").read_text().replace("[1, 2, 3]", "[1, 2]"))
    os.utime(chain.root / "tasks/load.py", (0, 0))
    assert chain.stale()["load"] == "CODE"


def test_a_broken_notebook_blocks_nothing_else(chain: Folder) -> None:
    chain.build()
    chain.task("broken", "x = (")
    assert list(chain.stale()) == ["broken"]
    assert chain.results() == {"load": "up to date", "fit": "up to date", "broken": "failed"}


def test_a_task_that_is_up_to_date_is_no_error(chain: Folder) -> None:
    from soorgeon_clone.pipeline.api import Pipeline

    chain.build()
    report = Pipeline(chain.root).run_task("load")
    assert report.ok
    assert [run.result for run in report.runs] == ["up to date"]


def test_what_a_hook_of_the_pipeline_writes_makes_no_task_stale(folder: Folder) -> None:
    """It stands in the module of a task's hook, and the task does not use it."""
    folder.write("hooks.py", "def one():\n    pass\n\n\ndef done():\n    open('done.txt', 'w').close()\n")
    folder.task("a", "1 + 1", on_finish="hooks.one")
    text = (folder.root / "pipeline.yaml").read_text()
    folder.write("pipeline.yaml", '{"on_finish": "hooks.done", ' + text[1:])
    assert folder.ran() == ["a"]
    assert (folder.root / "done.txt").exists()
    assert folder.stale() == {}


def test_a_task_that_failed_says_so(folder: Folder) -> None:
    folder.task("a", "1 / 0")
    folder.task("b", load("a"), upstream=("a",))
    folder.build()
    assert folder.stale() == {"a": "FAILED", "b": "NEVER_RAN"}
