"""What certainly goes wrong is said before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from project_folder import SAVE, Folder, executor

from soorgeon_clone.errors import UserError
from soorgeon_clone.pipeline.building.model import Listener, Options
from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project


class Warnings(Listener):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def warned(self, message: str) -> None:
        self.texts.append(message)


def refused(folder: Folder, **options: Any) -> str:
    folder.task("first", "x = 1", SAVE, products=("x",))
    with pytest.raises(UserError) as caught:
        folder.build(**options)
    assert caught.value.exit_code == 2
    assert not (folder.root / "output/first-x.pkl").exists()
    return str(caught.value)


def warned(folder: Folder) -> list[str]:
    listener = Warnings()
    with Project(folder.root) as project:
        assert build(project, Options(), listener, executor=executor()).ok
    return listener.texts


@pytest.mark.parametrize(
    ("code", "entry", "said"),
    [
        ("def f(product):\n    pass", {"params": {"n": 1}}, "the function takes no 'n', and is given the param 'n'"),
        ("def f(product, n):\n    pass", {}, "the function needs 'n', and pipeline.yaml does not give it"),
        ("def f(product, *, n, m=1):\n    pass", {}, "the function needs 'n'"),
        ("def f():\n    pass", {}, "the function takes no 'product': add it to its parameters"),
        ("def f(product, upstream):\n    pass", {}, "the function needs 'upstream'"),
        ("def g(product):\n    pass", {}, "there is no function f in"),
    ],
)
def test_a_function_and_what_it_is_given(code: str, entry: dict[str, Any], said: str, folder: Folder) -> None:
    folder.write("funcs.py", code + "\n")
    folder.declare(source="funcs.f", product="output/f.txt", **entry)
    assert said in refused(folder)


@pytest.mark.parametrize(
    "code",
    [
        "def f(product, **kwargs):\n    product.write_text('1')",
        "def f(product, n, m=2):\n    product.write_text('1')",
        "def d(f):\n    return lambda product, n: f(product)\n@d\ndef f(product):\n    product.write_text('1')",
    ],
)
def test_what_fits_is_not_refused(code: str, folder: Folder) -> None:
    folder.write("funcs.py", code + "\n")
    folder.declare(source="funcs.f", product="output/f.txt", params={"n": 1})
    assert folder.build().ok


def test_a_name_that_nobody_defines(folder: Folder) -> None:
    folder.task("a", "x = 1", "print(x)\nprint(xx)")
    assert "task 'a' (tasks/a.py): cell 4, line 2: the name 'xx' is nowhere defined" in refused(folder)
    folder.declare(source="tasks/a.py", product={"nb": "output/a.ipynb"}, static_analysis="disable")
    assert [run.name for run in folder.build().failed] == ["a"]


@pytest.mark.parametrize(
    "cells",
    [
        ["from os.path import *", "join"],
        ["if False:\n    nothing"],
        ["exec('y = 1')", "y"],
        ["globals()['y'] = 1", "y"],
        ["%time y = 1", "y"],
        ["def f():\n    return later", "later = 1", "f()"],
        ["try:\n    nothing\nexcept NameError:\n    pass"],
        ["display(1)", "get_ipython()", "_ = 1", "In, Out"],
        ["[one for one in 'a']", "(two := 1)", "two"],
        ["import os.path as path, sys", "path, sys"],
        ["x: int = 1", "x"],
        ["with open('f', 'w') as file:\n    pass", "file"],
        ["lambda z: z + q"],
    ],
)
def test_what_runs_is_not_refused(cells: list[str], folder: Folder) -> None:
    folder.task("a", *cells)
    assert folder.build().ok


def test_params_that_a_script_does_not_use(folder: Folder) -> None:
    folder.task("a", "n + 1", "!echo {m}", params={"n": 1, "m": 2, "k": 3})
    assert warned(folder) == ["task 'a' (tasks/a.py): the param 'k' is not used"]


def test_a_single_task_is_checked_as_well(folder: Folder) -> None:
    from soorgeon_clone.pipeline.run import run_task

    folder.task("a", "nothing")
    folder.task("b", "x = 1", SAVE, products=("x",))
    with Project(folder.root) as project:
        assert run_task(project, "b").ok
    with Project(folder.root) as project, pytest.raises(UserError, match="'nothing' is nowhere defined"):
        run_task(project, "a")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"on_finish": "nowhere_of_test.f"}, "on_finish: there is no module nowhere_of_test in "),
        ({"on_render": "hooks_of_test.g"}, "on_render: there is no function g in "),
        (
            {"on_finish": "hooks_of_test.h"},
            "on_finish: hooks_of_test.h asks for 'dag', and there is only task, product, ",
        ),
        ({"client": "hooks_of_test.g"}, "client: there is no function g in "),
        ({"product": "output/x.txt"}, "no format of nbconvert is known for the notebook output/x.txt"),
    ],
)
def test_hooks_and_formats_that_there_are_not(entry: dict[str, Any], said: str, folder: Folder) -> None:
    folder.write("hooks_of_test.py", "def f():\n    pass\n\n\ndef h(dag, task, x=1):\n    pass\n")
    folder.script("a", "x = 1")
    folder.declare(**{"source": "tasks/a.py", "product": "output/a.ipynb", **entry})
    assert said in refused(folder)


def test_a_source_that_is_almost_called_so(folder: Folder) -> None:
    folder.script("clean", "x = 1")
    folder.declare(source="tasks/claen.py", product="output/a.ipynb")
    (run,) = folder.build().runs
    expected = "there is no tasks/claen.py. Did you mean tasks/clean.py? Else 'soorgeon-clone scaffold' creates it"
    assert run.error == expected
