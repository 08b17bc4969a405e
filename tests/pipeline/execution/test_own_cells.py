"""A value that cannot be saved or loaded: the error names variable, type, reason and remedy, and no line of pickle."""

from __future__ import annotations

from pathlib import Path

import pytest

from soorgeon_clone.pipeline.run import build
from soorgeon_clone.pipeline.status.project import Project

SPEC = """\
tasks:
  - source: make.py
    product: {nb: output/make.ipynb, model: output/model.pkl}
  - source: use.py
    product: output/use.ipynb
"""
MAKE = """\
# %% tags=["parameters"]
upstream = None
product = None
# %%
import pickle
MADE
# %% tags=["soorgeon-save"]
with open(product["model"], "wb") as file:
    pickle.dump(model, file, protocol=5)
"""
USE = """\
# %% tags=["parameters"]
upstream = ["make"]
product = None
# %% tags=["soorgeon-load"]
import pickle
with open(upstream["make"]["model"], "rb") as file:
    model = pickle.load(file)
"""
LIBRARY = """
import os, threading

class Model:
    def __init__(self):
        self.parts = [1, {"lock": threading.Lock()}]

class Far:
    def __setstate__(self, state):
        raise ValueError("not here,\\n sorry")
    def __getstate__(self):
        return {"a": 1}
"""


def failure(root: Path, made: str) -> tuple[str, str]:
    """Build with a section that does this; return the error's text and its details."""
    for name, text in {"pipeline.yaml": SPEC, "make.py": MAKE.replace("MADE", made), "use.py": USE}.items():
        (root / name).write_text(text)
    (root / "mylib.py").write_text(LIBRARY)
    with Project(root / "pipeline.yaml", use_cache=False) as project:
        report = build(project)
    (run,) = report.failed
    return run.error or "", run.details


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            "import mylib\nmodel = mylib.Model()",
            [
                "`model`, an object of type mylib.Model, cannot be saved: TypeError: cannot pickle '_thread.lock'",
                'it holds an object of type _thread.lock: model.parts[1]["lock"]',
                'dropping model.parts[1]["lock"] at the end of this one; else make it where it is used.',
            ],
        ),
        (
            "model = {'f': lambda x: x}",
            ["`model`, a dict of 1, cannot be saved", 'model["f"]', "Give the function a name"],
        ),
        ("model = (n for n in 'ab')", ["`model`, a generator, cannot be saved", "`list(model)`"]),
        ("import socket\nmodel = socket.socket()", ["`model`, an object of type socket.socket", "`del model`"]),
    ],
    ids=["lock", "lambda", "generator", "socket"],
)
def test_what_cannot_be_saved(tmp_path: Path, made: str, said: list[str]) -> None:
    text, details = failure(tmp_path, made)
    assert text.startswith("make.py, cell 3, line 2: task 'make' failed\n")
    for part in said:
        assert part in text
    assert "Traceback" not in text
    assert "pickle.dump" in details


def test_what_cannot_be_loaded(tmp_path: Path) -> None:
    text, details = failure(tmp_path, "import mylib\nmodel = mylib.Far()")
    assert text.startswith("use.py, cell 2, line 3: task 'use' failed\n")
    assert "`model` cannot be loaded from upstream['make']['model']: ValueError: not here, sorry\n" in text
    assert "Make `model` where it is used" in text
    assert "__setstate__" in details


def test_errors_of_the_notebooks_own_cells_are_told_as_they_are(tmp_path: Path) -> None:
    text, details = failure(tmp_path, "model = 1 / 0")
    assert "ZeroDivisionError" in text
    assert details == ""
