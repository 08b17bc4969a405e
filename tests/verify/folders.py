"""A text with sections -> a folder with a notebook, for tests that run things."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from soorgeon_clone.notebook.model import Notebook
from soorgeon_clone.notebook.read import read

# what a notebook's own module does, against what pyproject.toml says of it
LIES = """
[tool.soorgeon-clone.effects]
"helpers.grow(xs)" = { returns = "none" }
"helpers.settle()" = { returns = "none" }
"helpers.write()" = { returns = "none" }
"helpers.read()" = { returns = "str" }
"helpers.Lossy()" = { returns = "fresh" }
"helpers.Locked()" = { returns = "fresh" }
"""
HELPERS = """
import random, threading
state = 0
def grow(xs): xs.append(1)
def settle():
    global state
    state += 1
def write(): open("secret.txt", "w").write("x")
def read(): return open("secret" + ".txt").read()
class Lossy:
    def __init__(self): self.n = 5
    def __getstate__(self): return {"n": 0}
class Locked:
    def __init__(self): self.lock = threading.Lock()
"""
LYING = {"pyproject.toml": LIES, "helpers.py": HELPERS}


def notebook(folder: Path, text: str, files: Mapping[str, str] | None = None) -> Notebook:
    """Write ``nb.ipynb`` with a section for each part between lines of three dashes, and other files; read it."""
    folder.mkdir(parents=True, exist_ok=True)
    cells = []
    for number, source in enumerate(text.strip("\n").split("\n---\n"), start=1):
        cells.append({"cell_type": "markdown", "metadata": {}, "source": f"## s{number}"})
        for cell in source.strip("\n").split("\n# %%\n"):
            code = {"cell_type": "code", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
            cells.append(code)
    data = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    (folder / "nb.ipynb").write_text(json.dumps(data), encoding="utf-8")
    for name, content in (files or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return read(folder / "nb.ipynb")


def fingerprint(folder: Path) -> dict[str, str]:
    """Return what tells whether anything in a folder has changed."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in sorted(folder.rglob("*"))
    }
