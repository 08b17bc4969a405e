"""Import statements of a notebook, found quickly and a little too generously."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.pipeline.execution.imported_modules import imported_modules, seeds_python

from .notebooks import notebook


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a", "a"),
        ("import a.b as c, d", "a.b d"),
        ("x = 1; y\nif x:\n    import a  # why\n", "a"),
        ("from a.b import c", "a.b a.b.c"),
        ("import a; import b\nif x: from c import d", "a b c c.d"),
        ("from a import (b as x,\n  c)", "a a.b a.c"),
        ("from a import *", "a"),
        ("from . import b\nfrom .c import d", ""),
        ("important = 1\nfromage = 2", ""),
        ("import local", "local deep deep.down"),
    ],
)
def test_modules_that_are_named(tmp_path: Path, source: str, expected: str) -> None:
    (tmp_path / "local.py").write_text("import local\nfrom deep import down")
    assert set(imported_modules(notebook("1", source), tmp_path)) == set(expected.split())


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import random\nrandom.seed(1)", True),
        ("from random import seed", True),
        ("np.random.seed(1)", False),
        ("random_state=1", False),
        ("import random as _random\n_random.setstate(state)", True),
        ("import os, random as rd\nrd.seed(1)", True),
        ("rd.seed(1)", False),
        ("import seeding\nseeding.all_of_them()", True),
    ],
)
def test_who_seeds_the_generator_of_python(tmp_path: Path, source: str, expected: bool) -> None:
    (tmp_path / "seeding.py").write_text("import random\ndef all_of_them():\n    random.seed(1)")
    assert seeds_python(notebook("1", source), tmp_path) is expected
