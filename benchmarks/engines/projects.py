"""The pipelines that engines run: a refactored notebook, and a grid (or the elements of a list) of which one task fails
before it does not."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "fixtures" / "notebooks"

LOAD = "x = list(range(1000))"
FIT = """import pathlib
marks = pathlib.Path("MARKS")
if n == 7:
    with marks.open("a") as file:
        file.write("x")
    if marks.stat().st_size < 3:
        raise RuntimeError("not yet")
x = sum(one * n for one in x)"""
GATHER = "x = [pickle.load(open(one['x'], 'rb')) for one in upstream['fit-*'].values()]"
SAVE = "with open(product['x'], 'wb') as file:\n    pickle.dump(x, file)"
READ = "with open(upstream['load']['x'], 'rb') as file:\n    x = pickle.load(file)"


def housing(folder: Path, env: Mapping[str, str]) -> None:
    """Refactor the notebook on house prices."""
    shutil.copytree(NOTEBOOKS, folder, dirs_exist_ok=True)
    command = ["soorgeon-clone", "refactor", "housing.ipynb"]
    subprocess.run(command, cwd=folder, env=dict(env), check=True, capture_output=True)


def fan(folder: Path, env: Mapping[str, str], size: int = 50) -> None:
    """The same as the grid, with tasks for elements of a list that are known when it runs."""
    grid(folder, env, size)
    load = folder / "tasks" / "load.py"
    load.write_text(load.read_text().replace(LOAD, f"x = list(range({size}))"))
    fit = folder / "tasks" / "fit.py"
    text = fit.read_text().replace(READ, "n = item\nx = range(1000)").replace("['load']", "None")
    fit.write_text(text)
    declared = json.loads((folder / "pipeline.yaml").read_text())
    entry = declared["tasks"][1]
    del entry["grid"]
    entry |= {"name": "fit-[[key]]", "foreach": "load"}
    entry["product"] = {key: path.replace("[[n]]", "[[key]]") for key, path in entry["product"].items()}
    (folder / "pipeline.yaml").write_text(json.dumps(declared, indent=1))


def grid(folder: Path, env: Mapping[str, str], size: int = 50) -> None:
    """A task, a grid after it, and one that gathers. The seventh of the grid fails twice; `marks` counts its runs."""
    marks = folder.parent / f"{folder.name}-marks"
    marks.write_text("")
    scripts = {"load": (LOAD, ()), "fit": (FIT.replace("MARKS", str(marks)), ("load",)), "gather": (GATHER, ("fit-*",))}
    (folder / "tasks").mkdir(parents=True)
    for name, (text, upstream) in scripts.items():
        cells = ["import pickle", *([READ] if name == "fit" else []), text, SAVE]
        head = f'# %% tags=["parameters"]\nupstream = {list(upstream) or None}\nproduct = None\n\n'
        (folder / "tasks" / f"{name}.py").write_text(head + "".join(f"# %%\n{cell}\n\n" for cell in cells))
    product = {name: {"nb": f"output/{name}.ipynb", "x": f"output/{name}.pkl"} for name in scripts}
    product["fit"] = {"nb": "output/fit-[[n]].ipynb", "x": "output/fit-[[n]].pkl"}
    tasks = [
        {"source": "tasks/load.py", "product": product["load"]},
        {
            "source": "tasks/fit.py",
            "name": "fit-[[n]]",
            "product": product["fit"],
            "grid": {"n": list(range(size))},
            "retries": 3,
        },
        {"source": "tasks/gather.py", "product": product["gather"]},
    ]
    (folder / "pipeline.yaml").write_text(json.dumps({"tasks": tasks}, indent=1))
