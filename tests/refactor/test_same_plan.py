"""A plan is the same in every process: neither the addresses of objects nor the seed of hashes have a say in it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[2] / "fixtures" / "notebooks"

# Objects that nobody needs move those of the analysis to other addresses.
PLANS = """
import sys
from pathlib import Path
others = [object() for _ in range(int(sys.argv[1]))]
del others[:: int(sys.argv[2])]
from soorgeon_clone.notebook.read import read
from soorgeon_clone.refactor.plan import make_plan
for path in sys.argv[3:]:
    plan = make_plan(read(Path(path)))
    for task in plan.tasks:
        print(task.name, task.upstream, task.steps, task.saves, [cell.source for cell in task.cells])
    print(plan.merges, plan.constraints, plan.exported)
"""


def plans(seed: str, count: int, step: int) -> str:
    names = ["stateful", "text", "magics", "housing", "survey"]
    paths = [str(path) for path in sorted(NOTEBOOKS.glob("*.ipynb")) if path.stem in names]
    assert len(paths) > 2
    command = [sys.executable, "-c", PLANS, str(count), str(step), *paths]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_plans_are_the_same_in_every_process() -> None:
    first = plans("0", 0, 1)
    assert first == plans("1", 10_000, 2)
    assert first == plans("2", 33_333, 3)
