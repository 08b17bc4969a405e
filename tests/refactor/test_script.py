"""Task -> cells: read as text, and run for real."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from refactor.conftest import bundle, code, imported, load, markdown, plan, run_in_fork, task
from soorgeon_clone.refactor.files import project
from soorgeon_clone.refactor.layout import Choices, lay_out
from soorgeon_clone.refactor.model import Bundle, Part, Plan, Replay
from soorgeon_clone.refactor.script import task_cells

PANDAS = imported("import pandas as pd", "pd")
RANDOM_STATE = Bundle(
    "random_state",
    (Part("random_state", "random.getstate()", "random.setstate({value})", ("import random",)),),
)


def housing() -> Plan:
    """Return a plan with one of everything."""
    df, model = bundle("df", frame=True), Bundle("model", (Part("model", "model", "model = {value}"),), "cloudpickle")
    figure, maybe = bundle("fig", "ax"), bundle("best", "worst", maybe_unbound=True)
    return plan(
        task(
            "load",
            [
                markdown("# Housing\n\nPrices."),
                markdown("## Load"),
                code("df = pd.read_csv('houses.csv')"),
                code("%matplotlib inline\nfig, ax = plt.subplots()"),
            ],
            steps=[
                imported("import matplotlib.pyplot as plt", "plt"),
                PANDAS,
                imported("from sklearn.metrics import r2_score", "r2_score"),
                imported("from sklearn.metrics import mean_absolute_error as mae", "mae"),
                Replay("setting", "pd.set_option('display.max_rows', 8)"),
            ],
            saves=[df, figure, RANDOM_STATE],
            names="df pd plt fig ax",
            params={"seed": "42", "shape": "(1, 2)"},
        ),
        task(
            "fit",
            [markdown("## Fit\n\nBy least squares."), code("model = fit(df)\n# and\nplot(model)")],
            steps=[
                PANDAS,
                imported("from exported import fit", "fit"),
                load("load", df),
                load("load", figure),
                load("load", RANDOM_STATE),
                Replay("definition", "def plot(model):\n    ax.plot(model)", ("plot",)),
            ],
            saves=[model, maybe],
            names="fit df model plot ax fig best worst",
        ),
        task(
            "report",
            [markdown("## Report"), code("model, best")],
            steps=[load("fit", model), load("fit", maybe, "best"), load("load", figure, "fig")],
            names="model best fig",
        ),
        exported="import numpy as np\n\n\ndef fit(df):\n    return np.mean(df)\n",
        modules=["pandas", "sklearn", "matplotlib"],
    )


@pytest.mark.parametrize(
    "choices", [Choices(), Choices(df_format="parquet", file_format="ipynb", product_prefix="out")]
)
def test_a_project_reads_as_before(choices: Choices, golden: Callable[[str, str], None]) -> None:
    made = project(housing(), lay_out(housing(), choices), ["pandas==2.2.2", "ipykernel==6.29.5"])
    texts = {**made.files, **made.shared}
    golden(f"housing-{choices.df_format or 'pickle'}.txt", "".join(f"===== {k}\n{v}\n" for k, v in texts.items()))


def test_the_code_we_add_is_formatted() -> None:
    """Only the parameters cell has single quotes: the shape that users of Soorgeon know."""
    long = "monthly_average_temperature_2"
    wide = bundle(*(f"{long}_{number}" for number in range(3)))
    tasks = (
        *housing().tasks,
        task("exploratory-data-analysis", "", saves=[bundle(long), wide], changes_directory=True),
        task(
            "more", "", steps=[load("exploratory-data-analysis", bundle(long)), load("exploratory-data-analysis", wide)]
        ),
        task("last", "open = 1", saves=[bundle("x", maybe_unbound=True), bundle(long)], names="open"),
    )
    for choices in (Choices(), Choices(df_format="csv", notebook_folder="../nbs", local_modules=("helpers",))):
        layout = lay_out(plan(*tasks, exported="x"), choices)
        for item in tasks:
            for cell in task_cells(item, layout):
                if any(tag.startswith("soorgeon-") and tag != "soorgeon-settings" for tag in cell.tags):
                    assert _formatted(cell.source) == cell.source + "\n"


def _formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--stdin-filename", "x.py", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def test_parameters_have_the_shape_that_ploomber_knows() -> None:
    sources = {
        item.name: next(
            cell.source for cell in task_cells(item, lay_out(housing(), Choices())) if "parameters" in cell.tags
        )
        for item in housing().tasks
    }
    assert sources["load"] == "upstream = None\nproduct = None\nseed = 42"
    assert sources["fit"] == "upstream = ['load']\nproduct = None"
    assert sources["report"] == "upstream = ['fit', 'load']\nproduct = None"


def test_cells_of_the_notebook_stay_as_written_and_ours_are_tagged() -> None:
    layout = lay_out(housing(), Choices())
    for item in housing().tasks:
        cells = task_cells(item, layout)
        assert [cell.source for cell in cells if not cell.tags] == [cell.source for cell in item.cells]
        assert all(tag == "parameters" or tag.startswith("soorgeon-") for cell in cells for tag in cell.tags)


def test_steps_run_in_their_order() -> None:
    item = task(
        "x",
        "print(a)",
        steps=[
            imported("import sys"),
            Replay("setting", "sys.path.append('lib')"),
            imported("import helpers"),
            load("load", bundle("a")),
            Replay("setting", "helpers.SIZE = a"),
            load("load", bundle("b")),
        ],
        names="sys helpers a b",
    )
    first = task("load", "", saves=[bundle("a"), bundle("b")])
    cells = task_cells(item, lay_out(plan(first, item), Choices()))
    tags = [next(iter(cell.tags), "") for cell in cells]
    assert tags == [
        "soorgeon-imports",
        "parameters",
        "soorgeon-settings",
        "soorgeon-imports",
        "soorgeon-load",
        "soorgeon-settings",
        "soorgeon-load",
        "",
    ]


NAMES = """
    pickle Path file product upstream open values value globals os sys builtins _pickle _file key path list dict nb df
    random exported frames task
"""


@pytest.mark.parametrize("choices", [Choices(), Choices(df_format="csv")], ids=["pickle", "frames"])
@pytest.mark.parametrize("name", NAMES.split())
def test_names_of_the_notebook_never_collide_with_ours(name: str, choices: Choices, written: Callable) -> None:
    pytest.importorskip("pandas") if choices.df_format else None
    value, other, maybe = bundle(name), bundle("other"), bundle(name + "_", name + "__", maybe_unbound=True)
    both = f"{name} other {name}_ {name}__ print"
    made = plan(
        task(
            "one",
            f"print({name!r} in globals())\n{name} = [1]\nother = {{'a': 2}}\n{name}_ = 5"
            if name != "globals"
            else f"print(False)\n{name} = [1]\nother = {{'a': 2}}\n{name}_ = 5",
            saves=[value, other, maybe, RANDOM_STATE],
            names=both + " globals",
            changes_directory=name in ("os", "key", "path"),
        ),
        task(
            "two",
            f"{name}.append(other['a'])\nprint({name})",
            steps=[load("one", value), load("one", other), load("one", maybe), load("one", RANDOM_STATE)],
            saves=[value],
            names=both,
        ),
        task("three", f"print({name})", steps=[load("two", value), load("one", maybe)], names=both),
    )
    free = "True" if name in ("product", "upstream") else "False"
    shown = written(made, choices).run().splitlines()
    assert shown[1:] == ["[1, 2]", "[1, 2]"]
    assert shown[0] in ("False", free)


IMPORTS_THAT_BIND_OUR_NAMES = [
    ("from itertools import product", "product", "print(len(list(product('ab', 'cd'))))", "4\n"),
    ("from os import path as upstream", "upstream", "print(upstream.basename('a/b'))", "b\n"),
    ("from json import dumps as open", "open", "print(open([1]))", "[1]\n"),
    ("import json as pickle", "pickle", "print(pickle.dumps([1]))", "[1]\n"),
    ("from itertools import *", "", "print(len(list(product('ab', 'cd'))))", "4\n"),
    ("from io import open", "open", "print(callable(open))", "True\n"),
    ("import pickle", "pickle", "print(pickle.loads(pickle.dumps(3)))", "3\n"),
    ("from random import random", "random", "print(callable(random))", "True\n"),
]


@pytest.mark.parametrize(("statement", "name", "use", "shown"), IMPORTS_THAT_BIND_OUR_NAMES)
def test_imports_never_collide_with_ours(statement: str, name: str, use: str, shown: str, written: Callable) -> None:
    x = bundle("x")
    made = plan(
        task("one", "x = 1", saves=[x, RANDOM_STATE], names="x"),
        task(
            "two",
            f"x += 1\n{use}",
            steps=[imported(statement, *name.split()), load("one", x), load("one", RANDOM_STATE)],
            saves=[x, RANDOM_STATE],
            names="x print len list callable product open upstream pickle random",
        ),
        task("three", "print(x)", steps=[load("two", x)], names="x print"),
    )
    assert written(made).run() == shown + "2\n"


def test_an_import_that_the_notebook_has_is_not_made_twice() -> None:
    item = task(
        "one", "x = pickle.dumps(Path('a'))", steps=[imported("import pickle")], saves=[bundle("x")], names="x pickle"
    )
    cells = task_cells(item, lay_out(plan(item), Choices()))
    assert cells[0].source == "import pickle"


def test_what_the_cells_import_is_not_imported_for_saving() -> None:
    for import_, expected in (("import pickle", False), ("import pickle\nif x:\n    pickle = 1", True)):
        item = task("one", f"{import_}\nx = 1", saves=[bundle("x")], names="x pickle")
        cells = task_cells(item, lay_out(plan(item), Choices()))
        assert any("soorgeon-imports" in cell.tags for cell in cells) == expected


def test_an_import_of_ours_is_not_repeated_after_settings() -> None:
    steps = [Replay("setting", "x = 1"), imported("import pickle"), load("one", bundle("a"))]
    one, two = task("one", "", saves=[bundle("a")]), task("two", "pickle.dumps(a)", steps=steps, names="a pickle x")
    cells = task_cells(two, lay_out(plan(one, two), Choices()))
    assert [cell.source for cell in cells if "soorgeon-imports" in cell.tags] == ["import pickle"]


def test_our_code_uses_the_notebooks_name_of_a_module(written: Callable) -> None:
    """Wherever `os` exists it is the module; so it is for us, but where the notebook asks whether it exists."""
    for unbound, expected in ((frozenset[str](), "import os"), (frozenset({"os"}), "import os as _os")):
        imports = {} if unbound else {"os": "import os"}
        item = replace(task("one", "x = 1", saves=[bundle("x")], names="x os"), imports=imports, unbound=unbound)
        made = plan(replace(item, touches_files=True))
        cells = task_cells(made.tasks[0], lay_out(made, Choices(notebook_folder="..")))
        assert expected in "\n".join(cell.source for cell in cells).split("\n")


def test_objects_that_are_shared_stay_shared(written: Callable) -> None:
    shared = bundle("a", "b")
    made = plan(
        task("one", "a = []\nb = {'a': a}", saves=[shared], names="a b"),
        task(
            "two",
            "a.append(1)\nprint(b, b['a'] is a)",
            steps=[load("one", shared, "a"), load("one", shared, "b")],
            names="a b print",
        ),
    )
    assert written(made).run() == "{'a': [1]} True\n"


def test_unbound_stays_unbound(written: Callable) -> None:
    maybe, single = bundle("x", "y", maybe_unbound=True), bundle("z", maybe_unbound=True)
    made = plan(
        task("one", "y = 1", saves=[maybe, single], names="y"),
        task(
            "two",
            "print(sorted({'x', 'y', 'z', 'values'} & set(globals())))",
            steps=[load("one", maybe), load("one", single)],
            names="print sorted set globals",
        ),
    )
    assert written(made).run() == "['y']\n"


def test_products_are_found_after_a_change_of_directory(written: Callable) -> None:
    x = bundle("x")
    made = plan(
        task(
            "one",
            "import os\nos.mkdir('sub')\nos.chdir('sub')\nx = f(1)",
            saves=[x],
            names="os x f",
            steps=[imported("from exported import f", "f")],
            changes_directory=True,
        ),
        task(
            "two",
            "print(x, os.path.basename(os.getcwd()))",
            steps=[imported("import os"), Replay("setting", "os.chdir('sub')"), load("one", x)],
            names="x print os",
            changes_directory=True,
        ),
        exported="def f(x):\n    return C()\n\n\nclass C:\n    def __repr__(self):\n        return 'C'\n",
    )
    assert written(made).run() == "C sub\n"


def test_the_working_folder_is_the_notebooks(written: Callable, tmp_path) -> None:
    (tmp_path / "nbs").mkdir()
    (tmp_path / "nbs" / "data.txt").write_text("content")
    (tmp_path / "nbs" / "mine.py").write_text("class Mine:\n    size = 3\n")
    x, y = bundle("x"), bundle("y")
    made = plan(
        task(
            "one",
            "y = open('data.txt').read()\nx = mine.Mine()",
            steps=[imported("import mine")],
            saves=[x, y],
            names="x y open mine",
        ),
        task(
            "two",
            "print(f(x.size), y, open('data.txt').read())",
            steps=[imported("from exported import f", "f"), load("one", x), load("one", y)],
            names="x y f print open",
        ),
        exported="def f(x):\n    return x + 1\n",
        modules=["mine"],
    )
    project = written(made, Choices(notebook_folder="../nbs", local_modules=("mine",)))
    assert project.run() == "4 content content\n"
    assert sorted(path.name for path in (project.root / "output").iterdir()) == ["one-x.pkl", "one-y.pkl"]


@pytest.mark.parametrize("folder", ["..", "../..", "../nbs"])
def test_cells_that_run_twice_in_one_kernel_stay_in_the_folder(written: Callable, tmp_path, folder: str) -> None:
    x = bundle("x")
    made = plan(
        task("one", "x = open('data.txt').read()", saves=[x], names="x open"),
        task("two", "print(x, open('data.txt').read())", steps=[load("one", x)], names="x print open"),
    )
    project = written(made, Choices(notebook_folder=folder), "deep/project")
    place = (project.root / folder).resolve()
    place.mkdir(exist_ok=True)
    (place / "data.txt").write_text("content")
    for item in made.tasks:
        (project.root / "output").mkdir(exist_ok=True)
        cells = project.script(item).split("# %%")
        again = "# %%".join(cell for cell in (*cells, *cells) if "soorgeon-imports" not in cell)
        shown = run_in_fork("# %%".join([*cells, again]), project.root)
    assert shown == "content content\n" * 3
    assert sorted(path.name for path in (project.root / "output").iterdir()) == ["one-x.pkl"]


def test_only_who_may_import_a_module_of_ours_needs_to_find_it(written: Callable) -> None:
    x = bundle("x")
    made = plan(
        task("one", "x = 1", saves=[x], names="x"),
        task("two", "y = f(1)", steps=[imported("from exported import f", "f")], names="y f"),
        task("three", "print(x)", steps=[load("one", x)], names="x print"),
        exported="def f(x):\n    return x\n",
    )
    layout = lay_out(made, Choices(notebook_folder=".."))
    searching = ["sys.path" in "\n".join(cell.source for cell in task_cells(item, layout)) for item in made.tasks]
    assert searching == [False, True, True]


@pytest.mark.parametrize("name", ["cloudpickle", "dill"])
def test_serializers(name: str, written: Callable) -> None:
    pytest.importorskip(name)
    f = Bundle("f", (Part("f", "f", "f = {value}"),), name)
    made = plan(
        task("one", "n = 2\nf = lambda x: x + n", saves=[f], names="n f x"),
        task("two", "print(f(1))", steps=[load("one", f)], names="f print"),
    )
    assert written(made).run() == "3\n"


def test_large_arrays_are_written_without_a_second_copy(written: Callable) -> None:
    """`pickle.dump` with protocol 5 hands a large buffer to the file as it is: memory grows by less than half of it."""
    pytest.importorskip("numpy")
    x = bundle("x")
    cells = [
        code("import tracemalloc\nimport numpy as np\nx = np.ones(10_000_000)\ntracemalloc.start()"),
    ]
    item = task("one", cells, saves=[x], names="x np tracemalloc")
    project = written(plan(item))
    path = project.root / "tasks/one.py"
    path.write_text(path.read_text() + "\nprint(tracemalloc.get_traced_memory()[1] < 40_000_000)\n")
    assert project.run() == "True\n"
