"""Notebooks that run, shuffled -> how often `lint --fix` restores an order that runs and shows the same.

    python benchmarks/lint/order.py CORPUS RUNNABLE.json [--moved 1|10%|all] [--counts] [--no-outputs] [--check-run]

RUNNABLE.json is what `benchmarks/corpus/run.py --run` writes about notebooks that show the same when they are run
twice: ``path``, ``state``, and ``cache``, the folder with the executed notebook. That notebook is shuffled with a fixed
seed (one cell moved, one in ten moved, or all cells, Markdown too), written to a copy of its folder, and mended by the
command itself. With ``--counts`` the cells keep their execution counts, else these are gone; ``--no-outputs`` takes the
outputs as well. An order other than the notebook's own is run, and what each cell shows is compared with what it
showed; of cells with equal text, the first is compared with the first.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from soorgeon_clone.lint.script import has_code
from soorgeon_clone.pipeline.execution.straight import run_straight

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

CellDict = dict[str, Any]
# As in benchmarks/corpus: the number of threads changes the last digits of sums.
STEADY = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("runnable", type=Path)
    parser.add_argument("--moved", default="all")
    parser.add_argument("--counts", action="store_true")
    parser.add_argument("--no-outputs", action="store_true")
    parser.add_argument("--check-run", action="store_true")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=300)
    arguments = parser.parse_args()
    os.environ.update(STEADY)
    results: Counter[str] = Counter()
    for row in json.loads(arguments.runnable.read_text()):
        if row["state"] != "runs":
            continue
        notebook = json.loads(Path(row["cache"], "straight-1.ipynb").read_text(encoding="utf-8"))
        if len(code_cells(notebook)) < 4:
            continue
        for seed in range(arguments.seeds):
            rng = random.Random(f"{row['path']} {seed}")
            given = shuffled(notebook, rng, arguments)
            with tempfile.TemporaryDirectory() as folder:
                work = Path(folder) / "w"
                shutil.copytree((arguments.corpus / row["path"]).parent, work)
                mended = fix(given, work / Path(row["path"]).name, check_run=arguments.check_run)
                state = outcome(code_cells(notebook), code_cells(mended), work, arguments.timeout)
            results[state] += 1
            print(f"{state:<12} {row['path']} (seed {seed})", flush=True)
    total = sum(results.values())
    good = results["own order"] + results["same"]
    print(f"\n{vars(arguments)}: {good} of {total} ({good / total:.1%})")
    print(dict(results))


def code_cells(notebook: dict[str, Any]) -> list[CellDict]:
    return [c for c in notebook["cells"] if c["cell_type"] == "code" and has_code(source(c))]


def source(cell: CellDict) -> str:
    text = cell["source"]
    return text if isinstance(text, str) else "".join(text)


def shuffled(notebook: dict[str, Any], rng: random.Random, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the notebook with cells moved; where only some are, they are code cells."""
    given = copy.deepcopy(notebook)
    cells = given["cells"]
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        cell["metadata"].pop("execution", None)
        if not arguments.counts:
            cell["execution_count"] = None
            for output in cell["outputs"]:
                if "execution_count" in output:
                    output["execution_count"] = None
        if arguments.no_outputs:
            cell["outputs"] = []
    for number, cell in enumerate(cells):
        cell.pop("id", None)
        if given["nbformat_minor"] >= 5:
            cell["id"] = f"{rng.getrandbits(64):x}-{number}"[:8]
    if arguments.moved == "all":
        rng.shuffle(cells)
        return given
    code = [cell for cell in cells if cell["cell_type"] == "code" and has_code(source(cell))]
    for cell in rng.sample(code, 1 if arguments.moved == "1" else max(1, len(code) // 10)):
        cells.remove(cell)
        cells.insert(rng.randrange(len(cells) + 1), cell)
    return given


def fix(given: dict[str, Any], path: Path, *, check_run: bool) -> dict[str, Any]:
    """Return the notebook after `lint --fix`, which is given nothing but the file."""
    path.write_text(json.dumps(given, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "soorgeon_clone", "lint", "--select", "SG1,SG2", "--ignore", "SG205,SG209"]
    subprocess.run([*command, "--fix", *["--check-run"] * check_run, str(path)], capture_output=True, check=False)
    mended: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return mended


def outcome(own: list[CellDict], mended: list[CellDict], folder: Path, timeout: float) -> str:
    """Return "own order", or what a run in the new order gives: "same", "differs" or "fails"."""
    if [source(cell) for cell in own] == [source(cell) for cell in mended]:
        return "own order"
    data = {"cells": mended, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    result = run_straight(data, folder.absolute(), timeout=timeout)
    if result.status != "ok" or result.error is not None:
        return "fails"
    return "same" if shows_same(own, result.notebook["cells"], str(folder)) else "differs"


def shows_same(own: list[CellDict], new: list[CellDict], folder: str) -> bool:
    from oracle.alignment import differences

    by_source: dict[str, list[CellDict]] = {}
    for cell in new:
        by_source.setdefault(source(cell), []).append(cell)
    paired = [by_source[source(cell)].pop(0) for cell in own]
    own = copy.deepcopy(own)
    for number, (one, other) in enumerate(zip(own, paired, strict=True), 1):
        one["execution_count"] = other["execution_count"] = number
        for output in [*one["outputs"], *other["outputs"]]:
            if "execution_count" in output:
                output["execution_count"] = number
    try:
        return not differences(own, paired, [folder])
    except AssertionError:
        return False


if __name__ == "__main__":
    main()
