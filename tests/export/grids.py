"""A project with a grid between two tasks, one of which fails while a file is there: what engines are tried with."""

from __future__ import annotations

from pathlib import Path

from project_folder import SAVE, Folder, load

GATHERED = [1, 2, 3]


def grid(root: Path) -> Folder:
    """The project; `fit-2` fails while there is a file `broken`, which no task names as its input."""
    folder = Folder(root)
    folder.task("load it", "x = [0]", SAVE, products=("x",))
    check = "import pathlib\nif n == 2 and pathlib.Path('bro' + 'ken').exists():\n    raise SystemExit('no')"
    folder.script("fit", load("load it"), check, "x = x + [n]", SAVE, upstream=("load it",))
    product = {"nb": "output/fit-[[n]].ipynb", "x": "output/fit-[[n]]-x.pkl"}
    folder.declare(source="tasks/fit.py", name="fit-[[n]]", product=product, grid={"n": GATHERED})
    gather = "x = sorted(pickle.load(open(one['x'], 'rb'))[-1] for one in upstream['fit-*'].values())"
    folder.task("gather", gather, SAVE, upstream=("fit-*",), products=("x",))
    return folder


def fan(root: Path, elements: str = "['a', 'b', 'c']") -> Folder:
    """The same with a task for each element of a list that ``load it`` makes; `fit-b` fails while `broken` is there."""
    folder = Folder(root)
    folder.task("load it", f"x = {elements}", SAVE, products=("x",))
    check = "import pathlib\nif item == 'b' and pathlib.Path('bro' + 'ken').exists():\n    raise SystemExit('no')"
    folder.script("fit", check, "x = item", SAVE)
    product = {"nb": "output/fit-[[key]].ipynb", "x": "output/fit-[[key]]-x.pkl"}
    folder.declare(source="tasks/fit.py", name="fit-[[key]]", product=product, foreach="load it")
    gather = "x = [pickle.load(open(one['x'], 'rb')) for one in upstream['fit-*'].values()]"
    folder.task("gather", gather, SAVE, upstream=("fit-*",), products=("x",))
    return folder
