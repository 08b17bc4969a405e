"""Nothing runs that need not, everything runs that must: what makes a task stale, and what does not."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from project_folder import SAVE, Folder, load

from soorgeon_clone.pipeline.run import touch
from soorgeon_clone.pipeline.state import content
from soorgeon_clone.pipeline.status.project import Project

pytestmark = pytest.mark.usefixtures("no_cache")


def replace(folder: Folder, path: str, old: str, new: str) -> None:
    text = (folder.root / path).read_text()
    assert old in text
    (folder.root / path).write_text(text.replace(old, new))


def test_a_second_build_runs_nothing(chain: Folder) -> None:
    assert chain.ran() == ["load", "fit"]
    assert chain.load("output/fit-x.pkl") == [2, 3, 4]
    assert chain.stale() == {}
    assert chain.ran() == []


# What Ploomber 0.23.3 gets wrong. Each entry changes the project; then these tasks must run, and no others.


def edit_module(folder: Folder) -> None:
    replace(folder, "exported.py", "one + 1", "one + 2")


def edit_product(folder: Folder) -> None:
    (folder.root / "output/load-x.pkl").write_bytes(b"damaged")


def truncate_product(folder: Folder) -> None:
    path = folder.root / "output/fit-x.pkl"
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def delete_product(folder: Folder) -> None:
    (folder.root / "output/fit-x.pkl").unlink()


def fail_and_revert(folder: Folder) -> None:
    replace(folder, "tasks/load.py", "x = [1, 2, 3]", "x = [0]\nopen(product['x'], 'w').write('broken')\n1 / 0")
    assert folder.results()["load"] == "failed"
    replace(folder, "tasks/load.py", "x = [0]\nopen(product['x'], 'w').write('broken')\n1 / 0", "x = [1, 2, 3]")


def fail_in_place_and_revert(folder: Folder) -> None:
    """A task that writes to its product's place by a path of its own spoils nothing when it fails."""
    change = "x = [0]\nopen('output/load-x.pkl', 'w').write('broken')\n1 / 0"
    replace(folder, "tasks/load.py", "x = [1, 2, 3]", change)
    assert folder.results()["load"] == "failed"
    replace(folder, "tasks/load.py", change, "x = [1, 2, 3]")


def add_hook(folder: Folder) -> None:
    folder.write("hooks.py", "def check(product):\n    assert product['x'].exists()\n")
    entry = next(one for one in folder.entries if one["source"] == "tasks/load.py")
    folder.declare(**entry, on_finish="hooks.check")


def add_param(folder: Folder) -> None:
    entry = next(one for one in folder.entries if one["source"] == "tasks/load.py")
    folder.declare(**entry, params={"n": 1})


def rename_product(folder: Folder) -> None:
    entry = next(one for one in folder.entries if one["source"] == "tasks/fit.py")
    entry["product"]["x"] = "output/other.pkl"
    folder.declare(**entry)


def edit_code(folder: Folder) -> None:
    replace(folder, "tasks/load.py", "x = [1, 2, 3]", "x = [1, 2, 3, 4]")


def edit_code_same_product(folder: Folder) -> None:
    replace(folder, "tasks/load.py", "x = [1, 2, 3]", "x = [1, 2] + [3]")


def hide_output(folder: Folder) -> None:
    replace(folder, "tasks/fit.py", "x = clean(x)\nx\n", "x = clean(x)\nx;\n")


STALE: dict[str, tuple[Callable[[Folder], None], list[str], str]] = {
    "an imported module was edited": (edit_module, ["fit"], "FUNCTION"),
    "a product was edited by hand": (edit_product, ["load"], "PRODUCT_CHANGED"),
    "a product was damaged and its time kept": (truncate_product, ["fit"], "PRODUCT_CHANGED"),
    "a product was deleted": (delete_product, ["fit"], "PRODUCT_MISSING"),
    "a hook was added": (add_hook, ["load"], "FUNCTION"),
    "a param was added": (add_param, ["load"], "PARAMS"),
    "a product has another path": (rename_product, ["fit"], "SETTINGS"),
    "the code changed": (edit_code, ["load", "fit"], "CODE"),
    "the code changed, and makes the same": (edit_code_same_product, ["load"], "CODE"),
    "a semicolon hides an output": (hide_output, ["fit"], "CODE"),
}


@pytest.mark.parametrize(("change", "runs", "reason"), STALE.values(), ids=STALE)
def test_stale(change: Callable[[Folder], None], runs: list[str], reason: str, chain: Folder) -> None:
    chain.build()
    change(chain)
    assert chain.stale()[runs[0]] == reason
    assert chain.ran() == runs
    assert chain.stale() == {}


def comment(folder: Folder) -> None:
    replace(folder, "tasks/load.py", "x = [1, 2, 3]", "# one\nx = [\n    1, 2,  3,\n]  # two")


def markdown(folder: Folder) -> None:
    replace(folder, "tasks/load.py", "# %%\nx", "# %% [markdown]\n# ## Title\n\n# %%\nx")


def upstream_declaration(folder: Folder) -> None:
    replace(folder, "tasks/fit.py", "upstream = ['load']", 'upstream = {"load": None}')


def injected_cell(folder: Folder) -> None:
    text = '# %% tags=["injected-parameters"]\nupstream = {"load": {"x": "/somewhere"}}\n\n# %%\nfrom exported'
    replace(folder, "tasks/fit.py", "# %%\nfrom exported", text)


def unused_function(folder: Folder) -> None:
    replace(folder, "exported.py", "    return x\n", "    return x * 2\n")


def module_comment(folder: Folder) -> None:
    replace(folder, "exported.py", "def clean(x):\n", "# what it does\ndef clean(x):\n\n")


def touched(folder: Folder) -> None:
    for path in folder.root.rglob("*.*"):
        if ".soorgeon-clone" not in path.parts:
            os.utime(path, (time.time() + 5, time.time() + 1000))


def clock(folder: Folder) -> None:
    for path in folder.root.rglob("*.*"):
        if ".soorgeon-clone" not in path.parts:
            os.utime(path, (1, 1))


def copied(folder: Folder) -> None:
    shutil.copytree(folder.root, folder.root.with_name("copy"))
    shutil.rmtree(folder.root)
    folder.root.with_name("copy").rename(folder.root)


UP_TO_DATE: dict[str, Callable[[Folder], None]] = {
    "a failed run wrote into the product's place, reverted": fail_in_place_and_revert,
    "a failed run, reverted": fail_and_revert,
    "a cell that Jupyter users inject": injected_cell,
    "a function that it does not use": unused_function,
    "comments in a module": module_comment,
    "newer times": touched,
    "older times": clock,
    "another inode for every file": copied,
}


@pytest.mark.parametrize("change", UP_TO_DATE.values(), ids=UP_TO_DATE)
def test_up_to_date(change: Callable[[Folder], None], chain: Folder) -> None:
    chain.build()
    change(chain)
    assert chain.stale() == {}
    assert chain.ran() == []


@pytest.mark.parametrize("change", [comment, markdown, upstream_declaration])
def test_only_the_text(change: Callable[[Folder], None], chain: Folder) -> None:
    chain.build()
    change(chain)
    assert list(chain.stale().values()) == ["PROSE"]
    assert sorted(chain.results().values()) == ["retold", "up to date"]
    assert chain.stale() == {}


def test_upstream_ran_again_and_gave_the_same_bytes(chain: Folder) -> None:
    chain.build()
    edit_code_same_product(chain)
    statuses = chain.status()
    assert statuses["load"].line == "stale: code changed"
    assert statuses["fit"].line == "stale: upstream is stale (load)"
    assert chain.results() == {"load": "ran", "fit": "up to date"}


def test_params_that_json_changes(folder: Folder) -> None:
    folder.task("a", "x = n", SAVE, products=("x",))
    folder.write(
        "pipeline.yaml",
        """
        tasks:
        - source: tasks/a.py
          product: {nb: a.ipynb, x: a.pkl}
          params: {n: {1: 2, "1": 3, 2.5: [true, null, 2024-05-06]}}
        """,
    )
    error = folder.build().failed[0].error
    assert error and "'n' is dict, which cannot be written into a notebook" in error
    replace(folder, "pipeline.yaml", ", 2024-05-06", "")
    assert folder.ran() == ["a"]
    assert folder.load("a.pkl") == {1: 2, "1": 3, 2.5: [True, None]}
    assert folder.ran() == []
    replace(folder, "pipeline.yaml", "1: 2", "'2': 2")
    assert folder.ran() == ["a"]


def test_params_that_a_function_computes(folder: Folder) -> None:
    folder.write("values_of_params.py", "def pair():\n    return (1, (2, 3))\n")
    folder.task("a", "x = n", SAVE, products=("x",), params={"n": "values_of_params::pair"})
    assert folder.ran() == ["a"]
    assert folder.load("output/a-x.pkl") == (1, (2, 3))
    assert folder.ran() == []


def test_after_a_restart_of_the_machine_contents_are_read_again(chain: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the power fails, a file may keep its times and lose its bytes."""
    chain.build()
    time.sleep(0.05)
    chain.status()
    read: list[str] = []
    digest = content.file_digest

    def noted(path: str | Path) -> str:
        read.append(Path(path).name)
        return digest(path)

    monkeypatch.setattr(content, "file_digest", noted)
    assert chain.stale() == {}
    assert read == []
    monkeypatch.setattr(content, "_boot", lambda: "the next one")
    assert chain.stale() == {}
    assert sorted(read) == ["fit-x.pkl", "fit.ipynb", "load-x.pkl", "load.ipynb"]


def test_only_the_products_that_a_task_reads_count(folder: Folder) -> None:
    cell = 'pickle.dump(1, open(product["x"], "wb"))\npickle.dump(1, open(product["y"], "wb"))'
    folder.task("load", cell, products=("x", "y"))
    folder.task("fit", load("load"), SAVE, upstream=("load",), products=("x",))
    folder.task("all", "len([open(path, 'rb').read() for path in upstream['load'].values()])", upstream=("load",))
    folder.build()
    replace(folder, "tasks/load.py", 'pickle.dump(1, open(product["y"]', 'pickle.dump(2, open(product["y"]')
    assert folder.ran() == ["load", "all"]


def test_an_upstream_that_is_never_named_counts_as_a_whole(folder: Folder) -> None:
    folder.task("load", "open('side-effect.txt', 'w').write('1')")
    folder.task("fit", "print(open('side-' + 'effect.txt').read())", upstream=("load",))
    folder.build()
    replace(folder, "tasks/load.py", "write('1')", "write('2')")
    assert folder.ran() == ["load", "fit"]
    assert "2" in folder.outputs("output/fit.ipynb")


def test_files_that_a_task_names_count(folder: Folder) -> None:
    folder.write("data/in.csv", "1\n")
    folder.task("load", "print(open('data/in.csv').read())", "open('written.txt', 'a').write('x')")
    assert folder.ran() == ["load"]
    assert folder.ran() == []
    folder.write("data/in.csv", "2\n")
    assert folder.status()["load"].line == "stale: a file it reads changed (data/in.csv)"
    assert folder.ran() == ["load"]
    (folder.root / "written.txt").write_text("changed: that is the task's own business")
    assert folder.ran() == []
    (folder.root / "written.txt").unlink()
    assert folder.ran() == ["load"]


def test_files_above_the_project_count(folder: Folder) -> None:
    """As in pipelines that ``refactor --into`` wrote: their tasks work in the folder of the notebook."""
    folder.write("../data/in.csv", "1")
    folder.write("../data/more.csv", "1")
    folder.write("../.env", "SECRET=1")
    folder.task("named", "open('../data/in.csv').read()")
    folder.task("moved", "import os\nos.chdir('..')", "open('data/in.csv').read()")
    folder.task("joined", "import os", "open(os.path.join('..', 'data', 'more.csv')).read()")
    folder.task("secret", "open('../.env').read()")
    folder.task("writes", "with open('../data/out.csv', 'w') as file:\n    file.write('1')")
    folder.build()
    assert folder.stale() == {}
    folder.write("../data/in.csv", "2")
    assert folder.status()["moved"].line == "stale: a file it reads changed (../data/in.csv)"
    assert folder.stale() == {"named": "INPUT", "moved": "INPUT"}
    folder.write("../data/more.csv", "2")
    folder.write("../.env", "SECRET=2")
    assert folder.stale() == {"named": "INPUT", "moved": "INPUT", "joined": "INPUT"}


def test_files_are_found_in_folders_and_by_wildcards_and_in_modules(folder: Folder) -> None:
    folder.write("data/a.csv", "1")
    folder.write("data/more/b.csv", "1")
    folder.write("raw/c.csv", "1")
    folder.write("reading.py", "def read():\n    return open('raw/c.csv').read()\n")
    folder.task("joined", "from pathlib import Path\nDATA = Path('data')\nprint((DATA / 'a.csv').read_text())")
    folder.task("formatted", "DATA = 'data/more'\nprint(open(f'{DATA}/b.csv').read())")
    folder.task("wildcard", "import glob\nprint(len(glob.glob('data/*.csv')))")
    folder.task("module", "import reading\nprint(reading.read())")
    assert len(folder.ran()) == 4
    assert folder.ran() == []
    folder.write("data/a.csv", "2")
    assert folder.stale() == {"joined": "INPUT", "wildcard": "INPUT"}
    folder.write("data/a.csv", "1")
    folder.write("data/more/b.csv", "2")
    folder.write("raw/c.csv", "2")
    assert folder.stale() == {"formatted": "INPUT", "module": "INPUT"}
    folder.write("data/new.csv", "1")
    assert folder.ran() == ["formatted", "wildcard", "module"]
    assert "2" in folder.outputs("output/wildcard.ipynb")
    assert folder.ran() == []


def test_the_parts_of_a_data_set_count(folder: Folder) -> None:
    """Who reads a folder of Parquet files names the folder."""
    folder.write("data/year=2024/part.0.parquet", "1")
    folder.write("data/readme.txt", "1")
    folder.write("array.zarr/a/0.0", "1")
    folder.task(
        "read", "import pathlib", "x = [len(list(pathlib.Path(one).iterdir())) for one in ('data', 'array.zarr')]"
    )
    for path, counts in (
        ("data/year=2024/part.0.parquet", True),
        ("data/year=2025/part.0.parquet", True),
        ("data/readme.txt", False),
        ("array.zarr/a/0.1", True),
    ):
        folder.ran()
        assert folder.ran() == []
        folder.write(path, "2")
        assert folder.ran() == (["read"] if counts else []), path


def test_modules_in_a_folder_that_the_task_adds_to_the_path(folder: Folder) -> None:
    folder.write("lib/helper.py", "def f():\n    return 1\n")
    folder.task("a", "import os\nimport sys\nsys.path[:0] = [os.path.abspath('lib')]\nimport helper\nprint(helper.f())")
    assert folder.ran() == ["a"]
    folder.write("lib/helper.py", "def f():\n    return 2\n")
    assert folder.stale() == {"a": "FUNCTION"}


def test_resources_count(folder: Folder) -> None:
    folder.write("limits.json", "1")
    folder.task("load", "print(open(resources_['limits']).read())", params={"resources_": {"limits": "limits.json"}})
    assert folder.ran() == ["load"]
    folder.write("limits.json", "2")
    assert folder.stale() == {"load": "RESOURCE"}
    assert folder.ran() == ["load"]
    assert "2" in folder.outputs("output/load.ipynb")


def test_an_environment_that_changed(chain: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    chain.build()
    monkeypatch.setattr("soorgeon_clone.pipeline.state.fingerprint.python_version", lambda: "CPython 3.99.0")
    status = chain.status()["load"]
    assert status.line.startswith("stale: Python or a library changed (CPython 3.")
    assert chain.stale(ignore_environment=True) == {}


def test_versions_of_libraries_count(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.task("a", "import yaml")
    folder.task("b", "import json")
    folder.build()
    versions = {"yaml": "PyYAML 99"}
    monkeypatch.setattr(
        "soorgeon_clone.pipeline.state.libraries.Libraries.versions",
        lambda self, modules: {one: versions[one] for one in modules},
    )
    assert folder.stale() == {"a": "ENVIRONMENT"}
    assert "-> PyYAML 99" in folder.status()["a"].line


def test_a_broken_source_blocks_no_status(chain: Folder) -> None:
    chain.build()
    chain.write("tasks/load.py", "# %%\nx = (\n")
    status = chain.status()
    assert status["load"].line.startswith("stale: source cannot be read (")
    assert "cell 1, line 1" in status["load"].line
    assert chain.results() == {"load": "failed", "fit": "skipped"}


def test_loading_a_pipeline_changes_no_source(chain: Folder) -> None:
    chain.write("tasks/load.py", "x = 1\n")
    before = {path: path.read_bytes() for path in chain.root.rglob("*.py")}
    chain.status()
    chain.build()
    assert {path: path.read_bytes() for path in chain.root.rglob("*.py")} == before


def test_touch_takes_what_is_there_for_right(chain: Folder) -> None:
    chain.build()
    edit_code(chain)
    edit_product(chain)
    with Project(chain.root) as project:
        assert [run.result for run in touch(project).runs] == ["touched", "touched"]
    assert chain.stale() == {}
    assert chain.ran() == []
    edit_code_again = "x = [1, 2, 3, 4, 5]"
    replace(chain, "tasks/load.py", "x = [1, 2, 3, 4]", edit_code_again)
    assert chain.ran() == ["load", "fit"]


def test_deleted_records_prove_nothing_without_a_cache(chain: Folder) -> None:
    chain.build()
    shutil.rmtree(chain.root / ".soorgeon-clone")
    assert chain.stale() == {"load": "NEVER_RAN", "fit": "NEVER_RAN"}
    assert chain.ran() == ["load", "fit"]


def test_an_edit_during_the_run_is_noticed(folder: Folder) -> None:
    """The module is edited by the task itself, after it was read: nobody knows which version made the product."""
    folder.write("settings.py", "VALUE = 1\n")
    folder.task("load", "import settings", "open('settings.py', 'w').write('VALUE = 2\\n')", "print(settings.VALUE)")
    folder.build()
    assert folder.stale() == {"load": "CODE"}


def test_a_source_edited_while_its_upstream_runs_runs_as_it_is_then(folder: Folder) -> None:
    folder.task("load", "import pathlib", "path = pathlib.Path('tasks') / ('fit' + '.py')",
                "path.write_text(path.read_text().replace('first', 'second'))")  # fmt: skip
    folder.task("fit", "print('first')", upstream=("load",))
    folder.build()
    assert "second" in folder.outputs("output/fit.ipynb")
    assert folder.stale() == {}


def test_functions_of_modules_are_followed(folder: Folder, tmp_path: Path) -> None:
    folder.write("pkg/__init__.py", "from .low import base\n")
    folder.write(
        "pkg/low.py", "from . import constants as c\n\ndef base():\n    return c.N + 1\n\ndef other():\n    pass\n"
    )
    folder.write("pkg/constants.py", "N = 1\nM = 2\n")
    folder.task("a", "import pkg\nprint(pkg.base())")
    assert folder.ran() == ["a"]
    folder.write("pkg/constants.py", "N = 1\nM = 3\n")
    assert folder.ran() == []
    folder.write(
        "pkg/low.py", "from . import constants as c\n\ndef base():\n    return c.N + 1\n\ndef other():\n    return 1\n"
    )
    assert folder.ran() == []
    folder.write("pkg/constants.py", "N = 5\nM = 3\n")
    assert folder.status()["a"].line == "stale: an imported definition changed (pkg.constants.N)"
    assert folder.ran() == ["a"]
    assert "6" in folder.outputs("output/a.ipynb")


def test_files_under_computed_names_that_changed_make_their_readers_stale(folder: Folder) -> None:
    """The writer shows and saves the same; what it leaves beside that is another, and its name is not in the code."""
    name = "'left' + '-' + 'behind'"
    folder.write("data/input.txt", "first")
    write = f"with open({name}, 'w') as file:\n    _ = file.write(open('data/input.txt').read())"
    folder.task("write", write, "x = 1", SAVE, products=("x",))
    folder.task("read", "upstream['write']['x']", f"print(open({name}).read())", upstream=("write",))
    script = folder.root / "tasks/write.py"
    script.write_text(script.read_text().replace("# %%\nwith", '# %% tags=["soorgeon-writes-files"]\nwith'))
    assert folder.ran() == ["write", "read"]
    assert folder.ran() == []
    folder.write("data/input.txt", "second")
    assert folder.stale()["read"] == "UPSTREAM_STALE"
    assert folder.ran() == ["write", "read"]
    assert "second" in folder.outputs("output/read.ipynb")
    assert folder.stale() == {}


def test_an_upstream_that_the_code_takes_nothing_from_is_there_for_its_files(folder: Folder) -> None:
    folder.write("data/input.txt", "first")
    name = "'left' + '-' + 'behind'"
    folder.task("write", f"with open({name}, 'w') as file:\n    _ = file.write(open('data/input.txt').read())")
    folder.task("read", f"print(open({name}).read())", upstream=("write",))
    assert folder.ran() == ["write", "read"]
    folder.write("data/input.txt", "second")
    assert folder.ran() == ["write", "read"]
    assert "second" in folder.outputs("output/read.ipynb")


@pytest.mark.parametrize("tagged", [True, False])
def test_what_earlier_tasks_name_counts_for_a_task_that_reads_what_it_does_not_name(
    folder: Folder, tagged: bool
) -> None:
    """A plan of a lazy frame crosses, or a path: the file is read by a task that never names it."""
    folder.write("data.csv", "1")
    folder.task("plan", "x = ['data.csv']", SAVE, products=("x",))
    folder.task("more", load("plan"), "x = x + []", SAVE, upstream=("plan",), products=("x",))
    folder.task("show", load("more"), "x = open(x[0]).read()", SAVE, upstream=("more",), products=("x",))
    if tagged:
        replace(folder, "tasks/show.py", 'tags=["parameters"]', 'tags=["parameters", "soorgeon-reads-files"]')
    folder.ran()
    assert folder.ran() == []
    folder.write("data.csv", "2")
    assert folder.ran() == (["plan", "show"] if tagged else ["plan"])
    assert folder.load("output/show-x.pkl") == ("2" if tagged else "1")
    assert folder.ran() == []
