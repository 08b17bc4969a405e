"""Pipelines of any size, made by generators: chains, fans, diamonds, random ones. Always the same ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

_SOURCE = """# %% tags=["parameters"]
upstream = None
product = None

# %%
import json

# %%
{inputs}

# %%
with open(product["x"], "w") as file:
    json.dump({number}, file)
"""

# Task number -> the numbers of the tasks that it needs, all of them smaller.
Shape = Callable[[int, int], list[int]]


def chain(number: int, count: int) -> list[int]:
    """Each task needs the one before."""
    return [number - 1] if number else []


def fan(number: int, count: int) -> list[int]:
    """One task, then many that need it, then one that needs those."""
    if number == count - 1:
        return list(range(1, number))
    return [0] if number else []


def diamonds(number: int, count: int) -> list[int]:
    """One task, two that need it, one that needs both, and so on."""
    if not number:
        return []
    if number % 3:
        return [number - number % 3]
    return [number - 2, number - 1]


def scattered(number: int, count: int) -> list[int]:
    """Up to three of the tasks before, any of them."""
    chance = random.Random(number)
    return sorted({chance.randrange(number) for _ in range(chance.randint(0, 3))}) if number else []


SHAPES: dict[str, Shape] = {"chain": chain, "fan": fan, "diamonds": diamonds, "random": scattered}


def write(root: Path, shape: str, count: int) -> None:
    """Write pipeline.yaml and a source for each task."""
    (root / "tasks").mkdir(parents=True)
    tasks = []
    for number in range(count):
        name, upstream = f"t{number}", [f"t{other}" for other in SHAPES[shape](number, count)]
        inputs = (
            ", ".join(f'upstream["{other}"]["x"]' for other in upstream) if len(upstream) < 10 else "dict(upstream)"
        )
        (root / f"tasks/{name}.py").write_text(_SOURCE.format(number=number, inputs=inputs))
        tasks.append(
            {
                "source": f"tasks/{name}.py",
                "product": {"nb": f"output/{name}.ipynb", "x": f"output/{name}.json"},
                "upstream": upstream,
            }
        )
    head = json.dumps({"extract_upstream": False})
    lines = ",\n".join(json.dumps(task) for task in tasks)
    (root / "pipeline.yaml").write_text(f'{{"meta": {head},\n"tasks": [\n{lines}\n]}}\n')
