"""Our reading of the notebook format agrees with nbformat's."""

from __future__ import annotations

import copy
import json
import random
import warnings
from pathlib import Path
from typing import Any

import nbformat
import pytest

from soorgeon_clone.lint.schema import problems

FIXTURES = Path(__file__).parents[2] / "fixtures"
NOTEBOOKS = sorted(FIXTURES.rglob("*.ipynb"))


def is_valid(data: dict[str, Any]) -> bool:
    with warnings.catch_warnings(record=True) as repaired:  # missing and repeated ids are repaired with a warning
        warnings.simplefilter("always")
        try:
            nbformat.validate(copy.deepcopy(data))
        except Exception:
            return False
    return not repaired


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_fixtures(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    assert (not list(problems(data))) == is_valid(data)


VALUES: list[Any] = [None, 1, -1, 1.5, True, "text", [], ["a\n", "b"], [1], {}, {"a": 1}, [{}]]


def paths_in(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here] if here else []
    if isinstance(value, dict):
        found += [path for key, inner in value.items() for path in paths_in(inner, (*here, key))]
    elif isinstance(value, list):
        found += [path for index, inner in enumerate(value) for path in paths_in(inner, (*here, index))]
    return found


@pytest.mark.parametrize("seed", range(500))
def test_damaged(seed: int) -> None:
    rng = random.Random(seed)
    path = rng.choice([one for one in NOTEBOOKS if "lint" in one.parts])
    data = json.loads(path.read_text(encoding="utf-8"))
    data["nbformat_minor"] = rng.choice([4, 5])
    target = rng.choice(
        [p for p in paths_in(data) if p[0] in ("cells", "metadata") and "data" not in p and p != ("cells",)]
    )
    if len(target) == 2 and target[0] == "cells":  # what is no cell at all is not read
        return
    *parents, key = target
    inner = data
    for parent in parents:
        inner = inner[parent]
    if isinstance(key, str) and rng.random() < 0.4:
        del inner[key]
    elif rng.random() < 0.2 and isinstance(inner, dict):
        inner["surplus"] = 1
    else:
        inner[key] = rng.choice(VALUES)
    if any(cell.get("cell_type") not in ("code", "markdown", "raw") for cell in data["cells"]):
        return
    assert (not list(problems(data))) == is_valid(data), (target, path.name)
