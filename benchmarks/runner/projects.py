"""The pipelines that are measured, made by generators: always the same ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

HEADER = '# %% tags=["parameters"]\nupstream = {upstream}\nproduct = None\n'


def script(path: Path, cells: Sequence[str], upstream: Sequence[str] = ()) -> None:
    """Write a task's source in the percent format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [HEADER.format(upstream=list(upstream) or None), *(f"# %%\n{cell}\n" for cell in cells)]
    path.write_text("\n".join(parts))


def pipeline(root: Path, names: Sequence[str], products: dict[str, dict[str, str]], **extra: str) -> Path:
    """Write pipeline.yaml; ``extra`` goes into every task."""
    tasks = [
        {
            "source": f"tasks/{name}.py",
            "product": {"nb": f"output/{name}.ipynb", **products.get(name, {})},
            **extra,
        }
        for name in names
    ]
    (root / "pipeline.yaml").write_text(json.dumps({"tasks": tasks}, indent=1))
    return root


def trivial(root: Path, count: int = 10, **extra: str) -> Path:
    """``count`` tasks of three cells that do next to nothing, each after the one before."""
    names = [f"task-{number}" for number in range(count)]
    for number, name in enumerate(names):
        upstream = [names[number - 1]] if number else []
        script(root / f"tasks/{name}.py", ["x = 1 + 1", "print(x)", "x * 2"], upstream)
    return pipeline(root, names, {}, **extra)


def many(root: Path, count: int) -> Path:
    """``count`` tasks, each with a product and up to two upstreams that it reads."""
    names = [f"t{number}" for number in range(count)]
    for number, name in enumerate(names):
        upstream = [names[other] for other in dict.fromkeys((number // 2 - 1, number - 7)) if 0 <= other < number]
        cells = [f'{one} = open(upstream["{one}"]["x"]).read()' for one in upstream]
        cells += ["total = sum(range(10))\nprint(total)", f'open(product["x"], "w").write("{number}")']
        script(root / f"tasks/{name}.py", cells, upstream)
    return pipeline(root, names, {name: {"x": f"output/{name}-x.txt"} for name in names})


BURN = "total = 0\nfor number in range({count}):\n    total += number * number % 7\ntotal"


def branches(root: Path, count: int) -> Path:
    """Two heavy branches that do not need each other; beside the pipeline the same as one notebook."""
    load = "import json\nnumbers = list(range(1000))\nlen(numbers)"
    heavy = BURN.format(count=count)
    script(root / "tasks/load.py", [load, 'open(product["x"], "w").write(json.dumps(numbers))'])
    for name in ("left", "right"):
        cells = ["import json\nnumbers = json.load(open(upstream['load']['x']))", heavy]
        script(root / f"tasks/{name}.py", cells, ["load"])
    pipeline(root, ["load", "left", "right"], {"load": {"x": "output/load-x.json"}})
    cells = [_cell(source) for source in (load, heavy, heavy)]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (root / "plain.ipynb").write_text(json.dumps(notebook))
    return root


def frame(root: Path, megabytes: int) -> Path:
    """A frame of numbers that one task saves and the next one loads, as generated pipelines do."""
    save = 'with open(product["df"], "wb") as file:\n    pickle.dump(df, file, protocol=5)'
    save = f'import time\nopen("began", "w").write(str(time.time()))\n{save}'
    make = f"df = pd.DataFrame(np.ones(({megabytes} * 1_000_000 // 80, 10)), copy=False)\ndf.shape"
    script(root / "tasks/make.py", ["import pickle\nimport numpy as np\nimport pandas as pd", make, save])
    load = 'with open(upstream["make"]["df"], "rb") as file:\n    df = pickle.load(file)'
    load += '\nimport time\nopen("ended", "w").write(str(time.time()))'
    script(root / "tasks/use.py", ["import pickle\nimport pandas as pd", load, "df.shape"], ["make"])
    return pipeline(root, ["make", "use"], {"make": {"df": "output/make-df.pkl"}})


def _cell(source: str) -> dict[str, object]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"c{abs(hash(source)) % 10**6}",
        "metadata": {},
        "outputs": [],
        "source": source,
    }
