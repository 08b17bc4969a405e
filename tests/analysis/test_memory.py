"""What shares memory in pandas: the table of what was measured against the pandas that is here, and the analysis
against the table.

`memory.yaml` holds, for every version, what one object shows of a change of another (see observing.memory).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from observing.memory import is_of_column
from oracle.small import notebook_of

from soorgeon_clone.analysis.analyse import analyse
from soorgeon_clone.analysis.knowledge import effects
from soorgeon_clone.analysis.knowledge.effects import FOLDER, Knowledge
from soorgeon_clone.analysis.objects import hints
from soorgeon_clone.notebook.sections import split

HERE = Path(__file__).parent
TABLE: dict[str, dict[str, dict[str, list[str]]]] = yaml.load((HERE / "memory.yaml").read_bytes(), yaml.CSafeLoader)

SETUP = """import numpy as np, pandas as pd
df = pd.DataFrame({"a": [3.0, 1.0], "b": [1.5, 2.5], "k": [1, 2], "t": ["w", "x"]})
"""
# what was seen -> a change in which the analysis must say the same, and the variable that shows it
CHANGES = {
    "cells": ("df.iloc[0, 0] = 9", "x"),
    "upward": ("s.replace(1.0, 2.0, inplace=True)", "x"),
    "own": ("x.replace(1.0, 2.0, inplace=True)", "df"),
    "name": ("x.name = 'n'", "df"),
    "index": ("df.index.name = 'n'", "x"),
    "columns": ("df.columns.name = 'n'", "x"),
}
# in pandas 2.2 alone, with numpy 2, numpy.array does not copy a frame
NOT_KNOWN = {"np.array(df): cells"}


@pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.long), 4])
def test_the_table_says_what_the_installed_pandas_does(every: int, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "observing.memory", "--every", str(every)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(FOLDER.parents[2]), str(HERE)))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("major", [2, 3])
def test_what_is_shared_is_known(major: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(major, monkeypatch)
    missed = {
        f"{code}: {word}"
        for code, said in TABLE["made"].items()
        for word in sorted(_seen(said, major))
        for sections in _sections(code, word)
        if not _says_changed(sections)
    }
    assert missed - NOT_KNOWN == set()


@pytest.mark.parametrize("major", [2, 3])
def test_what_is_not_shared_stays_apart(major: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(major, monkeypatch)
    needless = [
        code
        for code, said in TABLE["made"].items()
        if said and not {"cells", "same"} & _seen(said, major)
        for sections in _sections(code, "cells")
        if _says_changed(sections)
    ]
    assert len(needless) <= 20, needless


def _pretend(major: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the effect tables and the kinds of objects take another pandas for the installed one."""
    monkeypatch.setattr(effects, "installed_major", lambda library: major)
    monkeypatch.setattr(hints, "installed_major", lambda library: major)
    effects.table_of.cache_clear()
    effects.knowledge.__globals__["_plain"].cache_clear()


@pytest.fixture(autouse=True)
def _fresh_tables() -> Iterator[None]:
    yield
    effects.table_of.cache_clear()
    effects.knowledge.__globals__["_plain"].cache_clear()


def _seen(said: dict[str, list[str]], major: int) -> set[str]:
    """Return what any version of ``major`` shows, without copy-on-write where that is a choice."""
    versions = [v for v in said or {} if v.startswith(f"{major}.") and "copy" not in v]
    return {word for v in versions for word in said[v]}


def _sections(code: str, word: str) -> Iterator[tuple[str, str]]:
    """Yield pairs of sections: the second changes one of ``x`` and ``df``, the other one is to be seen as changed."""
    made = f"{SETUP}s = df['a']\nx = {code}\n"
    if word == "arrays":
        yield f"{SETUP}s = df['a']\nother = ({code}).to_numpy()\n", "df.iloc[0, 0] = 9"
    elif word in CHANGES:
        change, shown = CHANGES["own" if word == "upward" and not is_of_column(code) else word]
        yield f"{made}other = {shown}\n", change


def _says_changed(sections: tuple[str, str]) -> bool:
    """Whether the analysis says that the second section may change ``other``."""
    facts = analyse(split(notebook_of(sections)), tables=Knowledge())
    value = facts.sections[0].after["other"].value
    changes: Any = facts.sections[1].changes
    return not changes.isdisjoint(facts.heap.reach(value))
