"""The Python interface does what the commands do."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from project_folder import SAVE, Folder

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.api import Pipeline


def test_load_look_and_build(chain: Folder) -> None:
    with Pipeline(chain.root) as pipeline:
        assert list(pipeline.dag.tasks) == ["load", "fit"]
        assert [status.up_to_date for status in pipeline.status()] == [False, False]
        report = pipeline.build("load")
        assert report.ok
        assert [run.name for run in report.runs] == ["load"]
        assert [run.name for run in pipeline.build(jobs=1).runs if run.ran] == ["fit"]
        assert pipeline.explain("fit").line == "up to date"
        assert pipeline.load("fit", "x") == [2, 3, 4]
        assert pipeline.load("fit", "nb") == chain.root / "output/fit.ipynb"
        with pytest.raises(UserError, match="no product 'y'; it has nb, x"):
            pipeline.load("fit", "y")
        with pytest.raises(UserError, match="there is no task 'none'"):
            pipeline.path("none")


def test_a_program_may_end_where_a_build_fails(chain: Folder) -> None:
    assert Pipeline(chain.root).build().check().ok
    chain.write("tasks/load.py", '# %% tags=["parameters"]\nupstream = None\nproduct = None\n# %%\n1 / 0\n')
    with pytest.raises(UserError, match=r"the build failed:\nload +failed(.|\n)*ZeroDivisionError"):
        Pipeline(chain.root).build().check()


def test_a_folder_is_enough(chain: Folder) -> None:
    assert Pipeline(chain.root).root == chain.root
    assert Pipeline(chain.root / "pipeline.yaml").spec.root == chain.root


def test_tasks_by_name(chain: Folder) -> None:
    dag = Pipeline(chain.root)
    assert list(dag) == ["load", "fit"] and len(dag) == 2 and "fit" in dag
    assert dag["load"].product == {"nb": chain.root / "output/load.ipynb", "x": chain.root / "output/load-x.pkl"}
    assert list(dag["fit"].upstream) == ["load"]
    assert dag["load"].build().ok
    assert dag["load"].load("x") == [1, 2, 3]
    assert dag["load"].status().up_to_date and not dag["fit"].status().up_to_date
    assert "x = [1, 2, 3]" in dag["load"].source
    assert str(dag["load"].status()) == "load: up to date" and str(dag["load"]) == str(dag["load"].product)
    assert list(dag.keys()) == ["load", "fit"] and [task.name for task in dag.values()] == ["load", "fit"]
    assert dag.get("none") is None and dag == dag and dag != Pipeline(chain.root) and len({dag, dag}) == 1
    assert dag.get_downstream("load") == ["fit"] and dag.get_downstream("fit") == []
    assert repr(dag["load"]) == "<task 'load': up to date>"
    with pytest.raises(KeyError, match=r"there is no task 'laod'; there are: load, fit\nDid you mean 'load'\?"):
        dag["laod"]
    with pytest.raises(KeyError, match="there is no task 'none'; there are: load, fit"):
        dag["none"]


WRITTEN = """X = 1


@staticmethod
def make(product):
    return 1


def other(product): ...

from os.path import join as imported
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("make", "@staticmethod\ndef make(product):\n    return 1\n"),
        ("other", "def other(product): ...\n"),
        ("imported", WRITTEN),
    ],
)
def test_the_source_of_a_function(name: str, text: str, folder: Folder) -> None:
    folder.write("funcs.py", WRITTEN)
    folder.declare(source=f"funcs.{name}", product="output/x.txt")
    assert Pipeline(folder.root)[name].source == text


@pytest.mark.parametrize("name", ["p.html", "p.svg", "p.mmd"])
def test_a_drawing(name: str, chain: Folder, tmp_path: Path) -> None:
    assert "load" in Pipeline(chain.root).plot(tmp_path / name).read_text()
    with pytest.raises(UserError, match=r"must end with \.mmd"):
        Pipeline(chain.root).plot(tmp_path / "p.doc")


def test_what_pipeline_yaml_would_say(chain: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    (chain.root / "pipeline.yaml").unlink()
    chain.write("env.yaml", "n: 1\n")
    chain.write("tasks/load.py", '# %% tags=["parameters"]\nupstream = None\nproduct = None\nn = 0\n# %%\nprint(n)\n')
    monkeypatch.chdir(chain.root)
    spec = {"tasks": [{"source": "tasks/load.py", "product": "output/load.ipynb", "params": {"n": "{{n}}"}}]}
    assert Pipeline(spec, env={"n": 7}).build().ok
    assert chain.outputs("output/load.ipynb") == "7\n"


FUNCTIONS = """
from soorgeon_clone import task

@task(product="output/first.pkl")
def load():
    return [1, 2]

def double(load, n=2):
    return [n * one for one in load]

def both(load, double):
    return load + double

def missing(x):
    pass

nameless = lambda: 1
"""


MODULE = """
import pandas as pd
from soorgeon_clone import task

@task(product="out/table.csv")
def table():
    return pd.DataFrame({"a": [1, 2]})

@task(product="out/picture.png")
def picture(product):
    product.write_bytes(b"PNG")

@task(product="out/told.json")
def told(table, picture):
    return {"sum": int(table.a.sum()), "picture": picture.name}
"""


@pytest.fixture
def functions(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    folder.write("funcs_of_test.py", FUNCTIONS)
    monkeypatch.chdir(folder.root)
    monkeypatch.syspath_prepend(str(folder.root))
    yield importlib.import_module("funcs_of_test")
    del sys.modules["funcs_of_test"]


def test_functions_are_tasks(functions: Any) -> None:
    pipeline = Pipeline([functions.both, functions.load, functions.double], params={"double": {"n": 3}})
    assert list(pipeline) == ["load", "double", "both"]
    assert pipeline.build().ok
    assert pipeline["both"].load() == [1, 2, 3, 6]
    assert pipeline["load"].product.name == "first.pkl"
    assert not [run for run in pipeline.build().runs if run.ran]
    other = Pipeline([functions.load, functions.double, functions.both])
    assert [run.name for run in other.build().runs if run.ran] == ["double", "both"]
    assert other["both"].load() == [1, 2, 2, 4]


def test_products_of_functions_are_what_their_endings_say(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("mod_of_test.py", MODULE)
    monkeypatch.chdir(folder.root)
    monkeypatch.syspath_prepend(str(folder.root))
    mod = importlib.import_module("mod_of_test")
    pipeline = Pipeline([mod.table, mod.picture, mod.told])
    assert pipeline.build().ok
    assert (folder.root / "out/table.csv").read_text() == "a\n1\n2\n"
    assert pipeline["told"].load() == {"sum": 3, "picture": "picture.png"}


def test_a_script_that_builds_its_own_functions(folder: Folder) -> None:
    body = "dag = Pipeline([load, clean])\n{0}print(dag.build())\n{0}print(dag['clean'].load())\n"
    head = "from soorgeon_clone import Pipeline\ndef load(): return [1]\ndef clean(load): return load * 2\n"
    folder.write("unguarded.py", head + body.format(""))
    folder.write("guarded.py", f"{head}if __name__ == '__main__':\n    " + body.format("    "))
    run = lambda name: subprocess.run([sys.executable, name], cwd=folder.root, capture_output=True, text=True)  # noqa: E731
    assert "under `if __name__ == '__main__':`" in run("unguarded.py").stdout
    assert run("guarded.py").stdout.splitlines()[-1] == "[1, 1]"


def test_functions_that_cannot_be_tasks(functions: Any) -> None:
    with pytest.raises(UserError, match="its parameter 'x' is no task, and has no value"):
        Pipeline([functions.missing])
    with pytest.raises(UserError, match="cannot be imported by a task"):
        Pipeline([lambda: 1])
    lambda_of_module = functions.nameless
    with pytest.raises(UserError, match="cannot be imported by a task"):
        Pipeline([lambda_of_module])
    with pytest.raises(UserError, match="there is no task 'none'"):
        Pipeline([functions.load], params={"none": {}})


def test_debugging_a_task(chain: Folder) -> None:
    chain.build()
    chain.script("load", "x = 'secret'\n", SAVE, "1 / 0")
    command = [sys.executable, "-m", "soorgeon_clone", "task", "load", "--debug"]
    done = subprocess.run(command, cwd=chain.root, input="p x\nq\n", capture_output=True, text=True)
    assert done.returncode == 1
    assert "(Pdb) 'secret'" in done.stdout
    assert chain.load("output/load-x.pkl") == [1, 2, 3]
    command[3:] = ["build", "--debug"]
    done = subprocess.run(command, cwd=chain.root, input="p x\nq\n", capture_output=True, text=True)
    assert "ZeroDivisionError" in done.stderr and "(Pdb) 'secret'" in done.stdout


def test_debugging_a_function(folder: Folder) -> None:
    folder.write("funcs.py", "def make(product):\n    y = 5\n    raise ValueError\n")
    folder.declare(source="funcs.make", product="output/x.txt")
    command = [sys.executable, "-m", "soorgeon_clone", "task", "make", "--debug"]
    done = subprocess.run(command, cwd=folder.root, input="p y + 1\nq\n", capture_output=True, text=True)
    assert "(Pdb) 6" in done.stdout


def test_debugging_later(chain: Folder) -> None:
    chain.build()
    chain.write(
        "helpers.py",
        "import threading\nFACTOR = 3\n\ndef divided(number):\n    lock = threading.Lock()\n    return FACTOR / number",
    )
    chain.script(
        "load", "from helpers import divided\nx = 'secret'\nfigures = [1, 2]", SAVE, "divided(len(figures) - 2)"
    )
    program = [sys.executable, "-m", "soorgeon_clone"]
    done = subprocess.run([*program, "build", "--debuglater"], cwd=chain.root, capture_output=True, text=True)
    assert "soorgeon-clone debug load" in done.stderr
    (chain.root / "helpers.py").unlink()  # nothing is run again
    asked = "p number, FACTOR\np lock\nl\nu\np x, figures\nq\n"
    done = subprocess.run([*program, "debug", "load"], cwd=chain.root, input=asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ZeroDivisionError" in done.stderr
    for told in ("(0, 3)", "<unlocked _thread.lock", "return FACTOR / number", "('secret', [1, 2])"):
        assert told in done.stdout, done.stdout
    done = subprocess.run([*program, "debug", "clean"], cwd=chain.root, capture_output=True, text=True)
    assert done.returncode == 2


def test_debugging_a_function_later(folder: Folder) -> None:
    folder.write("funcs.py", "def make(product):\n    y = 5\n    raise ValueError\n")
    folder.declare(source="funcs.make", product="output/x.txt")
    program = [sys.executable, "-m", "soorgeon_clone"]
    done = subprocess.run([*program, "build", "--debuglater"], cwd=folder.root, capture_output=True, text=True)
    assert "in make(product)" in done.stderr
    assert "soorgeon_clone" not in done.stderr  # the traceback begins with the user's own code
    done = subprocess.run(
        [*program, "debug", "make"], cwd=folder.root, input="p y + 1\nq\n", capture_output=True, text=True
    )
    assert "(Pdb) 6" in done.stdout, done.stderr
    folder.write("funcs.py", "def make(product):\n    open(product, 'w').close()\n")
    assert folder.ran() == ["make"]
    done = subprocess.run([*program, "debug", "make"], cwd=folder.root, capture_output=True, text=True)
    assert "nothing is kept of a failure of task 'make'" in done.stderr
