"""The corpus folder -> the Python notebooks worth a run: each content once, with the modules that it imports."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One notebook of the corpus: ``path`` is relative to the corpus folder, ``h2`` counts its H2 headings."""

    path: str
    h2: int
    modules: frozenset[str]
    valid: bool

    @property
    def slug(self) -> str:
        digest = hashlib.sha256(self.path.encode()).hexdigest()[:6]
        return f"{Path(self.path).stem.replace(' ', '_')[:60]}-{digest}"

    @property
    def project(self) -> str:
        return self.path.split("/")[0]


def python_notebooks(corpus: Path) -> list[Entry]:
    """Return every Python notebook of index.json, each content once."""
    entries, seen = [], set()
    for row in json.loads((corpus / "index.json").read_text(encoding="utf-8")):
        if row.get("language") != "python" or not row.get("code_cells"):
            continue
        notebook = json.loads((corpus / row["path"]).read_text(encoding="utf-8"))
        cells = _code(notebook)
        main = notebook["metadata"].get("jupytext", {}).get("main_language", "python")
        if main != "python" or not any(cell.strip() for cell in cells):
            continue
        digest = hashlib.sha256("\n".join(cells).encode("utf-8", "replace")).hexdigest()
        if digest in seen:
            continue
        seen.add(digest)
        modules, valid = _modules(cells)
        entries.append(Entry(row["path"], row["h2"], modules, valid))
    return entries


def missing_modules(entry: Entry) -> list[str]:
    """Return the imported top-level modules that this interpreter does not find."""
    return sorted(m for m in entry.modules if importlib.util.find_spec(m) is None)


def _code(notebook: dict[str, Any]) -> list[str]:
    cells = notebook["cells"] if "cells" in notebook else [c for w in notebook["worksheets"] for c in w["cells"]]
    return ["".join(c.get("source", c.get("input", ""))) for c in cells if c["cell_type"] == "code"]


def _modules(cells: list[str]) -> tuple[frozenset[str], bool]:
    from IPython.core.inputtransformer2 import TransformerManager

    names: set[str] = set()
    for cell in cells:
        try:
            tree = ast.parse(TransformerManager().transform_cell(cell))
        except (SyntaxError, ValueError):
            return frozenset(), False
        for node in tree.body:
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return frozenset(names), True
